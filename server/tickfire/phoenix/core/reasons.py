"""Reasons for the end of a channel, named as in Phoenix: ``("shutdown", "left")`` and so on."""

from __future__ import annotations

from typing import Any, Final

type Shutdown = tuple[str, str]

LEFT: Final[Shutdown] = ("shutdown", "left")
"""The client left the topic."""
DUPLICATE_JOIN: Final[Shutdown] = ("shutdown", "duplicate_join")
"""The client joined the topic again."""
CLOSED: Final[Shutdown] = ("shutdown", "closed")
"""The connection ended."""
DISCONNECTED: Final[Shutdown] = ("shutdown", "disconnected")
"""`Hub.disconnect` closed the connection."""
RESTART: Final[Shutdown] = ("shutdown", "restart")
"""The server shuts down."""


def is_orderly(reason: Any) -> bool:
    """Return whether the reason for the end of a channel means a close and not a crash."""
    if isinstance(reason, tuple):
        return bool(reason) and reason[0] == "shutdown"
    return reason in ("normal", "shutdown")
