"""Test kit for channels: connect, join and push without a server, and assert what follows.

::

    async def test_echo():
        client = await connect(socket, {"token": "t"})
        room, response = await client.join("room:1")
        ref = room.push("echo", {"n": 1})
        assert await room.assert_reply(ref, "ok") == {"n": 1}
        await room.assert_push("welcome", {"n": 1})
        await room.assert_broadcast("shout", lambda payload: payload["n"] > 0)
        room.refute_push("goodbye")

Everything but the connection is real. Payloads are compared as the client gets them, after a round
trip through JSON: tuples arrive as lists.
"""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from tickfire.phoenix.core.connection import DEFAULT_MAX_CHANNELS
from tickfire.phoenix.core.hub import Hub
from tickfire.phoenix.core.routes import Routes, merge_channels
from tickfire.phoenix.core.session import Session, SessionConfig
from tickfire.phoenix.endpoint import PhoenixSocket
from tickfire.phoenix.errors import PhoenixError
from tickfire.phoenix.socket import Socket
from tickfire.phoenix.user_socket import URI, ChannelFactory, ConnectInfo, UserSocket
from tickfire.phoenix.wire.close_codes import CloseCode
from tickfire.phoenix.wire.frames import Opcode, split_frames
from tickfire.phoenix.wire.serializers import V2Serializer
from tickfire.phoenix.wire.serializers.binary import BROADCAST, PUSH, REPLY

__all__ = ["ChannelClient", "Client", "ConnectionRefused", "JoinRefused", "Received", "connect"]

PATIENCE_S = 1.0

TRANSPORT = "channel_test"
"""Name of the kit's transport, as in Phoenix."""
_URI = URI("http", "localhost", 80, "/")

type Expected = Any | Callable[[Any], bool]
"""A payload, or a predicate of payloads; `ANY` accepts any."""

ANY: Any = object()


class ConnectionRefused(PhoenixError):
    """The user socket refused the connection by returning False."""


class JoinRefused(PhoenixError):
    """A join was refused; `response` is the payload of its error reply."""

    def __init__(self, response: Any) -> None:
        super().__init__(response)
        self.response = response


class Received(msgspec.Struct, frozen=True):
    """One message that a client got."""

    join_ref: Any
    ref: Any
    topic: str
    event: str
    payload: Any


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
        user = socket.user_socket()
        hub = socket.hub if hub is None else hub
        channels = socket.channels if channels is None else channels
    else:
        user = socket()
    given = dict(params or {})
    info = ConnectInfo(TRANSPORT, _URI, dict(headers or {}), None, auth_token, session)
    if await user.connect(given, info) is False:
        raise ConnectionRefused
    return Client(user, given, Hub() if hub is None else hub, channels or {})


class Client:
    """A connected client, as `connect` returns it.

    Attributes
    ----------
    hub : Hub
    received : list of Received
        Messages that the client got and that no assertion has taken.
    closed_with : int or None
        Close code of the connection, if the server has closed it.
    """

    kind = TRANSPORT

    def __init__(
        self,
        user: UserSocket,
        params: dict[str, Any],
        hub: Hub,
        channels: Mapping[str, ChannelFactory],
    ) -> None:
        self.hub = hub
        self.received: list[Received] = []
        self.closed_with: int | None = None
        self._news = asyncio.Event()
        self._refs = (str(number) for number in itertools.count(1))
        self.write: Callable[[bytes], None] = self._write
        routes = Routes(merge_channels(channels, user.channels))
        config = SessionConfig(hub, routes, Socket, DEFAULT_MAX_CHANNELS)
        self._session = Session(config, V2Serializer(), user, params, self)

    # --- actions
    async def join(self, topic: str, payload: Any = None) -> tuple[ChannelClient, Any]:
        """Join a topic; return the channel and the response.

        Raises
        ------
        JoinRefused
            If the reply is an error.
        """
        ref = self.send(topic, "phx_join", {} if payload is None else payload)
        reply = await self.take(lambda got: got.event == "phx_reply" and got.ref == ref)
        if reply.payload["status"] != "ok":
            raise JoinRefused(reply.payload["response"])
        return ChannelClient(self, topic, ref), reply.payload["response"]

    def send(self, topic: str, event: str, payload: Any, join_ref: str | None = None) -> str:
        """Send a message and return its ref; bytes are sent as a binary push."""
        ref = next(self._refs)
        join_ref = ref if join_ref is None else join_ref
        if isinstance(payload, bytes):
            parts = [part.encode() for part in (join_ref, ref, topic, event)]
            sizes = bytes((PUSH, *map(len, parts)))
            self._session.receive(sizes + b"".join(parts) + payload, True)
        else:
            text = json.dumps([join_ref, ref, topic, event, payload])
            self._session.receive(text.encode(), False)
        return ref

    def disconnect(self) -> None:
        """Drop the connection without closing or leaving anything."""
        self._session.lost()

    # --- waiting
    async def take(self, wanted: Callable[[Received], bool]) -> Received:
        """Wait for the first message that a predicate accepts, and remove it from `received`.

        Raises
        ------
        AssertionError
            If it does not arrive in time; the text lists the messages that did.
        """
        try:
            async with asyncio.timeout(PATIENCE_S):
                while True:
                    for index, got in enumerate(self.received):
                        if wanted(got):
                            return self.received.pop(index)
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(
                f"the message did not arrive; those that did are {self.received}"
            ) from None

    # --- the session's transport
    def _write(self, frames: bytes) -> None:
        self.received += [_decode(opcode, payload) for opcode, payload in split_frames(frames)]
        self._news.set()

    def buffered(self) -> int:
        """Return 0: frames are never buffered."""
        return 0

    def close(self, code: int, reason: str = "") -> None:
        """Record the close code."""
        self.closed_with = code

    def abort(self) -> None:
        """Record that the connection was cut."""
        self.closed_with = CloseCode.ABNORMAL
        self._session.lost()

    def pause_reading(self) -> None:
        """Do nothing: a test client is read whatever it sends."""

    def resume_reading(self) -> None:
        """Do nothing: a test client is read whatever it sends."""


class ChannelClient:
    """One joined topic of a client, as `Client.join` returns it."""

    def __init__(self, client: Client, topic: str, join_ref: str) -> None:
        self.client = client
        self.topic = topic
        self.join_ref = join_ref
        self.broadcasts: list[tuple[str, Any]] = []
        """Event and payload of the broadcasts on the topic that no assertion has taken."""
        self._news = asyncio.Event()
        client.hub.listen(topic, self._on_broadcast)

    def push(self, event: str, payload: Any = None) -> str:
        """Push an event and return its ref."""
        given = {} if payload is None else payload
        return self.client.send(self.topic, event, given, self.join_ref)

    def leave(self) -> str:
        """Leave the topic and return the ref of the leave."""
        return self.push("phx_leave")

    async def assert_reply(self, ref: str, status: str = "ok", response: Expected = ANY) -> Any:
        """Wait for the reply to a push and return its response."""
        reply = await self.client.take(lambda got: got.event == "phx_reply" and got.ref == ref)
        got = reply.payload
        assert got["status"] == status, f"the status of the reply is {got['status']!r}"
        assert _is_expected(response, got["response"]), f"the response is {got['response']!r}"
        return got["response"]

    async def assert_push(self, event: str, payload: Expected = ANY) -> Any:
        """Wait for a push or broadcast to the client and return its payload."""
        got = await self.client.take(
            lambda got: (
                got.topic == self.topic
                and got.event == event
                and _is_expected(payload, got.payload)
            )
        )
        return got.payload

    def refute_push(self, event: str, payload: Expected = ANY) -> None:
        """Fail if the client has got such a push or broadcast by now."""
        for got in self.client.received:
            if got.topic == self.topic and got.event == event:
                assert not _is_expected(payload, got.payload), f"received {got}"

    async def assert_broadcast(self, event: str, payload: Expected = ANY) -> Any:
        """Wait for a broadcast on the topic, to any subscriber, and return its payload."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while True:
                    for index, (name, got) in enumerate(self.broadcasts):
                        if name == event and _is_expected(payload, got):
                            return self.broadcasts.pop(index)[1]
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(
                f"there was no such broadcast; those that were are {self.broadcasts}"
            ) from None

    def refute_broadcast(self, event: str, payload: Expected = ANY) -> None:
        """Fail if there has been such a broadcast on the topic by now."""
        for name, got in self.broadcasts:
            assert name != event or not _is_expected(payload, got), f"broadcast {name} {got}"

    def _on_broadcast(self, topic: str, event: str, payload: Any) -> None:
        self.broadcasts.append((event, payload))
        self._news.set()


def _is_expected(expected: Expected, got: Any) -> bool:
    if expected is ANY:
        return True
    return bool(expected(got)) if callable(expected) else bool(expected == got)


def _decode(opcode: int, data: bytes) -> Received:
    if opcode == Opcode.TEXT:
        return Received(*json.loads(data))
    kind = data[0]
    count = {PUSH: 3, REPLY: 4, BROADCAST: 2}[kind]
    parts, at = [], 1 + count
    for size in data[1 : 1 + count]:
        parts.append(data[at : at + size].decode())
        at += size
    payload = data[at:]
    if kind == PUSH:
        join_ref, topic, event = parts
        return Received(join_ref, None, topic, event, payload)
    if kind == BROADCAST:
        topic, event = parts
        return Received(None, None, topic, event, payload)
    join_ref, ref, topic, status = parts
    return Received(join_ref, ref, topic, "phx_reply", {"status": status, "response": payload})
