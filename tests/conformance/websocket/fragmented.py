"""Section 5: fragmentation, with control frames in between."""

from __future__ import annotations

from tests.conformance.websocket.case import (
    CONT,
    Case,
    binary,
    fragments,
    ping,
    pong,
    text,
    whole,
)
from tests.support.phoenix.rawclient import PING, PONG, TEXT, frame

PROTOCOL_ERROR = 1002

hello = text("fragment1fragment2")
HALVES = fragments(hello, 20)
HELLO = whole(hello)
last_words = frame(CONT, b"non-continuation payload")
more_words = frame(CONT, b"non-continuation payload", fin=False)
IN_FIVE = fragments(text("x" * 40), 10, 20, 30, 40)
FIVE = text("x" * 40)
bytes_in_two = fragments(binary(300), 100)


def _between(name: str, *pings: bytes) -> list[Case]:
    return Case(
        name,
        (HALVES[0], *map(ping, pings), HALVES[1]),
        (*map(pong, pings), hello.heard),
    ).each_way()


FRAGMENTATION = [
    Case(
        "5.1 a ping in two",
        (frame(PING, b"fragment1", fin=False), frame(CONT, b"fragment2")),
        end=PROTOCOL_ERROR,
    ),
    Case(
        "5.2 a pong in two",
        (frame(PONG, b"fragment1", fin=False), frame(CONT, b"fragment2")),
        end=PROTOCOL_ERROR,
    ),
    *Case("5.3 a text in two", tuple(HALVES), (hello.heard,)).each_way(),
    *_between("5.6 a ping in between", b"ping"),
    *_between("5.7 two pings in between", b"ping", b""),
    Case("5.8 a binary in two", tuple(bytes_in_two), (binary(300).heard,)),
    *Case("5.9 the end of nothing, then a text", (last_words, HELLO), end=1002).each_way(),
    *Case("5.12 the middle of nothing, then a text", (more_words, HELLO), end=1002).each_way(),
    *Case(
        "5.15 a text in two, the middle of nothing, a text",
        (*HALVES, more_words, HELLO),
        (hello.heard,),
        PROTOCOL_ERROR,
    ).each_way(),
    Case("5.16 the middle of nothing, over and over", (more_words, HELLO) * 2, end=1002),
    Case("5.17 the end of nothing, over and over", (last_words, HELLO) * 2, end=1002),
    *Case(
        "5.18 a text begun, another begun", (HALVES[0], frame(TEXT, b"fragment2")), end=1002
    ).each_way(),
    Case(
        "5.18 a text begun, a binary begun", (HALVES[0], whole(binary(40))), end=PROTOCOL_ERROR
    ),
    *Case(
        "5.19 a text in five with pings in between",
        (*IN_FIVE[:2], ping(b"1"), *IN_FIVE[2:4], ping(b"2"), ping(b"3"), IN_FIVE[4]),
        (pong(b"1"), pong(b"2"), pong(b"3"), FIVE.heard),
    ).each_way(),
    Case(
        "5.20 fragments without payload",
        (frame(TEXT, fin=False), frame(CONT, fin=False), frame(CONT, hello.message, fin=False),
         frame(CONT)),
        (hello.heard,),
    ),
]  # fmt: skip
