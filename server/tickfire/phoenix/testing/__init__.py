"""Test kit for channels: connect, join and push without a server, and assert what follows.

::

    async def test_echo():
        client = await connect(socket, {"token": "t"})
        room, response = await client.join("room:1")
        ref = room.push("echo", {"n": 1})
        assert await room.assert_reply(ref, "ok") == {"n": 1}
        await room.assert_push("welcome", {"n": 1})
        await room.assert_broadcast("shout", lambda payload: payload["n"] > 0)
        await room.refute_push("goodbye")

Everything but the connection is real. Payloads are compared as the client gets them, after a round
trip through JSON: tuples arrive as lists.

Every assertion is awaited, and waits: an `assert` until what it wants arrives, at most
`PATIENCE_S`, a `refute` for `REFUTE_S`, to see that nothing comes. One that is not awaited is a
RuntimeWarning of Python, which pytest reports, and which ``filterwarnings = error`` makes a
failure. A `refute` fails at once, awaited or not, for what has arrived already.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tickfire.phoenix.core.hub import Hub
from tickfire.phoenix.core.raw_socket import PhoenixTransport
from tickfire.phoenix.endpoint import PhoenixSocket
from tickfire.phoenix.errors import PhoenixError
from tickfire.phoenix.testing.client import TRANSPORT, ChannelClient, Client, JoinRefused
from tickfire.phoenix.testing.inbox import PATIENCE_S, REFUTE_S
from tickfire.phoenix.testing.received import Received
from tickfire.phoenix.user_socket import URI, ChannelFactory, ConnectInfo, UserSocket

__all__ = [
    "PATIENCE_S",
    "REFUTE_S",
    "ChannelClient",
    "Client",
    "ConnectionRefused",
    "JoinRefused",
    "Received",
    "connect",
]

_URI = URI("http", "localhost", 80, "/")


class ConnectionRefused(PhoenixError):
    """The user socket refused the connection by returning False."""


async def connect(
    socket: PhoenixSocket | Callable[[], UserSocket],
    params: Mapping[str, Any] | None = None,
    *,
    hub: Hub | None = None,
    channels: Mapping[str, ChannelFactory] | None = None,
    headers: Mapping[str, str] | None = None,
    auth_token: str | None = None,
    session: Mapping[str, Any] | None = None,
) -> Client:
    """Connect a client.

    Parameters
    ----------
    socket
        The application's `PhoenixSocket`; or a UserSocket class, or anything else that returns a
        new UserSocket.
    params
        The connect params.
    hub
        The hub to use; by default the one of `socket`, or a new one for a UserSocket.
    channels
        Topic patterns and the factories of their channels; by default those of `socket`.
    headers, auth_token, session
        The request that `UserSocket.connect` finds in its `ConnectInfo`.

    Raises
    ------
    ConnectionRefused
        If `UserSocket.connect` returns False.
    ConnectError
        If it raises that.
    """
    if isinstance(socket, PhoenixSocket):
        given_user = socket.user_socket()
        if isinstance(given_user, PhoenixTransport):
            raise TypeError("a PhoenixTransport has no channels to test: call its methods")
        user = given_user
        hub = socket.hub if hub is None else hub
        channels = socket.channels if channels is None else channels
    else:
        user = socket()
    given = dict(params or {})
    info = ConnectInfo(TRANSPORT, _URI, dict(headers or {}), None, auth_token, session)
    if await user.connect(given, info) is False:
        raise ConnectionRefused
    return Client(user, given, Hub() if hub is None else hub, channels or {})
