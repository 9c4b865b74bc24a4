"""Framing of RFC 6455: the same events for every split of the bytes, and a code for every fault."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.phoenix.strategies import mask
from tickfire.phoenix.wire.frames import (
    Opcode,
    frame_binary,
    frame_close,
    frame_control,
    frame_text,
    split_frames,
)
from tickfire.phoenix.wire.websocket import VIOLATION, Event, FrameReader, close_reply

TEXT, BINARY, CONT = Opcode.TEXT, Opcode.BINARY, Opcode.CONTINUATION
PING, PONG, CLOSE = Opcode.PING, Opcode.PONG, Opcode.CLOSE

GOOD_CODES = (1000, 1001, 1003, 1007, 1011, 1012, 1014, 3000, 4999)
BAD_CODES = (0, 999, 1004, 1005, 1006, 1015, 2999)

sizes = st.sampled_from([0, 1, 125, 126, 127, 300, 65_535, 65_536])
payloads = st.binary(max_size=40) | sizes.map(lambda size: b"z" * size)

texts = st.text(max_size=20).map(lambda text: text.encode(errors="replace")) | payloads.filter(
    bytes.isascii
)


@st.composite
def messages(draw: st.DrawFn) -> tuple[bytes, list[Event]]:
    """Draw the frames of one message, with control frames between its fragments, and its events."""
    opcode = draw(st.sampled_from([TEXT, BINARY]))
    parts = draw(st.lists(texts if opcode == TEXT else payloads, min_size=1, max_size=3))
    sent, events = b"", []
    for index, part in enumerate(parts):
        last = index == len(parts) - 1
        sent += mask(CONT if index else opcode, part, fin=last)
        if not last and draw(st.booleans()):
            sent += mask(PING, b"in between")
            events.append((int(PING), b"in between"))
    events.append((int(opcode), b"".join(parts)))
    return sent, events


@given(st.lists(messages(), max_size=4), st.data())
def test_events_do_not_depend_on_how_the_bytes_are_split(
    sent: list[tuple[bytes, list[Event]]], data: st.DataObject
) -> None:
    stream = b"".join(each for each, _ in sent)
    expected = [event for _, events in sent for event in events]
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=6).map(sorted))
    reader = FrameReader()
    got = []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        got += reader.feed(stream[start:end])
    assert got == expected


@given(messages())
def test_frames_are_read_from_single_bytes(sent: tuple[bytes, list[Event]]) -> None:
    stream, expected = sent
    reader = FrameReader()
    got = []
    if len(stream) < 2_000:
        for byte in stream:
            got += reader.feed(bytes([byte]))
        assert got == expected


@given(st.lists(st.binary(max_size=30), max_size=5))
def test_random_bytes_never_raise(chunks: list[bytes]) -> None:
    reader = FrameReader(max_frame_size=100, max_message_size=200)
    events = [event for chunk in chunks for event in reader.feed(chunk)]
    assert all(opcode != VIOLATION for opcode, _ in events[:-1])


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        pytest.param(b"\x81\x02[]", 1002, id="not masked"),
        pytest.param(mask(TEXT, b"", rsv=4), 1002, id="RSV1 without an extension"),
        pytest.param(mask(TEXT, b"", rsv=1), 1002, id="RSV3"),
        pytest.param(mask(3, b""), 1002, id="unknown data opcode"),
        pytest.param(mask(11, b""), 1002, id="unknown control opcode"),
        pytest.param(mask(CONT, b""), 1002, id="continuation of nothing"),
        pytest.param(
            mask(TEXT, b"", fin=False) + mask(TEXT, b""), 1002, id="message within a message"
        ),
        pytest.param(mask(PING, b"", fin=False), 1002, id="fragmented ping"),
        pytest.param(mask(PING, b"x" * 126), 1002, id="long ping"),
        pytest.param(mask(CLOSE, b"x" * 126), 1002, id="long close"),
        pytest.param(mask(TEXT, b"\xff"), 1007, id="invalid UTF-8"),
        pytest.param(mask(TEXT, "é".encode()[:1]), 1007, id="UTF-8 cut short"),
        pytest.param(
            mask(TEXT, b"\xce\xff", fin=False), 1007, id="invalid UTF-8 in a first fragment"
        ),
        pytest.param(
            mask(TEXT, b"\xce", fin=False) + mask(CONT, b"\xff", fin=False),
            1007,
            id="invalid UTF-8 across fragments",
        ),
        pytest.param(
            mask(TEXT, b"\xce", fin=False) + mask(CONT, b""),
            1007,
            id="UTF-8 cut short in a last fragment",
        ),
        pytest.param(mask(TEXT, b"x" * 101), 1009, id="frame too long"),
        pytest.param(
            mask(TEXT, b"x" * 100, fin=False) + mask(CONT, b"x" * 60), 1009, id="message too long"
        ),
    ],
)
def test_a_violation_ends_reading_with_its_code(sent: bytes, code: int) -> None:
    reader = FrameReader(max_frame_size=100, max_message_size=150)
    ok = mask(TEXT, b"fine")
    events = reader.feed(ok + sent + ok)
    assert events == [(TEXT, b"fine"), (VIOLATION, code.to_bytes(2, "big"))]
    assert reader.feed(ok) == []


def test_a_character_may_be_split_across_fragments() -> None:
    text = "κόσμε €".encode()
    reader, events = FrameReader(), []
    for index in range(len(text)):
        last = index == len(text) - 1
        events += reader.feed(mask(CONT if index else TEXT, text[index : index + 1], fin=last))
        events += reader.feed(mask(PING, b"") if not last else b"")
    assert events[-1] == (TEXT, text)
    assert reader.feed(mask(BINARY, b"\xff", fin=False) + mask(CONT, b"\xff")) == [
        (BINARY, b"\xff\xff")
    ]


def test_an_oversized_frame_is_refused_before_its_payload_arrives() -> None:
    head = mask(BINARY, b"x" * 70_000)[:10]
    assert FrameReader(max_frame_size=1_000).feed(head)[-1][0] == VIOLATION
    assert FrameReader(max_frame_size=70_000).feed(head) == []


def test_a_frame_of_the_largest_size_is_read() -> None:
    for size in (100, 126, 1_000):
        reader = FrameReader(max_frame_size=size)
        assert reader.feed(mask(TEXT, b"x" * size)) == [(TEXT, b"x" * size)]


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (b"", 1000),
        (b"\x03", 1002),
        *(((code).to_bytes(2, "big"), 1000) for code in GOOD_CODES),
        *(((code).to_bytes(2, "big"), 1002) for code in BAD_CODES),
        (b"\x03\xe8bye", 1000),
        (b"\x03\xe8\xff", 1007),
    ],
)
def test_a_close_frame_is_answered(payload: bytes, code: int) -> None:
    assert close_reply(payload) == code


@given(st.lists(st.tuples(st.booleans(), payloads), max_size=4))
def test_finished_frames_can_be_split_again(sent: list[tuple[bool, bytes]]) -> None:
    frames = b"".join((frame_text if text else frame_binary)(payload) for text, payload in sent)
    frames += frame_close(1001) + frame_control(PONG, b"p")
    expected = [(TEXT if text else BINARY, payload) for text, payload in sent]
    assert list(split_frames(frames)) == [*expected, (CLOSE, b"\x03\xe9"), (PONG, b"p")]
