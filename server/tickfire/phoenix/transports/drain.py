"""Staggered closing of many connections, so that their clients do not all reconnect at once.

Like Phoenix, close 10,000 connections at a time, two seconds apart. Clients also reconnect after
random delays.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import batched
from typing import Any, Literal

from tickfire.phoenix.core.telemetry import SOCKET_DRAIN, Telemetry

DEFAULT_BATCH_SIZE = 10_000
DEFAULT_INTERVAL_S = 2.0


@dataclass(frozen=True, slots=True)
class DrainerOptions:
    """Options of the closing of a socket's connections when the server shuts down.

    Attributes
    ----------
    batch_size : int
        Number of connections that are closed at a time.
    interval_s : float
        Time between batches, in seconds.
    shutdown_s : float
        Time after which all connections that are left are closed at once, in seconds.
    log : int or None
        Level at which an `EventLog` logs each batch; None for not at all.

    Raises
    ------
    ValueError
        If the size is less than 1, or a time is negative.
    """

    batch_size: int = DEFAULT_BATCH_SIZE
    interval_s: float = DEFAULT_INTERVAL_S
    shutdown_s: float = 30.0
    log: int | None = logging.INFO

    def __post_init__(self) -> None:
        if self.batch_size < 1:
            raise ValueError(f"batch_size must be at least 1, got {self.batch_size}")
        if self.interval_s < 0 or self.shutdown_s < 0:
            raise ValueError("interval_s and shutdown_s must not be negative")


type DrainerOption = DrainerOptions | Literal[False] | Callable[[], DrainerOptions | Literal[False]]
"""Options, False for no draining, or a function that returns either when the server shuts down."""


class Drainer:
    """Scheduler that closes connections in batches.

    Parameters
    ----------
    options
        Options of the batches.
    telemetry
        The telemetry that each batch is reported to.
    metadata
        Metadata of those reports.
    always
        True if the connections are closed, all at once, even if there is to be no draining.
    """

    def __init__(
        self,
        options: DrainerOption = DrainerOptions(),
        telemetry: Telemetry | None = None,
        metadata: Mapping[str, Any] | None = None,
        *,
        always: bool = False,
    ) -> None:
        self._always = always
        self._options = options
        self._telemetry = telemetry
        self._metadata = dict(metadata or {})
        self._closings: list[Callable[[], None]] = []

    def drain(self, close: Callable[[], None]) -> None:
        """Call `close` when its batch is due; the batches are formed in the next turn of the loop.

        The server hands over all of its connections in one turn.
        """
        if not self._closings:
            asyncio.get_running_loop().call_soon(self._begin)
        self._closings.append(close)

    def _begin(self) -> None:
        closings, self._closings = self._closings, []
        options = self._options() if callable(self._options) else self._options
        if options is False:
            for close in closings if self._always else ():
                close()
            return
        batches = list(batched(closings, options.batch_size))
        self._metadata |= {"interval_s": options.interval_s, "log": options.log}
        for index, batch in enumerate(batches):
            report: dict[str, float] = {
                "count": len(batch),
                "total": len(closings),
                "index": index + 1,
                "rounds": len(batches),
            }
            delay_s = min(index * options.interval_s, options.shutdown_s)
            asyncio.get_running_loop().call_later(delay_s, self._close, batch, report)

    def _close(self, batch: tuple[Callable[[], None], ...], report: dict[str, float]) -> None:
        if self._telemetry is not None:
            self._telemetry.execute(SOCKET_DRAIN, report, self._metadata)
        for close in batch:
            close()
