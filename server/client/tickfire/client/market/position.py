"""Ids of positions: for each feed its epoch, and one position for each of its shards."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, Self

_FEED_DIGITS = 2  # of the hexadecimal epoch, which begins with the feed's number
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


class FeedPositions(NamedTuple):
    """The part of an id for one feed: the epoch in hexadecimal, the positions in base 36."""

    epoch: str
    positions: tuple[str, ...]

    @property
    def feed(self) -> int:
        """Number of the feed."""
        return int(self.epoch[:_FEED_DIGITS], 16)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the part that a text says."""
        epoch, _, positions = text.partition("-")
        return cls(epoch, tuple(positions.split(".")))

    def __str__(self) -> str:
        return f"{self.epoch}-{'.'.join(self.positions)}"


def parts_of(identifier: str) -> list[FeedPositions]:
    """Return the parts of an id, one for each feed that its topic reads."""
    return [FeedPositions.parse(part) for part in identifier.split("_")]


def id_of(parts: Iterable[FeedPositions]) -> str:
    """Return the id with these parts."""
    return "_".join(map(str, parts))


def replaced(parts: Iterable[FeedPositions], by: Iterable[FeedPositions]) -> list[FeedPositions]:
    """Return the parts with others in place of those of the same feeds, in the order of feeds."""
    new = list(by)
    feeds = {part.feed for part in new}
    return sorted([*(part for part in parts if part.feed not in feeds), *new])


def base36(number: int) -> str:
    """Return a position in base 36."""
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
    return digits or "0"
