"""`WireId`: ids on the wire, opaque to clients. Pure.

An id names the last tick of each stream that a client has, and is given back as ``since`` to resume
from there. It has a part for each feed from which its topic takes ticks, joined by ``_``; a part is
``<epoch>-<position>[.<position>...]``, with a position, in base 36, for each shard of the feed: on
topics of one instrument too, whose symbol moves to another shard when its instrument changes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from tickfire.store.epoch import Epoch
from tickfire.store.limits import MAX_SHARDS
from tickfire.store.schema import Stream

type Positions = Mapping[Stream, int]
"""The position reached in each stream, in the order of feeds and shards."""

_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
_FORM: Final = re.compile(r"([0-9a-f]{16})-([0-9a-z]{1,13}(?:\.[0-9a-z]{1,13})*)")
MAX_POSITION: Final = 2**63 - 1
MAX_LENGTH: Final = 16_384
"""Characters of an id: more than those of four feeds of 256 shards take."""


def base36(number: int) -> str:
    """Return a non-negative number in base 36.

    >>> base36(1295)
    'zz'
    """
    digits = ""
    while True:
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
        if not number:
            return digits


class FeedPositions(NamedTuple):
    """The part of an id for one feed.

    Attributes
    ----------
    epoch : bytes
        The 8-byte key of the epoch.
    positions : tuple of int
        The position of the last tick included, for each shard of the feed.
    """

    epoch: bytes
    positions: tuple[int, ...]

    @property
    def feed(self) -> int:
        """The number of the feed, with which the key of each epoch begins."""
        return self.epoch[0]

    def __str__(self) -> str:
        return f"{self.epoch.hex()}-{'.'.join(map(base36, self.positions))}"


@dataclass(frozen=True, slots=True)
class WireId:
    """Epochs and positions in their shards; ``str()`` gives the text on the wire.

    Attributes
    ----------
    parts : tuple of FeedPositions
        One for each feed, in the order of their numbers.
    """

    parts: tuple[FeedPositions, ...]

    def __str__(self) -> str:
        return "_".join(map(str, self.parts))

    def part(self, feed: int) -> FeedPositions | None:
        """Return the part of a feed, None if the id has none."""
        return next((part for part in self.parts if part.feed == feed), None)

    @classmethod
    def of(cls, epochs: Mapping[int, Epoch], positions: Positions) -> WireId:
        """Return the id of positions in the given epochs of their feeds."""
        by_feed: dict[int, list[int]] = {}
        for stream, position in positions.items():
            by_feed.setdefault(stream.feed, []).append(position)
        return cls(
            tuple(FeedPositions(epochs[feed].key, tuple(own)) for feed, own in by_feed.items())
        )

    @classmethod
    def parse(cls, text: object) -> WireId:
        """Parse the text of an id.

        Raises
        ------
        ValueError
            The text is not an id of this server.
        """
        if not isinstance(text, str) or len(text) > MAX_LENGTH:
            raise ValueError("since is not an id of this server")
        parts = [_part(each) for each in text.split("_")]
        if len({part.feed for part in parts}) < len(parts):
            raise ValueError("since names a feed twice")
        return cls(tuple(sorted(parts)))


def _part(text: str) -> FeedPositions:
    found = _FORM.fullmatch(text)
    if found is None:
        raise ValueError("since is not an id of this server")
    positions = tuple(int(digits, 36) for digits in found[2].split("."))
    if max(positions) > MAX_POSITION or len(positions) > MAX_SHARDS:
        raise ValueError("since is not an id of this server")
    return FeedPositions(bytes.fromhex(found[1]), positions)


def feeds_of(streams: Iterable[Stream]) -> tuple[int, ...]:
    """Return the feeds of some streams, in their order."""
    return tuple(dict.fromkeys(stream.feed for stream in streams))


def around(epochs: Mapping[int, Epoch], positions: Positions, stream: Stream) -> tuple[str, str]:
    """Return the text before and after the position of one stream in the id of all streams."""
    before, after = "", ""
    last = None
    for at, position in positions.items():
        glue = "." if at.feed == last else f"{'' if last is None else '_'}{head(epochs[at.feed])}"
        last = at.feed
        if at == stream:
            before, after = after + glue, ""
        else:
            after += glue + base36(position)
    return before, after


def head(epoch: Epoch) -> str:
    """Return the text before the positions of an epoch."""
    return f"{epoch.key.hex()}-"
