"""`WireId`: ids on the wire, opaque to clients. Pure.

An id names the last tick of each stream that a client has, and is given back as ``since`` to resume
from there. It has a part for each feed from which its topic takes ticks, joined by ``_``; a part is
``<epoch>-<position>[.<position>...]``, with a position, in base 36, for each shard of the feed: on
topics of one instrument too, whose symbol moves to another shard when its instrument changes.

A tick that is merged with others may come before one that stands for earlier trades, of another
instrument. A client that has the former alone has all ticks up to a position and some of those
behind it: its position is written ``<complete>~<sent>~<end>`` (see `Unfinished`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple, Self

from tickfire.store.epoch import Epoch
from tickfire.store.limits import MAX_SHARDS
from tickfire.store.schema import Stream

type Positions = Mapping[Stream, int]
"""The position reached in each stream, in the order of feeds and shards."""

_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
_NUMBER: Final = "[0-9a-z]{1,13}"
_POSITION: Final = f"{_NUMBER}(?:~{_NUMBER}~{_NUMBER})?"
_FORM: Final = re.compile(rf"([0-9a-f]{{16}})-({_POSITION}(?:\.{_POSITION})*)")
MAX_POSITION: Final = 2**63 - 1
_UNKNOWN: Final = "since is not an id of this server"
MAX_SPAN: Final = 0xFFFF
"""Positions that one write of merged ticks, or one binary payload, can cover."""
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


class Bounds(NamedTuple):
    """The part of a write of merged ticks in which a client may lack ticks.

    Attributes
    ----------
    complete : int
        The position up to which the client has all ticks.
    end : int
        The position of the last merged trade of the write.
    """

    complete: int
    end: int


class Unfinished(NamedTuple):
    """A write of merged ticks of which a client has the first ones alone.

    Of the ticks after its position in the shard it has those up to `sent`, except those of
    instruments that are traded after `sent` and up to `end`.

    Attributes
    ----------
    shard : int
    sent : int
        The position of the last merged tick that the client has.
    end : int
        The position of the last merged trade of the write.
    """

    shard: int
    sent: int
    end: int


class Partial(int):
    """A position of a client that has an unfinished write behind it.

    Parameters
    ----------
    position : int
    unfinished : Unfinished
    """

    unfinished: Unfinished

    def __new__(cls, position: int, unfinished: Unfinished) -> Self:
        """Return a position with the unfinished write behind it."""
        made = super().__new__(cls, position)
        made.unfinished = unfinished
        return made


def text_of(position: int) -> str:
    """Return the text of a position in an id."""
    text = base36(position)
    if isinstance(position, Partial):
        text += f"~{base36(position.unfinished.sent)}~{base36(position.unfinished.end)}"
    return text


class FeedPositions(NamedTuple):
    """The part of an id for one feed.

    Attributes
    ----------
    epoch : bytes
        The 8-byte key of the epoch.
    positions : tuple of int
        The position up to which all ticks are included, for each shard of the feed.
    unfinished : Unfinished or None
        The write that is included in part beyond that, in one of the shards.
    """

    epoch: bytes
    positions: tuple[int, ...]
    unfinished: Unfinished | None = None

    @property
    def feed(self) -> int:
        """The number of the feed, with which the key of each epoch begins."""
        return self.epoch[0]

    @property
    def shape(self) -> tuple[bytes, int]:
        """The epoch, and the number of shards."""
        return self.epoch, len(self.positions)

    @property
    def places(self) -> tuple[int, ...]:
        """The positions, of which one may be `Partial`."""
        write = self.unfinished
        return tuple(
            position if write is None or write.shard != shard else Partial(position, write)
            for shard, position in enumerate(self.positions)
        )

    @property
    def ends(self) -> tuple[int, ...]:
        """The position of the last tick that must exist, for each shard."""
        return tuple(
            place.unfinished.end if isinstance(place, Partial) else place for place in self.places
        )

    def padded(self, shards: int) -> FeedPositions:
        """Return the same with the beginnings of the shards that it does not name.

        A client of packed ticks names the shards of a new epoch as their first ticks come.
        """
        return self._replace(positions=self.positions + (0,) * (shards - len(self.positions)))

    def moved(self, positions: tuple[int, ...]) -> FeedPositions:
        """Return later positions in the same epoch."""
        write = self.unfinished
        if write is not None and positions[write.shard] >= write.sent:
            write = None
        return FeedPositions(self.epoch, positions, write)

    def __str__(self) -> str:
        return f"{self.epoch.hex()}-{'.'.join(map(text_of, self.places))}"


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
            raise ValueError(_UNKNOWN)
        parts = [_part(each) for each in text.split("_")]
        if len({part.feed for part in parts}) < len(parts):
            raise ValueError("since names a feed twice")
        return cls(tuple(sorted(parts)))


def _part(text: str) -> FeedPositions:
    found = _FORM.fullmatch(text)
    if found is None:
        raise ValueError(_UNKNOWN)
    places = [tuple(int(number, 36) for number in each.split("~")) for each in found[2].split(".")]
    positions = tuple(place[0] for place in places)
    open_ones = [Unfinished(shard, *rest) for shard, (_, *rest) in enumerate(places) if rest]
    if max(map(max, places)) > MAX_POSITION or len(places) > MAX_SHARDS or len(open_ones) > 1:
        raise ValueError(_UNKNOWN)
    unfinished = open_ones[0] if open_ones else None
    if unfinished is not None:
        complete = positions[unfinished.shard]
        if not complete < unfinished.sent < unfinished.end <= complete + MAX_SPAN:
            raise ValueError(_UNKNOWN)
    return FeedPositions(bytes.fromhex(found[1]), positions, unfinished)


def feeds_of(streams: Iterable[Stream]) -> tuple[int, ...]:
    """Return the feeds of some streams, in their order."""
    return tuple(dict.fromkeys(stream.feed for stream in streams))


def around(
    epochs: Mapping[int, Epoch],
    positions: Positions,
    stream: Stream,
    bounds: Bounds | None = None,
) -> tuple[str, str]:
    """Return the text before and after the position of one stream in the id of all streams.

    With `bounds`, it is the position of a merged tick in an unfinished write.
    """
    before, after = "", ""
    last = None
    for at, position in positions.items():
        glue = "." if at.feed == last else f"{'' if last is None else '_'}{head(epochs[at.feed])}"
        last = at.feed
        if at == stream:
            before, after = after + glue, ""
        else:
            after += glue + text_of(position)
    if bounds is not None:
        before, after = f"{before}{base36(bounds.complete)}~", f"~{base36(bounds.end)}{after}"
    return before, after


def by_epoch(parts: Iterable[FeedPositions]) -> dict[Epoch, Positions]:
    """Return the positions of some parts, by stream, in their epochs."""
    epochs = {Epoch(part.feed, part.epoch, len(part.positions)): part for part in parts}
    return {
        epoch: dict(zip(epoch.streams(), part.places, strict=True))
        for epoch, part in epochs.items()
    }


def head(epoch: Epoch) -> str:
    """Return the text before the positions of an epoch."""
    return f"{epoch.key.hex()}-"
