"""Section 7: closing, its codes and reasons."""

from __future__ import annotations

from tests.conformance.websocket.case import Case, fragments, ping, text, whole
from tests.support.phoenix.rawclient import CLOSE, TEXT, frame

NORMAL, PROTOCOL_ERROR, BAD_DATA = 1000, 1002, 1007

GOOD_CODES = (
    *(1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014),
    *(3000, 3999, 4000, 4999),
)
BAD_CODES = (0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999)

hello = text("Hello")
HELLO = whole(hello)
BIG = text("BAsd7&jh23" * 26_000)
BYE = frame(CLOSE, b"\x03\xe8")


def close(code: int, reason: bytes = b"") -> bytes:
    """Return a close frame."""
    return frame(CLOSE, code.to_bytes(2, "big") + reason)


CLOSING = [
    Case("7.1.1 a text, then the end", (HELLO, BYE), (hello.heard,), NORMAL),
    Case("7.1.2 two closes", (BYE, BYE), end=NORMAL),
    Case("7.1.3 a ping after the close", (BYE, ping(b"?")), end=NORMAL),
    Case("7.1.4 a text after the close", (BYE, HELLO), end=NORMAL),
    Case("7.1.5 the rest of a text after the close", (fragments(hello, 9)[0], BYE), end=NORMAL),
    Case("7.1.6 a large text, the close, a ping", (whole(BIG), BYE, ping()), (BIG.heard,), NORMAL),
    Case("7.1.7 garbage after the close", (BYE, b"\xff" * 99), end=NORMAL),
    Case("7.3.1 no payload", (frame(CLOSE),), end=NORMAL),
    Case("7.3.2 a payload of one byte", (frame(CLOSE, b"a"),), end=PROTOCOL_ERROR),
    *Case("7.3.3 a code alone", (BYE,), end=NORMAL).each_way(),
    Case("7.3.4 a code and a reason", (close(1000, b"Hello, world!"),), end=NORMAL),
    Case("7.3.5 the longest reason", (close(1000, b"*" * 123),), end=NORMAL),
    Case("7.3.6 a longer one", (close(1000, b"*" * 124),), end=PROTOCOL_ERROR),
    Case("7.3.7 a close in fragments", (frame(CLOSE, b"\x03\xe8", fin=False),), end=PROTOCOL_ERROR),
    Case("7.5.1 a reason that is not UTF-8", (close(1000, b"\xce\xba\xed\xa0\x80"),), end=BAD_DATA),
    *(Case(f"7.7 code {code}", (close(code),), end=NORMAL) for code in GOOD_CODES),
    *(Case(f"7.9 code {code}", (close(code),), end=PROTOCOL_ERROR) for code in BAD_CODES),
    *(Case(f"7.13 code {code}", (close(code),), end=NORMAL) for code in (5000, 65_535)),
    Case(
        "7.14 a text in fragments, closed within", (frame(TEXT, b"[", fin=False), BYE), end=NORMAL
    ),
]
