"""Section 6: UTF-8, whole and in fragments, valid and not; refused as soon as it can be known."""

from __future__ import annotations

from tests.conformance.websocket.case import CONT, Case, fragments, text, whole
from tests.support.phoenix.rawclient import TEXT, frame

BAD_DATA = 1007

GREETING = "Hello-µ@ßöäüàá-UTF-8!!"
KOSME = "κόσμε"

VALID = {
    "6.5 greek": KOSME,
    "6.7 the first of two bytes": "\u0080",
    "6.7 the first of three": "\u0800",
    "6.7 the first of four": "\U00010000",
    "6.9 the last of one byte": "\x7f",
    "6.9 the last of two": "\u07ff",
    "6.9 the last of three": "\uffff",
    "6.9 the last of all": "\U0010ffff",
    "6.11 before the surrogates": "\ud7ff",
    "6.11 after the surrogates": "\ue000",
    "6.11 the replacement": "\ufffd",
    "6.22 not characters": "\ufffe\uffff\U0001fffe\U0001ffff\U0002fffe\U0010fffe",
    "6.23 specials": "\ufff9\ufffa\ufffb\ufffc\ufffd",
}

INVALID = {
    "6.3 a surrogate in a text": KOSME.encode() + b"\xed\xa0\x80edited",
    "6.6 greek cut short": KOSME.encode()[:-1],
    "6.8 five bytes": b"\xf8\x88\x80\x80\x80",
    "6.8 six bytes": b"\xfc\x84\x80\x80\x80\x80",
    "6.10 beyond the last": b"\xf7\xbf\xbf\xbf",
    "6.10 five bytes, the last": b"\xfb\xbf\xbf\xbf\xbf",
    "6.10 six bytes, the last": b"\xfd\xbf\xbf\xbf\xbf\xbf",
    "6.11 the first that is too large": b"\xf4\x90\x80\x80",
    "6.12 a continuation alone": b"\x80",
    "6.12 another": b"\xbf",
    "6.12 two": b"\x80\xbf",
    "6.12 all": bytes(range(0x80, 0xC0)),
    "6.13 heads of two": b"".join(bytes([head, 0x20]) for head in range(0xC0, 0xE0)),
    "6.13 heads of three": b"".join(bytes([head, 0x20]) for head in range(0xE0, 0xF0)),
    "6.13 heads of four": b"".join(bytes([head, 0x20]) for head in range(0xF0, 0xF8)),
    "6.14 two without the last": b"\xc0",
    "6.14 three without the last": b"\xe0\x80",
    "6.14 four without the last": b"\xf0\x80\x80",
    "6.15 several cut short": b"\xc0\xe0\x80\xf0\x80\x80",
    "6.16 fe": b"\xfe",
    "6.16 ff": b"\xff",
    "6.17 a slash in two": b"\xc0\xaf",
    "6.17 a slash in three": b"\xe0\x80\xaf",
    "6.17 a slash in four": b"\xf0\x80\x80\xaf",
    "6.18 the last too long in two": b"\xc1\xbf",
    "6.18 in three": b"\xe0\x9f\xbf",
    "6.18 in four": b"\xf0\x8f\xbf\xbf",
    "6.19 zero in two": b"\xc0\x80",
    "6.19 zero in three": b"\xe0\x80\x80",
    "6.20 a high surrogate": b"\xed\xa0\x80",
    "6.20 a low surrogate": b"\xed\xbf\xbf",
    "6.21 a pair of surrogates": b"\xed\xa0\x80\xed\xb0\x80",
}


def _valid(name: str, content: str) -> list[Case]:
    echo = text(content)
    in_octets = fragments(echo, size=1)
    return [
        Case(name, (whole(echo),), (echo.heard,)),
        Case(f"{name}, an octet a fragment", tuple(in_octets), (echo.heard,)),
    ]


def _invalid(name: str, content: bytes) -> list[Case]:
    """Return the bytes in a string of a message, and beside what is read of one."""
    inside = text("?").message.replace(b'"?"', b'"' + content + b'"')
    ignored = text("?").message.removesuffix(b"]") + b',"' + content + b'"]'
    return [
        Case(name, (frame(TEXT, inside),), end=BAD_DATA),
        Case(f"{name}, where nobody reads it", (frame(TEXT, ignored),), end=BAD_DATA),
        Case(f"{name}, in fragments", _begun(inside), end=BAD_DATA),
    ]


def _begun(message: bytes) -> tuple[bytes, ...]:
    return (
        frame(TEXT, message[:30], fin=False),
        *(frame(CONT, message[at : at + 1], fin=False) for at in range(30, len(message) - 1)),
        frame(CONT, message[-1:]),
    )


greeting = text(GREETING)
spoilt = KOSME.encode() + b"\xf4\x90\x80\x80"
empty = frame(CONT, fin=False)

UTF8 = [
    Case("6.1 no bytes at all, in three", (frame(TEXT, fin=False), empty, frame(CONT)), end=1011),
    Case(
        "6.1 no bytes, a text, no bytes",
        (frame(TEXT, fin=False), frame(CONT, greeting.message, fin=False), frame(CONT)),
        (greeting.heard,),
    ),
    *_valid("6.2", GREETING),
    *(case for name, content in VALID.items() for case in _valid(name, content)),
    *(case for name, content in INVALID.items() for case in _invalid(name, content)),
    # Refused before the message ends: nothing that would end it is sent.
    Case(
        "6.4 spoilt in the second of three",
        (frame(TEXT, KOSME.encode(), fin=False), frame(CONT, b"\xf4\x90\x80\x80", fin=False)),
        end=BAD_DATA,
    ),
    Case("6.4 spoilt in the first", (frame(TEXT, spoilt, fin=False),), end=BAD_DATA),
    Case(
        "6.4 spoilt by the byte that follows",
        (frame(TEXT, KOSME.encode() + b"\xf4", fin=False), frame(CONT, b"\x90", fin=False)),
        end=BAD_DATA,
    ),
    Case(
        "6.4 spoilt after a ping",
        (frame(TEXT, b"\xce", fin=False), frame(9), frame(CONT, b"\xce", fin=False)),
        ({"op": "recv_pong", "data": ""},),
        BAD_DATA,
    ),
]
