"""Interfaces between a session and its surroundings: the transport below, the application above.

`Channel` and `UserSocket`, which applications subclass, implement `ChannelLike` and
`UserSocketLike`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, Protocol

from tickfire.phoenix.core.connect_info import ConnectInfo


class Transport(Protocol):
    """The connection under a session, which the session writes to."""

    write: Callable[[bytes], None]
    """Sends finished frames."""

    def buffered(self) -> int:
        """Return the number of bytes that wait to be sent."""

    def close(self, code: int) -> None:
        """Close in order, with this code; nothing may be written afterwards."""

    def abort(self) -> None:
        """Cut the connection."""

    def pause_reading(self) -> None:
        """Stop reading from the client."""

    def resume_reading(self) -> None:
        """Read from the client again."""


class ChannelLike(Protocol):
    """Callbacks of one topic joined by one client; see `tickfire.phoenix.Channel`."""

    topic_params: Mapping[str, str]
    """Values of the parameters in the topic pattern."""

    @property
    def intercept(self) -> Collection[str]:
        """Broadcast events that go through `handle_out`."""

    async def join(self, topic: str, payload: Any, socket: Any, *args: Any, **params: Any) -> Any:
        """Decide on a join and return its response."""

    async def handle_in(self, event: str, payload: Any, socket: Any) -> Any:
        """Handle a push of the client."""

    async def handle_info(self, message: Any, socket: Any) -> Any:
        """Handle a message of the server's own code."""

    async def handle_out(self, event: str, payload: Any, socket: Any) -> Any:
        """Handle an intercepted broadcast."""

    async def terminate(self, reason: Any, socket: Any) -> None:
        """Clean up."""


class UserSocketLike(Protocol):
    """The user of one connection; see `tickfire.phoenix.UserSocket`."""

    assigns: dict[str, Any]

    @property
    def channels(self) -> Mapping[str, Callable[[], ChannelLike]]:
        """Topic patterns and the factories of their channels."""

    async def connect(self, params: dict[str, Any], info: ConnectInfo) -> bool | None:
        """Accept or refuse the connection."""

    def id(self) -> str | None:
        """Return the name under which the connection can be closed."""


def does_nothing[F: Callable[..., Any]](callback: F) -> F:
    """Mark a callback that need not be called unless it is overridden."""
    callback.does_nothing = True  # type: ignore[attr-defined]
    return callback


def is_overridden(callback: Callable[..., Any]) -> bool:
    """Return whether a callback of a class is another than the default marked by `does_nothing`."""
    return not getattr(callback, "does_nothing", False)
