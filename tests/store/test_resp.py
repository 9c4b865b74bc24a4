"""RESP2: any reply, received in any pieces, and commands."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickfire.store.resp import (
    Reply,
    RespError,
    RespParser,
    RespProtocolError,
    encode_command,
)

lines = st.binary(max_size=20).filter(lambda text: b"\r" not in text and b"\n" not in text)
values: st.SearchStrategy[Reply] = st.recursive(
    st.one_of(
        st.none(),
        st.binary(max_size=300),
        st.integers(-(2**63), 2**63 - 1),
        lines.map(lambda text: RespError(text.decode("utf-8", "replace"))),
    ),
    lambda inner: st.lists(inner, max_size=4),
    max_leaves=20,
)


def encode(value: Reply) -> bytes:
    if value is None:
        return b"$-1\r\n"
    if isinstance(value, bytes):
        return b"$%d\r\n%b\r\n" % (len(value), value)
    if isinstance(value, int):
        return b":%d\r\n" % value
    if isinstance(value, RespError):
        return b"-%b\r\n" % str(value).encode()
    return b"*%d\r\n%b" % (len(value), b"".join(map(encode, value)))


def plain(value: Reply) -> object:
    if isinstance(value, RespError):
        return "error", str(value)
    return [plain(item) for item in value] if isinstance(value, list) else value


def depth(value: Reply) -> int:
    return 1 + max(map(depth, value), default=0) if isinstance(value, list) else 0


@given(st.lists(values.filter(lambda value: depth(value) < 8), max_size=5), st.data())
def test_replies_are_the_same_however_their_bytes_are_cut(
    replies: list[Reply], data: st.DataObject
) -> None:
    wire = b"".join(map(encode, replies))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(wire)), max_size=12)))
    parser, got = RespParser(), []
    for begin, end in zip([0, *cuts], [*cuts, len(wire)], strict=True):
        got += parser.feed(wire[begin:end])
    assert [plain(reply) for reply in got] == [plain(reply) for reply in replies]


@given(st.binary(min_size=1, max_size=80))
def test_bytes_that_are_no_resp_raise_nothing_else(wire: bytes) -> None:
    try:
        RespParser().feed(wire)
    except RespProtocolError:
        pass


@pytest.mark.parametrize(
    "wire", [b"?\r\n", b":x\r\n", b"*x\r\n", b"$x\r\n", b"*4294967294\r\n", b"$-2\r\n"]
)
def test_invalid_resp_is_refused(wire: bytes) -> None:
    with pytest.raises(RespProtocolError):
        RespParser().feed(wire)


def test_simple_strings_and_null_arrays() -> None:
    assert RespParser().feed(b"+OK\r\n*-1\r\n*0\r\n") == [b"OK", None, []]


def test_a_command_is_an_array_of_bulk_strings() -> None:
    wire = encode_command("XREAD", b"\x00k", 12)
    assert wire == b"*3\r\n$5\r\nXREAD\r\n$2\r\n\x00k\r\n$2\r\n12\r\n"
