"""Sections 9 and 10: limits, large messages, many messages, many fragments."""

from __future__ import annotations

from dataclasses import dataclass

from tests.conformance.websocket.case import CONT, Case, Echo, binary, fragments, text, whole
from tests.support.phoenix.rawclient import BINARY, TEXT, frame

TOO_LARGE = 1009
SMALL = "/socket_small"  # whose frames are limited
SMALL_LIMIT = 1_000
KB, MB = 1 << 10, 1 << 20

TEXT_SIZES = (64 * KB, 256 * KB, MB, 4 * MB, 8 * MB, 16 * MB)
FRAGMENT_SIZES = (64, 256, KB, 4 * KB, 16 * KB, 64 * KB, 256 * KB, MB)
CHOPS = (64, 128, 256, 512, KB, 2 * KB)


def _named(size: int) -> str:
    return f"{size // MB} MB" if size >= MB else f"{size // KB} KB" if size >= KB else f"{size} B"


@dataclass(frozen=True, kw_only=True)
class Fragmented(Case):
    """A message in fragments that are so many that they are made when they are sent.

    Attributes
    ----------
    echo
        The message.
    size
        Size of a fragment, in bytes.
    """

    echo: Echo
    size: int

    def pieces(self) -> list[bytes]:
        return [b"".join(fragments(self.echo, size=self.size))]


def _fragmented(section: str, size: int, fragment: int, *, of_text: bool) -> Case:
    echo = text("*" * size) if of_text else binary(size)
    name = f"{section} {_named(size)} in fragments of {_named(fragment)}"
    return Fragmented(name=name, sent=(), heard=(echo.heard,), echo=echo, size=fragment)


def _whole(section: str, size: int, *, of_text: bool, chop: int = 0) -> Case:
    echo = text("*" * size) if of_text else binary(size)
    how = f" in pieces of {chop}" if chop else ""
    return Case(f"{section} {_named(size)}{how}", (whole(echo),), (echo.heard,), chop=chop)


def _many(section: str, count: int, size: int, *, of_text: bool) -> Case:
    echo = text("*" * size) if of_text else binary(size + 20)
    kind = "texts" if of_text else "binaries"
    return Case(
        f"{section} {count} {kind} of {size}", (whole(echo),) * count, (echo.heard,) * count
    )


LARGE = [
    *(_whole("9.1 a text of", size, of_text=True) for size in TEXT_SIZES),
    *(_whole("9.2 a binary of", size, of_text=False) for size in TEXT_SIZES),
    *(_fragmented("9.3 a text of", 4 * MB, size, of_text=True) for size in FRAGMENT_SIZES),
    *(_fragmented("9.4 a binary of", 4 * MB, size, of_text=False) for size in FRAGMENT_SIZES),
    *(_whole("9.5 a text of", MB, of_text=True, chop=chop) for chop in CHOPS),
    *(_whole("9.6 a binary of", MB, of_text=False, chop=chop) for chop in CHOPS),
    *(_many("9.7", 1_000, size, of_text=True) for size in (1, 16, 64, 256, KB, 4 * KB)),
    *(_many("9.8", 1_000, size, of_text=False) for size in (1, 16, 64, 256, KB, 4 * KB)),
    # The limit is known before the payload has come, so the payload is never sent.
    Case(
        "9.9 a text over the limit",
        (frame(TEXT, b" " * (SMALL_LIMIT + 1))[:8],),
        end=TOO_LARGE,
        path=SMALL,
    ),
    Case(
        "9.9 a binary over the limit",
        (frame(BINARY, b"b" * 70_000)[:14],),
        end=TOO_LARGE,
        path=SMALL,
    ),
    Case(
        "9.9 a fragment over the limit",
        (frame(TEXT, b"[", fin=False), frame(CONT, b" " * (SMALL_LIMIT + 1))),
        end=TOO_LARGE,
        path=SMALL,
    ),
    Case(
        "9.9 the size of a size that cannot be",
        (b"\x82\xff" + b"\xff" * 8 + b"\0\0\0\0",),
        end=TOO_LARGE,
    ),
    Case(
        "9.9 as much as the limit allows",
        (whole(text("*", SMALL_LIMIT)),),
        (text("*").heard,),
        path=SMALL,
    ),
    _fragmented("10.1 a text of", 64 * KB, 1_300, of_text=True),
]
