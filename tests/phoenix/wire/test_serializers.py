"""Both serializers: round trips, and robustness against invalid input."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.phoenix.strategies import json_values, names, refs
from tickfire.phoenix import DecodeError, V1Serializer, V2Serializer
from tickfire.phoenix.wire.frames import Opcode, split_frames
from tickfire.phoenix.wire.message import Message
from tickfire.phoenix.wire.serializers import negotiate, versions_of

v1, v2 = V1Serializer(), V2Serializer()
short_names = names.filter(lambda text: len(text.encode()) <= 255)
maps = st.dictionaries(names, json_values, max_size=4)


def only_frame(frames: bytes) -> tuple[int, bytes]:
    [(opcode, payload)] = split_frames(frames)
    return opcode, payload


def text_of(frames: bytes) -> Any:
    opcode, payload = only_frame(frames)
    assert opcode == Opcode.TEXT
    return json.loads(payload)


def same(left: Any, right: Any) -> bool:
    return json.dumps(left, sort_keys=True) == json.dumps(right, sort_keys=True)


@given(refs, refs, names, names, json_values)
def test_v2_decodes_messages_of_a_client(
    join_ref: Any, ref: Any, topic: str, event: str, payload: Any
) -> None:
    message = v2.decode_text(json.dumps([join_ref, ref, topic, event, payload]).encode())
    got = [message.join_ref, message.ref, message.topic, message.event, message.payload]
    assert same(got, [join_ref, ref, topic, event, payload])


@given(refs, refs, names, names, json_values)
def test_v1_decodes_messages_of_a_client(
    join_ref: Any, ref: Any, topic: str, event: str, payload: Any
) -> None:
    sent = {"topic": topic, "event": event, "payload": payload, "ref": ref, "join_ref": join_ref}
    data = json.dumps(sent).encode()
    for decode in (v1.decode_text, v1.decode_binary):
        message = decode(data)
        assert same(sent, {name: getattr(message, name) for name in sent})
    del sent["join_ref"]
    assert v1.decode_text(json.dumps(sent).encode()).join_ref is None


@given(refs, refs, names, names, json_values)
def test_replies_and_pushes_carry_the_responses_and_payloads(
    join_ref: Any, ref: Any, topic: str, status: str, response: Any
) -> None:
    body = {"response": response, "status": status}
    reply = text_of(v2.encode_reply(join_ref, ref, topic, status, response))
    assert same(reply, [join_ref, ref, topic, "phx_reply", body])
    reply = text_of(v1.encode_reply(join_ref, ref, topic, status, response))
    assert same(reply, {"topic": topic, "event": "phx_reply", "payload": body, "ref": ref})


@given(refs, names, names, maps)
def test_pushes_broadcasts_and_ends(join_ref: Any, topic: str, event: str, payload: Any) -> None:
    push = text_of(v2.encode_push(join_ref, topic, event, payload))
    assert same(push, [join_ref, None, topic, event, payload])
    broadcast = text_of(v2.encode_broadcast(topic, event, payload))
    assert same(broadcast, [None, None, topic, event, payload])
    end = text_of(v2.encode_end(join_ref, topic, "phx_close", {}))
    assert same(end, [join_ref, join_ref, topic, "phx_close", {}])
    for encoded in (
        v1.encode_push(join_ref, topic, event, payload),
        v1.encode_broadcast(topic, event, payload),
    ):
        expected = {"topic": topic, "event": event, "payload": payload, "ref": None}
        assert same(text_of(encoded), expected)


def sized(*texts: str) -> bytes:
    parts = [text.encode() for text in texts]
    return bytes(len(part) for part in parts) + b"".join(parts)


@given(short_names, short_names, short_names, short_names, st.binary())
def test_v2_reads_binary_pushes(
    join_ref: str, ref: str, topic: str, event: str, payload: bytes
) -> None:
    data = b"\x00" + sized(join_ref, ref, topic, event) + payload
    assert v2.decode_binary(data) == Message(join_ref, ref, topic, event, payload)


@given(short_names, short_names, short_names, short_names, st.binary())
def test_v2_writes_binary_messages(
    join_ref: str, ref: str, topic: str, name: str, payload: bytes
) -> None:
    expected = {
        v2.encode_push(join_ref, topic, name, payload): b"\x00" + sized(join_ref, topic, name),
        v2.encode_reply(join_ref, ref, topic, name, payload): b"\x01"
        + sized(join_ref, ref, topic, name),
        v2.encode_broadcast(topic, name, payload): b"\x02" + sized(topic, name),
    }
    for frames, head in expected.items():
        assert only_frame(frames) == (Opcode.BINARY, head + payload)


def test_binary_messages_format_other_refs_as_elixir_does() -> None:
    _, payload = only_frame(v2.encode_reply(None, 3, "t", "ok", b"!"))
    assert payload == b"\x01" + sized("", "3", "t", "ok") + b"!"


@given(st.binary(max_size=60))
def test_random_bytes_raise_only_decode_errors(data: bytes) -> None:
    for decode in (v1.decode_text, v1.decode_binary, v2.decode_text, v2.decode_binary):
        try:
            decode(data)
        except DecodeError:
            pass


@given(st.integers(0, 3), short_names, st.binary(max_size=9))
def test_a_truncated_binary_push_is_refused(kind: int, topic: str, payload: bytes) -> None:
    whole = b"\x00" + sized("1", "2", topic, "event") + payload
    for end in range(len(whole) - len(payload)):
        with pytest.raises(DecodeError):
            v2.decode_binary(whole[:end])
    if kind:
        with pytest.raises(DecodeError):
            v2.decode_binary(bytes([kind]) + whole[1:])


@pytest.mark.parametrize("payload", [None, [], "text", 5, True])
def test_v2_pushes_maps_and_bytes_only(payload: Any) -> None:
    with pytest.raises(TypeError):
        v2.encode_push("1", "t", "e", payload)
    with pytest.raises(TypeError):
        v2.encode_broadcast("t", "e", payload)
    assert text_of(v1.encode_push("1", "t", "e", payload))["payload"] == payload


def test_payloads_that_a_version_cannot_carry_raise() -> None:
    with pytest.raises(TypeError):
        v1.encode_broadcast("t", "e", b"bytes")
    with pytest.raises(ValueError, match="longer than 255 bytes"):
        v2.encode_push("1", "t" * 256, "e", b"bytes")


@pytest.mark.parametrize(
    ("params", "lane"),
    [
        ({}, "v1"),
        ({"vsn": "1.0.0"}, "v1"),
        ({"vsn": "1.0.7"}, "v1"),
        ({"vsn": "2.0.9"}, "v2"),
        ({"vsn": "2.0.0+build.5"}, "v2"),
        ({"vsn": "2.0"}, None),
        ({"vsn": ""}, None),
        ({"vsn": "2.1.0"}, None),
        ({"vsn": "2.0.0-rc.1"}, None),
        ({"vsn": "2.0.1-rc.1"}, "v2"),
        ({"vsn": "2.0.1-01"}, None),
        ({"vsn": "02.0.0"}, None),
        ({"vsn": " 2.0.0"}, None),
        ({"vsn": "2.0.0\n"}, None),
        ({"vsn": "2.0.00"}, None),
        ({"vsn": "\uff12.0.0"}, None),
        ({"vsn": ["2.0.0"]}, None),
    ],
)
def test_versions_are_matched_as_elixir_does(params: dict[str, Any], lane: str | None) -> None:
    serializer = negotiate(params, versions_of((v1, v2)))
    assert (serializer.lane if serializer else None) == lane
