"""The user socket: who connects, and which channel serves which topic."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from tickfire.phoenix.channel import Channel

__all__ = ["ChannelFactory", "ConnectInfo", "Routes", "UserSocket"]

type ChannelFactory = Callable[[], Channel]


@dataclass(frozen=True, slots=True)
class ConnectInfo:
    """What is known of a connection before it is accepted."""

    transport: str
    """ "websocket" or "longpoll"."""
    uri: str
    """Path and query as they were requested."""
    headers: Mapping[str, str] = field(repr=False)
    """Names in lower case; of a repeated header the values joined by ", "."""
    peer: tuple[str, int] | None = None
    auth_token: str | None = field(default=None, repr=False)
    """The bearer token of the handshake, where the socket takes one."""
    session: Mapping[str, Any] | None = field(default=None, repr=False)
    """What a session middleware, such as Starlette's, has found; None without one."""

    @property
    def host(self) -> str:
        """The Host header, without its port."""
        host = self.headers.get("host", "")
        name, colon, port = host.rpartition(":")
        return name if colon and port.isdigit() else host

    @property
    def user_agent(self) -> str | None:
        """The User-Agent header."""
        return self.headers.get("user-agent")


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


class Routes:
    """Topic patterns in order.

    Raises
    ------
    ValueError
        if a pattern has a `*` anywhere but at its end
    """

    def __init__(self, channels: Mapping[str, ChannelFactory]) -> None:
        self._exact: dict[str, ChannelFactory] = {}
        self._prefixes: list[tuple[str, ChannelFactory]] = []
        for pattern, factory in channels.items():
            if "*" in pattern[:-1]:
                raise ValueError(f"topic pattern {pattern!r}: only the last character may be *")
            if pattern.endswith("*"):
                self._prefixes.append((pattern[:-1], factory))
            elif self.find(pattern) is None:
                self._exact[pattern] = factory

    def find(self, topic: str) -> ChannelFactory | None:
        """Return what makes the channel of a topic, None if no pattern matches."""
        found = self._exact.get(topic)
        if found is not None:
            return found
        for prefix, factory in self._prefixes:
            if topic.startswith(prefix):
                return factory
        return None
