"""Bytes of a client, as they come from its socket, in any pieces and broken in any way.

The real protocol class over a transport that keeps what is written. Beside the client that sends
the bytes there is a bystander on the same topic: nothing may reach or disturb it but broadcasts.
"""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest
import uvicorn
from hypothesis import given
from hypothesis import strategies as st

from tests.support.phoenix.fakes import Talk
from tests.support.phoenix.hostile import Change, Room, broken, changes
from tests.support.phoenix.quiet import library_silenced
from tests.support.phoenix.strategies import json_values, mask, names
from tickfire.phoenix import Hub, PhoenixProtocol, Socket, UserSocket
from tickfire.phoenix.core.routes import Routes
from tickfire.phoenix.core.session import Session, SessionConfig
from tickfire.phoenix.core.turns import Turns
from tickfire.phoenix.transports.drain import Drainer
from tickfire.phoenix.transports.idle import IdleWheel
from tickfire.phoenix.transports.options import ConnectionOptions
from tickfire.phoenix.wire.frames import Opcode, split_frames

CLOSE_CODES = {1000, 1002, 1007, 1009, 1011}
LIMIT = 5_000


class Wire(asyncio.Transport):
    """Transport that records all written bytes until its end."""

    def __init__(self) -> None:
        super().__init__()
        self.sent = b""
        self.ended = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        assert not self.ended
        self.sent += bytes(data)

    def write_eof(self) -> None:
        self.ended = True

    def can_write_eof(self) -> bool:
        return True

    def is_closing(self) -> bool:
        return False

    def abort(self) -> None:
        self.ended = True

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass

    def get_write_buffer_size(self) -> int:
        return 0

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        pass


class Connected:
    """A client whose handshake is done."""

    def __init__(self, hub: Hub, vsn: str) -> None:
        serializer = next(each for each in hub.serializers if each.lane == vsn)
        config = SessionConfig(hub, Routes({"room:*": Room}), Socket)
        limits = ConnectionOptions(IdleWheel(None), LIMIT, LIMIT, 1 << 20, 1 << 10, Drainer())
        state = cast(Any, SimpleNamespace(connections=set(), tasks=set()))
        self.wire = Wire()
        self.protocol = PhoenixProtocol(UVICORN, state, {})
        self.protocol.connection_made(self.wire)
        self.session = Session(config, serializer, UserSocket(), {}, self.protocol)
        self.protocol.open(self.session, limits, b"", deflate=False)

    def frames(self) -> list[tuple[int, bytes]]:
        """Return the bytes that the server has sent."""
        return list(split_frames(self.wire.sent))


async def no_app(scope: Any, receive: Any, send: Any) -> None:
    raise AssertionError


UVICORN = uvicorn.Config(no_app, log_config=None)


@pytest.fixture(autouse=True, scope="module")
def quiet() -> Iterator[None]:
    """Silence the log: the crashes here are intended."""
    with library_silenced():
        yield


async def test_a_client_that_has_just_gone_can_still_be_closed() -> None:
    client = Connected(Hub(), "v2")

    def gone() -> None:
        raise OSError(107, "Transport endpoint is not connected")

    client.wire.write_eof = gone  # type: ignore[method-assign]
    client.session.close(1000)
    assert client.wire.ended


# --- what a client says
def written(vsn: str, message: tuple[Any, ...]) -> bytes:
    if vsn == "v2":
        return mask(Opcode.TEXT, json.dumps(message).encode())
    keys = ("join_ref", "ref", "topic", "event", "payload")
    fields = dict(zip(keys, message, strict=True))
    return mask(Opcode.TEXT, json.dumps(fields).encode())


def written_in_binary(message: tuple[str, str, str, str, bytes]) -> bytes:
    *texts, payload = message
    parts = [text.encode() for text in texts]
    return mask(Opcode.BINARY, bytes([0, *map(len, parts)]) + b"".join(parts) + payload)


pushes = st.tuples(st.just("1"), names, st.just("room:1"), st.just("say"), json_values)
binary_pushes = st.tuples(
    st.just("1"), names.map(lambda ref: ref[:60]), st.just("room:1"), st.just("say"), st.binary()
)
events = st.sampled_from(["shout", "phx_join", "phx_leave", "heartbeat"])
others: st.SearchStrategy[tuple[Any, ...]] = st.tuples(
    st.just("1"), names, st.sampled_from(["room:1", "phoenix"]), events, st.just({})
)


@st.composite
def conversations(draw: st.DrawFn, kinds: Any) -> tuple[str, bytes]:
    """Draw a version, and the bytes of its client after the handshake."""
    vsn = draw(st.sampled_from(["v1", "v2"]))
    sent = written(vsn, ("1", "1", "room:1", "phx_join", {}))
    for message in draw(st.lists(kinds, max_size=5)):
        if isinstance(message[-1], bytes):
            sent += written_in_binary(message) if vsn == "v2" else mask(Opcode.PING, b"?")
        else:
            sent += written(vsn, message)
    return vsn, sent


def in_pieces(stream: bytes, cuts: list[int]) -> list[bytes]:
    at = sorted(cut % (len(stream) + 1) for cut in cuts)
    ends = zip([0, *at], [*at, len(stream)], strict=True)
    return [stream[start:end] for start, end in ends if end > start]


cuts = st.lists(st.integers(0, 1 << 20), max_size=8)


@given(conversations(pushes | binary_pushes | others), cuts)
def test_answers_do_not_depend_on_how_the_bytes_are_split(
    said: tuple[str, bytes], cuts: list[int]
) -> None:
    async def answers(pieces: list[bytes]) -> list[tuple[int, bytes]]:
        hub = Hub()
        hub.turns = Turns(math.inf)  # beyond a turn's time, a pong is sent before waiting replies
        client = Connected(hub, said[0])
        for piece in pieces:
            client.protocol.data_received(piece)
        await client.session.settled()
        for _ in range(3):
            await asyncio.sleep(0)
        return client.frames()

    stream = said[1]
    at_once = asyncio.run(answers([stream]))
    assert asyncio.run(answers(in_pieces(stream, cuts))) == at_once
    assert at_once[0][0] == Opcode.TEXT


async def attack(vsn: str, stream: bytes, cuts: list[int]) -> None:
    """Send bytes to the server, and check that a bystander lives on."""
    hub = Hub()
    bystander = Talk({"room:*": Room}, hub=hub)
    bystander.join(ref="9")
    attacker = Connected(hub, vsn)
    for piece in in_pieces(stream, cuts):
        attacker.protocol.data_received(piece)
        await asyncio.sleep(0)
    for message in await bystander.settled():
        assert message[3:] == ["shout", {}], "only what the other says to all"
    closing = [payload for opcode, payload in attacker.frames() if opcode == Opcode.CLOSE]
    assert attacker.session.closed == attacker.wire.ended == bool(closing)
    assert [int.from_bytes(payload, "big") in CLOSE_CODES for payload in closing] in ([], [True])
    attacker.protocol.connection_lost(None)
    await bystander.settled()
    bystander.send("9", "10", "room:1", "shout", {"n": 1})
    assert [message[3] for message in await bystander.settled()] == ["shout", "phx_reply"]
    bystander.session.lost()
    await bystander.settled()
    assert not hub.topics()


@given(conversations(pushes | binary_pushes | others), changes, cuts)
def test_broken_frames_end_their_own_connection_at_most(
    said: tuple[str, bytes], changes: list[Change], cuts: list[int]
) -> None:
    vsn, stream = said
    asyncio.run(attack(vsn, broken(stream, changes), cuts))


payload_changes = st.tuples(st.sampled_from(["v1", "v2"]), pushes | others, changes, st.booleans())


@given(st.lists(payload_changes, min_size=1, max_size=3))
def test_broken_messages_in_whole_frames_end_their_own_connection_at_most(
    messages: list[tuple[str, tuple[Any, ...], list[Change], bool]],
) -> None:
    vsn = messages[0][0]
    stream = written(vsn, ("1", "1", "room:1", "phx_join", {}))
    for _, message, how, binary in messages:
        payload = unmasked(written(vsn, message))
        stream += mask(Opcode.BINARY if binary else Opcode.TEXT, broken(payload, how))
    asyncio.run(attack(vsn, stream, []))


def unmasked(frame: bytes) -> bytes:
    start = {126: 4, 127: 10}.get(frame[1] & 0x7F, 2) + 4
    key = frame[start - 4 : start]
    return bytes(byte ^ key[i % 4] for i, byte in enumerate(frame[start:]))


@given(st.sampled_from(["v1", "v2"]), st.binary(max_size=80), cuts)
def test_random_bytes_end_their_own_connection_at_most(
    vsn: str, stream: bytes, cuts: list[int]
) -> None:
    asyncio.run(attack(vsn, stream, cuts))
