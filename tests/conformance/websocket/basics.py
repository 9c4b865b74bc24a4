"""Sections 1 to 4: framing, pings and pongs, reserved bits, opcodes."""

from __future__ import annotations

from tests.conformance.websocket.case import (
    Case,
    binary,
    ping,
    pong,
    text,
    unasked_pong,
    whole,
)
from tests.support.phoenix.rawclient import BINARY, CLOSE, PING, TEXT, frame

PROTOCOL_ERROR = 1002
NO_MESSAGE = 1011  # a whole frame that is no message of the Channels protocol

SIZES = (125, 126, 127, 128, 65_535, 65_536)

hello = text("Hello, world!")
HELLO = whole(hello)


def _padded(size: int, chop: int = 0) -> Case:
    echo = text("*", size)
    how = f" in pieces of {chop}" if chop else ""
    return Case(f"1.1 text of {size} bytes{how}", (whole(echo),), (echo.heard,), chop=chop)


def _binary(size: int, chop: int = 0) -> Case:
    echo = binary(size)
    how = f" in pieces of {chop}" if chop else ""
    return Case(f"1.2 binary of {size} bytes{how}", (whole(echo),), (echo.heard,), chop=chop)


FRAMING = [
    Case("1.1 text of no bytes", (frame(TEXT),), end=NO_MESSAGE),
    *(_padded(size) for size in SIZES),
    _padded(65_536, chop=997),
    Case("1.2 binary of no bytes", (frame(BINARY),), end=NO_MESSAGE),
    *(_binary(size) for size in SIZES),
    _binary(65_536, chop=997),
    Case("1.3 text that is not masked", (b"\x81\x02[]",), end=PROTOCOL_ERROR),
    Case("1.3 binary that is not masked", (b"\x82\x01\x00", HELLO), end=PROTOCOL_ERROR),
    Case("1.3 ping that is not masked", (b"\x89\x00",), end=PROTOCOL_ERROR),
    Case(
        "1.4 a size in more bytes than it needs",
        (b"\x89\xfe\x00\x00\0\0\0\0",),
        end=PROTOCOL_ERROR,
    ),
]

LONGEST = b"\xfe" * 125
TEN = [b"payload-%d" % n for n in range(10)]

PINGS = [
    Case("2.1 ping without payload", (ping(),), (pong(),)),
    Case("2.2 ping with text", (ping(b"Hello, world!"),), (pong(b"Hello, world!"),)),
    Case(
        "2.3 ping with bytes",
        (ping(b"\x00\xff\xfe\xfd\x00\xff"),),
        (pong(b"\x00\xff\xfe\xfd\x00\xff"),),
    ),
    *Case("2.4 ping with 125 bytes", (ping(LONGEST),), (pong(LONGEST),)).each_way(),
    Case("2.5 ping with 126 bytes", (ping(LONGEST + b"\xfe"),), end=PROTOCOL_ERROR),
    Case("2.7 pong without payload", (unasked_pong(),)),
    Case("2.8 pong with payload", (unasked_pong(b"unsolicited"),)),
    Case("2.9 pong, then ping", (unasked_pong(b"unsolicited"), ping(b"p")), (pong(b"p"),)),
    *Case("2.10 ten pings", tuple(map(ping, TEN)), tuple(map(pong, TEN))).each_way(),
    Case("2.12 pings between messages", (HELLO, ping(), HELLO), (hello.heard, pong(), hello.heard)),
]

RESERVED = [
    *(
        Case(f"3.1 text with reserved bits {rsv}", (frame(TEXT, b"x", rsv=rsv),), end=1002)
        for rsv in range(1, 8)
    ),
    *Case(
        "3.2 text, text with a reserved bit, ping",
        (HELLO, frame(TEXT, hello.message, rsv=2), ping()),
        (hello.heard,),
        PROTOCOL_ERROR,
    ).each_way(),
    Case("3.5 binary with reserved bits", (frame(BINARY, b"x", rsv=5),), end=PROTOCOL_ERROR),
    Case("3.6 ping with reserved bits", (frame(PING, b"x", rsv=6),), end=PROTOCOL_ERROR),
    Case("3.7 close with reserved bits", (frame(CLOSE, b"\x03\xe8", rsv=7),), end=PROTOCOL_ERROR),
]

OPCODES = [
    *(
        Case(f"4.1 opcode {opcode}, {size} bytes", (frame(opcode, b"r" * size),), end=1002)
        for opcode in (3, 4, 5, 6, 7)
        for size in (0, 12)
    ),
    *(
        Case(f"4.2 opcode {opcode}, {size} bytes", (frame(opcode, b"r" * size),), end=1002)
        for opcode in (11, 12, 13, 14, 15)
        for size in (0, 12)
    ),
    *Case(
        "4.1 text, opcode 5, ping", (HELLO, frame(5), ping()), (hello.heard,), PROTOCOL_ERROR
    ).each_way(),
    *Case(
        "4.2 text, opcode 13, ping",
        (HELLO, frame(13, b"!"), ping()),
        (hello.heard,),
        PROTOCOL_ERROR,
    ).each_way(),
]
