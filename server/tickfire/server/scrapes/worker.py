"""`SharedMetrics`: the metrics of a worker, which a scrape of any worker includes."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import Callable
from typing import Final, Protocol

from tickfire.server.scrapes.snapshot import Family, pack
from tickfire.server.scrapes.totals import Totals, render

ANSWER_S: Final = 5.0
"""Time for the command to answer; a scrape then has this worker's metrics alone, in seconds."""
ALONE: Final = "1"
"""Name of a worker that has no command above it."""


class Snapshots(Protocol):
    """Metrics that can be sent."""

    def snapshot(self) -> list[Family]:
        """Return the metrics of now."""


def render_alone(metrics: Snapshots) -> bytes:
    """Return the metrics of one worker in Prometheus's text format."""
    return render(Totals().metrics([(ALONE, metrics.snapshot())]))


class SharedMetrics:
    """A worker's metrics: sent to the command, which answers with those of all workers.

    Parameters
    ----------
    send : callable
        Sends the command a snapshot.
    ask : callable
        Asks the command for the metrics of all workers, under a number.
    """

    def __init__(self, send: Callable[[str], None], ask: Callable[[int], None]) -> None:
        self._send, self._ask = send, ask
        self._metrics: Snapshots | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._numbers = itertools.count(1)
        self._asked: dict[int, asyncio.Future[bytes]] = {}

    def attach(self, metrics: Snapshots) -> None:
        """Share metrics; called in the event loop that changes them."""
        self._metrics, self._loop = metrics, asyncio.get_running_loop()

    def share(self) -> None:
        """Send the metrics of now."""
        if self._metrics is not None:
            self._send(pack(self._metrics.snapshot()))

    async def text(self) -> bytes:
        """Return the metrics of all workers in Prometheus's text format."""
        number, answer = next(self._numbers), asyncio.get_running_loop().create_future()
        self._asked[number] = answer
        try:
            self._ask(number)
            async with asyncio.timeout(ANSWER_S):
                return bytes(await answer)
        except TimeoutError:
            return b"" if self._metrics is None else render_alone(self._metrics)
        finally:
            del self._asked[number]

    # --- from the thread that hears the command
    def wanted(self) -> None:
        """Take the command's wish for the metrics of now."""
        self._call(self.share)

    def answered(self, number: int, text: bytes) -> None:
        """Take the command's answer to a question."""
        self._call(lambda: self._finish(number, text))

    def _call(self, function: Callable[[], None]) -> None:
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: the worker ends
                self._loop.call_soon_threadsafe(function)

    def _finish(self, number: int, text: bytes) -> None:
        answer = self._asked.get(number)
        if answer is not None and not answer.done():
            answer.set_result(text)
