"""Telemetry: events of connections and channels that an application may follow.

======================  =============================================================
event                   metadata
======================  =============================================================
``socket_connected``    transport, params, connect_info, user_socket, vsn, serializer,
                        result
``channel_joined``      socket, channel, params, result
``channel_handled_in``  socket, channel, event, params, ref
``socket_drain``        user_socket (its factory), interval_s, log
======================  =============================================================

The result is "ok" or "error". The measurement of the first three is ``duration_s``, the time that
the application's callback took. Those of ``socket_drain``, a batch of connections about to be
closed, are ``count``, ``total``, ``index`` and ``rounds``: the size of the batch and of all, the
number of the batch, from 1, and of all. Events are named as in Phoenix.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from time import perf_counter
from typing import Any, Final

SOCKET_CONNECTED: Final = "socket_connected"
CHANNEL_JOINED: Final = "channel_joined"
CHANNEL_HANDLED_IN: Final = "channel_handled_in"
SOCKET_DRAIN: Final = "socket_drain"
EVENTS: Final = (SOCKET_CONNECTED, CHANNEL_JOINED, CHANNEL_HANDLED_IN, SOCKET_DRAIN)

type Handler = Callable[[str, Mapping[str, float], Mapping[str, Any]], None]
"""Function that is called with (event, measurements, metadata)."""

logger = logging.getLogger(__name__)


class Telemetry:
    """Events of one hub's sockets and channels, and the handlers attached to them."""

    def __init__(self) -> None:
        self._handlers: dict[str, tuple[Handler, ...]] = {event: () for event in EVENTS}

    def attach(self, event: str, handler: Handler) -> None:
        """Call `handler` for an event, until it is detached or raises an exception.

        Raises
        ------
        ValueError
            If there is no such event.
        """
        if event not in self._handlers:
            raise ValueError(f"there is no event {event!r}, only {', '.join(EVENTS)}")
        self._handlers[event] += (handler,)

    def detach(self, event: str, handler: Handler) -> None:
        """Undo `attach`; nothing happens if the handler is not attached."""
        self._handlers[event] = tuple(
            other for other in self._handlers.get(event, ()) if other != handler
        )

    def start(self, event: str) -> float | None:
        """Return the time at which an event begins, or None if no handler is attached."""
        return perf_counter() if self._handlers[event] else None

    def finish(self, event: str, began_s: float, metadata: Mapping[str, Any]) -> None:
        """Call the handlers of an event that began at a time of `start`."""
        self.execute(event, {"duration_s": perf_counter() - began_s}, metadata)

    def execute(
        self, event: str, measurements: Mapping[str, float], metadata: Mapping[str, Any]
    ) -> None:
        """Call the handlers of an event."""
        for handler in self._handlers[event]:
            try:
                handler(event, measurements, metadata)
            except Exception:
                logger.exception("a handler of %s failed and is detached", event)
                self.detach(event, handler)
