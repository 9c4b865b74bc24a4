"""The lanes of the market topics: which ticks a subscriber gets, and in which encoding.

A lane's name begins with its serializer; `Lane.name` is what the hub calls it. The lane that is
called just ``v1`` or ``v2`` takes everything as JSON.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from tickfire.phoenix import V1Serializer, V2Serializer
from tickfire.server.market.epoch.dataset import DataSet
from tickfire.server.market.epoch.instruments import Listing
from tickfire.server.market.ticks.encode import MAX_SPAN, Envelope, Ticks, around, binary_payload

REALTIME: Final = "market:realtime"
BINARY: Final = "binary"
SERIALIZERS: Final[Mapping[str, V1Serializer | V2Serializer]] = {
    "v1": V1Serializer(),
    "v2": V2Serializer(),
}

type Mask = NDArray[np.uint8]


def topic_of(symbol: str) -> str:
    """Return the topic of one instrument."""
    return f"market:{symbol}"


class Lane(Protocol):
    """One way to write one topic's ticks.

    Attributes
    ----------
    topic, name : str
    serializer : str
        ``"v1"`` or ``"v2"``: for the events that are not ticks.
    """

    topic: str
    name: str
    serializer: str

    def encode(
        self, data: DataSet, shard: int, ticks: Ticks, positions: list[int], *, live: bool
    ) -> tuple[bytes, int]:
        """Return finished frames, and how many.

        ``positions`` are those of the reader, this shard's before these ticks or later; ``live``
        says that the book stands right before these ticks.
        """

    def wanted(self, data: DataSet) -> Mask | None:
        """Return uint8[slots], 1 for each instrument that it gets; None is all."""

    def quote(self, data: DataSet) -> dict[str, Any] | None:
        """Return the quote to give to a subscriber that has caught up, if it gets quotes."""


class TradesLane:
    """``tick`` of all instruments or of some, as JSON."""

    def __init__(self, serializer: str, symbols: tuple[str, ...] | None) -> None:
        self.topic = REALTIME
        self.serializer = serializer
        self.name = "/".join((serializer, *symbols)) if symbols else serializer
        self._envelope = Envelope.of(serializer, REALTIME, "tick")
        self._choice = _Choice(symbols)

    def encode(
        self, data: DataSet, shard: int, ticks: Ticks, positions: list[int], *, live: bool
    ) -> tuple[bytes, int]:
        """Encode trades; see Lane."""
        before, after = around(positions, shard) if data.shards > 1 else ("", "")
        return data.encoder.trades(
            ticks, self._envelope, before=before, after=after, wanted=self._choice.mask(data)
        )

    def wanted(self, data: DataSet) -> Mask | None:
        """Return the chosen slots; see Lane."""
        return self._choice.mask(data)

    def quote(self, data: DataSet) -> dict[str, Any] | None:
        """Return None: quotes are for topics of one instrument."""
        return None


class InstrumentLane:
    """``tick`` and ``quote`` of one instrument, as JSON."""

    def __init__(self, serializer: str, symbol: str) -> None:
        self.topic = topic_of(symbol)
        self.serializer = self.name = serializer
        self._symbol = symbol
        self._choice = _Choice((symbol,))
        self._tick = Envelope.of(serializer, self.topic, "tick")
        self._quote = Envelope.of(serializer, self.topic, "quote")

    def encode(
        self, data: DataSet, shard: int, ticks: Ticks, positions: list[int], *, live: bool
    ) -> tuple[bytes, int]:
        """Encode trades and, live, quotes: quotes are state, so who is behind gets the newest."""
        listing = _listing(data, self._symbol, shard)
        if listing is None:
            return b"", 0
        quote = data.quote(listing.slot) if live else None
        return data.encoder.instrument(ticks, listing.slot, self._tick, self._quote, quote)

    def wanted(self, data: DataSet) -> Mask | None:
        """Return the chosen slots; see Lane."""
        return self._choice.mask(data)

    def quote(self, data: DataSet) -> dict[str, Any] | None:
        """Return the top of book; see Lane."""
        listing = data.instruments.find(self._symbol)
        return None if listing is None else data.quote_as_json(listing)


class BinaryLane:
    """``ticks``: the records themselves, of all kinds, in V2 binary broadcasts."""

    serializer = "v2"

    def __init__(self, topic: str, symbols: tuple[str, ...] | None, symbol: str | None) -> None:
        self.topic = topic
        self.name = "/".join((self.serializer, BINARY, *(symbols or ())))
        self._symbol = symbol
        self._choice = _Choice((symbol,) if symbol is not None else symbols)
        self._serializer = V2Serializer()

    def encode(
        self, data: DataSet, shard: int, ticks: Ticks, positions: list[int], *, live: bool
    ) -> tuple[bytes, int]:
        """Pack ticks; see Lane."""
        slot = -1
        if self._symbol is not None:
            listing = _listing(data, self._symbol, shard)
            if listing is None:
                return b"", 0
            slot = listing.slot
        payload = data.encoder.binary(
            ticks, shard, wanted=None if slot >= 0 else self._choice.mask(data), slot=slot
        )
        if not payload:
            return b"", 0
        return self._serializer.encode_broadcast(self.topic, "ticks", payload), 1

    def pack(
        self, data: DataSet, shard: int, first: int, span: int, rows: NDArray[np.void]
    ) -> tuple[bytes, int]:
        """Pack the given ticks for positions ``[first, first + span)`` of a shard."""
        frames = []
        while span > 0:
            part = min(span, MAX_SPAN)
            given = rows if part == span else rows[:0]  # the last payload has them
            payload = binary_payload(data.epoch, shard, first, part, given)
            frames.append(self._serializer.encode_broadcast(self.topic, "ticks", payload))
            first, span = first + part, span - part
        return b"".join(frames), len(frames)

    def wanted(self, data: DataSet) -> Mask | None:
        """Return the chosen slots; see Lane."""
        return self._choice.mask(data)

    def quote(self, data: DataSet) -> dict[str, Any] | None:
        """Return None: the records include those of the top of book."""
        return None


def _listing(data: DataSet, symbol: str, shard: int) -> Listing | None:
    listing = data.instruments.find(symbol)
    return listing if listing is not None and listing.shard == shard else None


class _Choice:
    """A filter by symbols as a mask over slots, made anew when the table changes."""

    def __init__(self, symbols: tuple[str, ...] | None) -> None:
        self._symbols = frozenset(symbols) if symbols else None
        self._of: tuple[DataSet, int] | None = None
        self._mask: Mask | None = None

    def mask(self, data: DataSet) -> Mask | None:
        """Return uint8[slots], or None for all."""
        if self._symbols is None:
            return None
        if self._of != (data, data.instruments.version):
            listings = data.instruments.listings
            self._mask = np.array([row.symbol in self._symbols for row in listings], np.uint8)
            self._of = data, data.instruments.version
        return self._mask


class Lanes:
    """The lanes that have subscribers, live or catching up."""

    def __init__(self) -> None:
        self._lanes: dict[str, dict[str, Lane]] = {}
        self._holders: Counter[tuple[str, str]] = Counter()

    def hold[L: Lane](self, lane: L) -> Lane:
        """Register a subscriber's lane; return the one that all of its kind share."""
        self._holders[lane.topic, lane.name] += 1
        return self._lanes.setdefault(lane.topic, {}).setdefault(lane.name, lane)

    def release(self, lane: Lane) -> None:
        """Take one subscriber away."""
        key = lane.topic, lane.name
        self._holders[key] -= 1
        if self._holders[key] == 0:
            del self._holders[key], self._lanes[lane.topic][lane.name]
            if not self._lanes[lane.topic]:
                del self._lanes[lane.topic]

    def of(self, topic: str) -> Mapping[str, Lane]:
        """Return the lanes of a topic by name."""
        return self._lanes.get(topic, {})

    def topics(self) -> list[str]:
        """Return the topics with subscribers."""
        return list(self._lanes)
