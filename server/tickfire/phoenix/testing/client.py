"""Clients of the test kit, and their channels."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from tickfire.phoenix.core.connection import DEFAULT_MAX_CHANNELS
from tickfire.phoenix.core.hub import Hub
from tickfire.phoenix.core.routes import Routes, merge_channels
from tickfire.phoenix.core.session import Session, SessionConfig
from tickfire.phoenix.errors import PhoenixError
from tickfire.phoenix.socket import Socket
from tickfire.phoenix.testing.inbox import PATIENCE_S, REFUTE_S, Inbox
from tickfire.phoenix.testing.received import Received, decode
from tickfire.phoenix.user_socket import ChannelFactory, UserSocket
from tickfire.phoenix.wire.close_codes import CloseCode
from tickfire.phoenix.wire.frames import split_frames
from tickfire.phoenix.wire.serializers import V2Serializer
from tickfire.phoenix.wire.serializers.binary import PUSH

TRANSPORT = "channel_test"
"""Name of the kit's transport, as in Phoenix."""

type Expected = Any | Callable[[Any], bool]
"""A payload, or a predicate of payloads; `ANY` accepts any."""

ANY: Any = object()


class JoinRefused(PhoenixError):
    """A join was refused; `response` is the payload of its error reply."""

    def __init__(self, response: Any) -> None:
        super().__init__(response)
        self.response = response


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
        self._inbox: Inbox[Received] = Inbox("message")
        self.received = self._inbox.items
        self.closed_with: int | None = None
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
        reply = await self.take(_reply_to(ref))
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
    async def take(
        self, wanted: Callable[[Received], bool], *, within_s: float = PATIENCE_S
    ) -> Received:
        """Wait for the first message that a predicate accepts, and remove it from `received`.

        Raises
        ------
        AssertionError
            If it does not arrive in time; the text lists the messages that did.
        """
        return await self._inbox.take(wanted, within_s)

    def refute(
        self, unwanted: Callable[[Received], bool], *, within_s: float = REFUTE_S
    ) -> Coroutine[Any, Any, None]:
        """Wait, and fail if a message arrives, or has arrived, that a predicate accepts."""
        return self._inbox.refute(unwanted, within_s)

    # --- the session's transport
    def _write(self, frames: bytes) -> None:
        for opcode, payload in split_frames(frames):
            self._inbox.add(decode(opcode, payload))

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
        self._inbox: Inbox[tuple[str, Any]] = Inbox("broadcast")
        self.broadcasts = self._inbox.items
        """Event and payload of the broadcasts on the topic that no assertion has taken."""
        client.hub.listen(topic, self._on_broadcast)

    def push(self, event: str, payload: Any = None) -> str:
        """Push an event and return its ref."""
        given = {} if payload is None else payload
        return self.client.send(self.topic, event, given, self.join_ref)

    def leave(self) -> str:
        """Leave the topic and return the ref of the leave."""
        return self.push("phx_leave")

    # --- assertions
    async def assert_reply(
        self,
        ref: str,
        status: str = "ok",
        response: Expected = ANY,
        *,
        within_s: float = PATIENCE_S,
    ) -> Any:
        """Wait for the reply to a push and return its response."""
        reply = await self.client.take(_reply_to(ref), within_s=within_s)
        got = reply.payload
        assert got["status"] == status, f"the status of the reply is {got['status']!r}"
        assert _is_expected(response, got["response"]), f"the response is {got['response']!r}"
        return got["response"]

    def refute_reply(
        self,
        ref: str,
        status: str | None = None,
        response: Expected = ANY,
        *,
        within_s: float = REFUTE_S,
    ) -> Coroutine[Any, Any, None]:
        """Wait, and fail if a push is answered; with this status and response, if given."""
        is_reply = _reply_to(ref)

        def unwanted(got: Received) -> bool:
            return (
                is_reply(got)
                and status in (None, got.payload["status"])
                and _is_expected(response, got.payload["response"])
            )

        return self.client.refute(unwanted, within_s=within_s)

    async def assert_push(
        self, event: str, payload: Expected = ANY, *, within_s: float = PATIENCE_S
    ) -> Any:
        """Wait for a push or broadcast to the client and return its payload."""
        got = await self.client.take(self._push(event, payload), within_s=within_s)
        return got.payload

    def refute_push(
        self, event: str, payload: Expected = ANY, *, within_s: float = REFUTE_S
    ) -> Coroutine[Any, Any, None]:
        """Wait, and fail if the client gets such a push or broadcast, or has got one."""
        return self.client.refute(self._push(event, payload), within_s=within_s)

    async def assert_broadcast(
        self, event: str, payload: Expected = ANY, *, within_s: float = PATIENCE_S
    ) -> Any:
        """Wait for a broadcast on the topic, to any subscriber, and return its payload."""
        return (await self._inbox.take(_broadcast(event, payload), within_s))[1]

    def refute_broadcast(
        self, event: str, payload: Expected = ANY, *, within_s: float = REFUTE_S
    ) -> Coroutine[Any, Any, None]:
        """Wait, and fail if there is such a broadcast on the topic, or has been one."""
        return self._inbox.refute(_broadcast(event, payload), within_s)

    def _push(self, event: str, payload: Expected) -> Callable[[Received], bool]:
        return lambda got: (
            got.topic == self.topic and got.event == event and _is_expected(payload, got.payload)
        )

    def _on_broadcast(self, topic: str, event: str, payload: Any) -> None:
        self._inbox.add((event, payload))


def _reply_to(ref: str) -> Callable[[Received], bool]:
    return lambda got: got.event == "phx_reply" and got.ref == ref


def _broadcast(event: str, payload: Expected) -> Callable[[tuple[str, Any]], bool]:
    return lambda got: got[0] == event and _is_expected(payload, got[1])


def _is_expected(expected: Expected, got: Any) -> bool:
    if expected is ANY:
        return True
    return bool(expected(got)) if callable(expected) else bool(expected == got)
