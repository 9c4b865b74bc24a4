"""Log of connections, joins and pushes: a subscriber of the telemetry."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any, Final

from tickfire.phoenix.core.hub import Hub
from tickfire.phoenix.core.telemetry import (
    CHANNEL_HANDLED_IN,
    CHANNEL_JOINED,
    SOCKET_CONNECTED,
    SOCKET_DRAIN,
)

__all__ = ["DEFAULT_FILTER", "EventLog", "filter_params"]

logger = logging.getLogger(__name__)

DEFAULT_FILTER: Final = ("password", "token", "secret")
FILTERED: Final = "[FILTERED]"

_CALLBACKS: Final = (SOCKET_CONNECTED, CHANNEL_JOINED, CHANNEL_HANDLED_IN)


class EventLog:
    """Log of what clients do, as Phoenix's `Phoenix.Logger` writes it.

    ::

        EventLog().attach(hub)

    A connection is logged at the level `connect`. A join is logged at the level `log_join` of its
    channel's class, a push at `log_handle_in`, a batch of connections that are closed at the `log`
    of the `DrainerOptions`; None switches them off.

    Parameters
    ----------
    discard
        A param whose name contains one of these is logged as ``[FILTERED]``.
    keep
        Names of params that are logged, with all that is in them; every other one is filtered.
        None, the default, lets `discard` decide.
    connect : int or None
        The level of connections.
    """

    def __init__(
        self,
        discard: Sequence[str] = DEFAULT_FILTER,
        keep: Sequence[str] | None = None,
        connect: int | None = logging.INFO,
    ) -> None:
        self._discard = discard
        self._keep = keep
        self._connect = connect

    def attach(self, hub: Hub) -> None:
        """Begin to log the events of a hub."""
        for event in _CALLBACKS:
            hub.telemetry.attach(event, self._log_callback)
        hub.telemetry.attach(SOCKET_DRAIN, _log_drain)

    def detach(self, hub: Hub) -> None:
        """Undo `attach`."""
        for event in _CALLBACKS:
            hub.telemetry.detach(event, self._log_callback)
        hub.telemetry.detach(SOCKET_DRAIN, _log_drain)

    def _log_callback(
        self, event: str, measurements: Mapping[str, float], metadata: Mapping[str, Any]
    ) -> None:
        took_ms = measurements["duration_s"] * 1_000
        level, text = getattr(self, f"_{event}")(metadata)
        if level is not None and logger.isEnabledFor(level):
            params = filter_params(metadata["params"], self._discard, self._keep)
            socket = metadata.get("socket")
            about = None if socket is None else socket.outlet.about
            logger.log(level, "%s in %.3f ms, params: %r", text, took_ms, params, extra=about)

    def _socket_connected(self, metadata: Mapping[str, Any]) -> tuple[int | None, str]:
        outcome = "CONNECTED TO" if metadata["result"] == "ok" else "REFUSED CONNECTION TO"
        name = type(metadata["user_socket"]).__name__
        return self._connect, f"{outcome} {name} over {metadata['transport']}"

    def _channel_joined(self, metadata: Mapping[str, Any]) -> tuple[int | None, str]:
        outcome = "JOINED" if metadata["result"] == "ok" else "REFUSED JOIN"
        channel, topic = metadata["channel"], metadata["socket"].topic
        return channel.log_join, f"{outcome} {topic!r} of {type(channel).__name__}"

    def _channel_handled_in(self, metadata: Mapping[str, Any]) -> tuple[int | None, str]:
        channel, topic = metadata["channel"], metadata["socket"].topic
        name = type(channel).__name__
        return channel.log_handle_in, f"HANDLED {metadata['event']!r} ON {topic!r} by {name}"


def _log_drain(event: str, measurements: Mapping[str, float], metadata: Mapping[str, Any]) -> None:
    if metadata["log"] is not None:
        logger.log(
            metadata["log"],
            "CLOSING %d of %d connections, every %s s: batch %d of %d",
            measurements["count"],
            measurements["total"],
            metadata["interval_s"],
            measurements["index"],
            measurements["rounds"],
        )


def filter_params(
    params: Any, discard: Sequence[str] = DEFAULT_FILTER, keep: Sequence[str] | None = None
) -> Any:
    """Return params without secret values, as `EventLog` describes; bytes as their size."""
    if isinstance(params, bytes):
        return f"{len(params)} bytes"
    if isinstance(params, Mapping):
        return {name: _filtered(name, value, discard, keep) for name, value in params.items()}
    if isinstance(params, list):
        return [filter_params(each, discard, keep) for each in params]
    return params if keep is None else FILTERED


def _filtered(name: str, value: Any, discard: Sequence[str], keep: Sequence[str] | None) -> Any:
    if keep is None:
        return FILTERED if any(d in name for d in discard) else filter_params(value, discard)
    return value if name in keep else filter_params(value, discard, keep)
