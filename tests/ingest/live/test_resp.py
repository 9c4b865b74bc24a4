from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from tickfire.ingest.resp import ProtocolError, RespError, RespParser, encode_command

REPLIES = st.integers(-(2**63), 2**63 - 1) | st.binary() | st.none()


def encode(reply: object) -> bytes:
    if reply is None:
        return b"$-1\r\n"
    if isinstance(reply, int):
        return b":%d\r\n" % reply
    assert isinstance(reply, bytes)
    return b"$%d\r\n%b\r\n" % (len(reply), reply)


def test_a_command_counts_its_parts_in_bytes() -> None:
    assert encode_command(b"SET", b"k\xc3\xa9", 12) == (
        b"*3\r\n$3\r\nSET\r\n$3\r\nk\xc3\xa9\r\n$2\r\n12\r\n"
    )


def test_an_error_is_a_value() -> None:
    (reply,) = RespParser().feed(b"-MOVED 3999 127.0.0.1:6381\r\n")
    assert isinstance(reply, RespError)
    assert str(reply) == "MOVED 3999 127.0.0.1:6381"


@given(st.lists(REPLIES), st.lists(st.integers(0, 400)))
def test_replies_survive_any_cut(replies: list[object], cuts: list[int]) -> None:
    wire = b"".join(map(encode, replies))
    edges = [0, *sorted(min(cut, len(wire)) for cut in cuts), len(wire)]
    parser = RespParser()
    got = [r for a, b in itertools.pairwise(edges) for r in parser.feed(wire[a:b])]
    assert got == replies


@given(st.lists(st.binary(max_size=64)))
def test_random_bytes_are_replies_or_a_protocol_error(chunks: list[bytes]) -> None:
    parser = RespParser()
    try:
        for chunk in chunks:
            parser.feed(chunk)
    except ProtocolError:
        pass
