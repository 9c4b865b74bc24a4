"""The binary messages of Supabase Realtime, kinds 3 and 4."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickfire.phoenix import DecodeError, Hub, PubSub, V1Serializer, V2Serializer
from tickfire.phoenix.contrib.supabase import broadcast
from tickfire.phoenix.contrib.user_broadcast import (
    SupabaseSerializer,
    decode_user_push,
    encode_user_broadcast,
    user_broadcast,
)
from tickfire.phoenix.pubsub import MemoryAdapter, MemoryBus
from tickfire.phoenix.wire.frames import Opcode, split_frames

names = st.text(max_size=60)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
payloads = values | st.binary(max_size=200)


def push(join_ref: str, ref: str, topic: str, event: str, payload: Any, meta: bytes = b"") -> bytes:
    """A client's message, kind 3."""
    parts = [part.encode() for part in (join_ref, ref, topic, event)]
    parts.append(meta)
    is_binary = isinstance(payload, bytes)
    head = bytes((3, *map(len, parts), 0 if is_binary else 1))
    return head + b"".join(parts) + (payload if is_binary else json.dumps(payload).encode())


def read(data: bytes) -> tuple[str, dict[str, Any]]:
    """Decode kind 4 as a client does: (topic, payload of the event)."""
    kind, topic_size, event_size, meta_size, encoding = data[:5]
    assert kind == 4
    at = 5
    parts = []
    for size in (topic_size, event_size, meta_size):
        parts.append(data[at : at + size])
        at += size
    payload = data[at:] if encoding == 0 else json.loads(data[at:])
    message = {"type": "broadcast", "event": parts[1].decode(), "payload": payload}
    if parts[2]:
        message["meta"] = json.loads(parts[2])
    return parts[0].decode(), message


@given(names, names, names, names, payloads)
def test_user_pushes_are_decoded(
    join_ref: str, ref: str, topic: str, event: str, payload: Any
) -> None:
    message = decode_user_push(push(join_ref, ref, topic, event, payload, b'{"forged":true}'))
    assert (message.join_ref, message.ref, message.topic) == (join_ref, ref, topic)
    assert message.event == "broadcast"
    assert message.payload == {"type": "broadcast", "event": event, "payload": payload}


@given(names, names, payloads, st.dictionaries(st.text(max_size=8), st.integers(), max_size=3))
def test_user_broadcasts_are_encoded(
    topic: str, event: str, payload: Any, meta: dict[str, int]
) -> None:
    message = user_broadcast(event, payload, meta)
    assert read(encode_user_broadcast(topic, message)) == (topic, message)


@given(st.binary(max_size=300))
def test_random_bytes_raise_only_decode_errors(data: bytes) -> None:
    for decode in (decode_user_push, SupabaseSerializer().decode_binary):
        try:
            decode(b"\x03" + data)
        except DecodeError:
            pass


@given(names, payloads, st.data())
def test_a_truncated_message_is_refused_or_has_a_shorter_payload(
    topic: str, payload: Any, data: st.DataObject
) -> None:
    whole = push("1", "2", topic, "e", payload)
    head = len(push("1", "2", topic, "e", b""))
    cut = data.draw(st.integers(1, head - 1))
    with pytest.raises(DecodeError):
        decode_user_push(whole[:cut])


def test_both_kinds_have_the_expected_bytes() -> None:
    sent = b"\x03\x01\x02\x03\x02\x00\x01" + b"1" + b"22" + b"r:a" + b"ev" + b'{"a":1}'
    assert decode_user_push(sent).payload["payload"] == {"a": 1}
    got = encode_user_broadcast("r:a", user_broadcast("ev", b"\x00\xff"))
    assert got == b"\x04\x03\x02\x00\x00" + b"r:a" + b"ev" + b"\x00\xff"


def test_names_that_are_not_utf_8_are_decoded_as_latin_1() -> None:
    sent = b"\x03\x01\x01\x03\x01\x00\x01" + b"1" + b"2" + b"r:\xe9" + b"\xe8" + b"{}"
    message = decode_user_push(sent)
    assert (message.topic, message.payload["event"]) == ("r:é", "è")


def test_an_unknown_encoding_and_bad_json_are_refused() -> None:
    for data in (b"\x03\x00\x00\x00\x00\x00\x02{}", b"\x03\x00\x00\x00\x00\x00\x01{"):
        with pytest.raises(DecodeError):
            decode_user_push(data)


def test_other_messages_are_as_in_version_2() -> None:
    ours, stock = SupabaseSerializer(), V2Serializer()
    for payload in ({"a": 1}, b"\x01", {"event": 1, "payload": 2}):
        assert ours.encode_broadcast("t", "e", payload) == stock.encode_broadcast("t", "e", payload)
        assert ours.encode_push("1", "t", "broadcast", payload) == stock.encode_push(
            "1", "t", "broadcast", payload
        )
    pushed = b"\x00\x01\x01\x01\x011234payload"
    assert ours.decode_binary(pushed) == stock.decode_binary(pushed)


def test_long_names_are_sent_as_text_and_refused_for_bytes() -> None:
    serializer, long = SupabaseSerializer(), "x" * 256
    frame = serializer.encode_broadcast(long, "broadcast", user_broadcast("e", {"a": 1}))
    ((opcode, text),) = split_frames(frame)
    assert opcode == Opcode.TEXT
    assert json.loads(text)[2:] == [long, "broadcast", user_broadcast("e", {"a": 1})]
    with pytest.raises(ValueError, match="255"):
        serializer.encode_broadcast(long, "broadcast", user_broadcast("e", b"\x01"))


async def test_bytes_reach_other_nodes_as_bytes() -> None:
    bus, arrived = MemoryBus(), asyncio.Event()
    here, there = (Hub((V1Serializer(), SupabaseSerializer())) for _ in range(2))
    heard: list[tuple[str, str, Any]] = []

    def listener(topic: str, event: str, payload: Any) -> None:
        heard.append((topic, event, payload))
        arrived.set()

    there.listen("realtime:room", listener)
    async with PubSub(here, MemoryAdapter(bus)), PubSub(there, MemoryAdapter(bus)):
        await broadcast(here, "room", "data", b"\x00\xff")
        async with asyncio.timeout(60):
            await arrived.wait()
    assert heard == [("realtime:room", "broadcast", user_broadcast("data", b"\x00\xff"))]
