"""The user socket: who connects, and which channel serves which topic."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from tickfire.phoenix.channel import Channel
from tickfire.phoenix.core.connect_info import ConnectInfo

__all__ = ["ChannelFactory", "ConnectInfo", "UserSocket"]

type ChannelFactory = Callable[[], Channel]


class UserSocket:
    """One connection's user; subclass it, one instance is made for each connection.

    Attributes
    ----------
    channels
        Topic patterns and what serves them: a Channel class, or anything that returns a new
        Channel. A pattern is a topic, or the beginning of one followed by `*`. The first that
        matches wins.
    assigns
        State that every channel of the connection starts with.
    """

    channels: ClassVar[Mapping[str, ChannelFactory]] = {}

    def __init__(self) -> None:
        self.assigns: dict[str, Any] = {}

    async def connect(self, params: dict[str, Any], info: ConnectInfo) -> bool | None:
        """Accept a connection; return False to refuse it, or raise ConnectError with a reason."""
        return True

    def id(self) -> str | None:
        """Name the connection, so that a broadcast of "disconnect" on that name closes it."""
        return None
