"""`View`: one way of showing ticks to clients, by encoding and by choice of instruments.

All subscribers with the same view of a topic share its frames. A view's name begins with its
serializer and is the name of its lane in the hub; the views named ``v1`` and ``v2`` show all ticks
of their topic as JSON.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from tickfire.base.shared import Shared
from tickfire.phoenix import V1Serializer, V2Serializer
from tickfire.server.market.ticks.encode import BinaryHeader, Envelope, Ticks, binary_payload
from tickfire.server.market.ticks.positions import Bounds, Positions, around
from tickfire.server.market.ticks.source import Listing, TickData, topic_of
from tickfire.store.schema import Stream

REALTIME: Final = "market:realtime"
BINARY: Final = "binary"
SERIALIZERS: Final[Mapping[str, V1Serializer | V2Serializer]] = {
    "v1": V1Serializer(),
    "v2": V2Serializer(),
}

type Mask = NDArray[np.uint8]


def symbol_of(topic: str) -> str | None:
    """Return the symbol of the instrument that a topic is about, None if it is about all."""
    return None if topic == REALTIME else topic.partition(":")[2]


class View(Protocol):
    """One way of showing a topic's ticks.

    Attributes
    ----------
    topic, name : str
    serializer : str
        ``"v1"`` or ``"v2"``, for the events other than ticks.
    """

    topic: str
    name: str
    serializer: str

    def encode(
        self,
        data: TickData,
        stream: Stream,
        ticks: Ticks,
        positions: Positions,
        *,
        live: bool,
        bounds: Bounds | None = None,
    ) -> tuple[bytes, int]:
        """Encode consecutive ticks of one stream.

        Parameters
        ----------
        data : TickData
        stream : Stream
        ticks : Ticks
        positions : mapping of Stream to int
            The positions of all streams, for the ids.
        live : bool
            True if the top of book in `data` is the one right before these ticks.
        bounds : Bounds, optional
            Those of the write of a merged tick that earlier ticks of other instruments follow.

        Returns
        -------
        frames : bytes
            Finished frames, one after another.
        count : int
            The number of frames.
        """

    def wanted(self, data: TickData) -> Mask | None:
        """Return uint8[slots], 1 for each instrument that is shown, or None for all."""

    def quote(self, data: TickData) -> dict[str, Any] | None:
        """Return the ``quote`` for a subscriber that has caught up, None if it gets no quotes."""


class TradesView:
    """``tick`` events of all or some instruments, as JSON."""

    def __init__(self, serializer: str, symbols: tuple[str, ...] | None) -> None:
        self.topic = REALTIME
        self.serializer = serializer
        self.name = "/".join((serializer, *symbols)) if symbols else serializer
        self._envelope = Envelope.of(serializer, REALTIME, "tick")
        self._filter = _SymbolFilter(symbols)

    def encode(
        self,
        data: TickData,
        stream: Stream,
        ticks: Ticks,
        positions: Positions,
        *,
        live: bool,
        bounds: Bounds | None = None,
    ) -> tuple[bytes, int]:
        """Encode the trades; see `View`."""
        before, after = around(data.epochs, positions, stream, bounds)
        return data.encoder.trades(
            ticks, self._envelope, before=before, after=after, wanted=self._filter.mask(data)
        )

    def wanted(self, data: TickData) -> Mask | None:
        """Return the mask of the chosen instruments; see `View`."""
        return self._filter.mask(data)

    def quote(self, data: TickData) -> dict[str, Any] | None:
        """Return None: only topics of one instrument have quotes."""
        return None


class InstrumentView:
    """``tick`` and ``quote`` events of one instrument, as JSON."""

    def __init__(self, serializer: str, symbol: str) -> None:
        self.topic = topic_of(symbol)
        self.serializer = self.name = serializer
        self._symbol = symbol
        self._filter = _SymbolFilter((symbol,))
        self._tick = Envelope.of(serializer, self.topic, "tick")
        self._quote = Envelope.of(serializer, self.topic, "quote")

    def encode(
        self,
        data: TickData,
        stream: Stream,
        ticks: Ticks,
        positions: Positions,
        *,
        live: bool,
        bounds: Bounds | None = None,
    ) -> tuple[bytes, int]:
        """Encode the trades, and the quotes if live; see `View`.

        Quotes are state, not history: a subscriber that catches up gets the newest one at the end.
        """
        listing = _listing(data, self._symbol, stream)
        if listing is None:
            return b"", 0
        quote = data.quote(listing.slot) if live else None
        own = {one: at for one, at in positions.items() if one.feed == stream.feed}
        before, after = around(data.epochs, own, stream, bounds)
        return data.encoder.instrument(
            ticks, listing.slot, self._tick, self._quote, quote, before=before, after=after
        )

    def wanted(self, data: TickData) -> Mask | None:
        """Return the mask of the instrument; see `View`."""
        return self._filter.mask(data)

    def quote(self, data: TickData) -> dict[str, Any] | None:
        """Return the top of book; see `View`."""
        listing = data.instruments.current(self._symbol)
        return None if listing is None else data.quote_as_json(listing)


class BinaryView:
    """``ticks`` events: packed TICKs of all kinds, in V2 binary broadcasts.

    Parameters
    ----------
    topic : str
    symbols : tuple of str or None
        The instruments to show; None for all, or for the one of `symbol`.
    symbol : str or None
        The instrument that the topic is about.
    version : int
        The version of the header, a key of `BINARY_HEADERS`.
    """

    serializer = "v2"

    def __init__(
        self, topic: str, symbols: tuple[str, ...] | None, symbol: str | None, version: int = 1
    ) -> None:
        self.topic = topic
        self.name = "/".join((self.serializer, f"{BINARY}{version}", *(symbols or ())))
        self._version = version
        self._symbol = symbol
        self._filter = _SymbolFilter((symbol,) if symbol is not None else symbols)
        self._serializer = V2Serializer()

    def encode(
        self,
        data: TickData,
        stream: Stream,
        ticks: Ticks,
        positions: Positions,
        *,
        live: bool,
        bounds: Bounds | None = None,
    ) -> tuple[bytes, int]:
        """Pack the ticks; see `View`."""
        slot = -1
        if self._symbol is not None:
            listing = _listing(data, self._symbol, stream)
            if listing is None:
                return b"", 0
            slot = listing.slot
        wanted = None if slot >= 0 else self._filter.mask(data)
        payload = data.encoder.binary(ticks, self._header(data, stream), wanted=wanted, slot=slot)
        if not payload:
            return b"", 0
        return self._serializer.encode_broadcast(self.topic, "ticks", payload), 1

    def pack(
        self, data: TickData, stream: Stream, first: int, span: int, rows: NDArray[np.void]
    ) -> bytes:
        """Return conflated ticks as one frame, which covers positions ``[first, first + span)``.

        Parameters
        ----------
        data : TickData
        stream : Stream
        first, span : int
        rows : TICK[]
        """
        payload = binary_payload(self._header(data, stream), first, span, rows)
        return self._serializer.encode_broadcast(self.topic, "ticks", payload)

    def _header(self, data: TickData, stream: Stream) -> BinaryHeader:
        return BinaryHeader(self._version, data.epochs[stream.feed].key, stream)

    def wanted(self, data: TickData) -> Mask | None:
        """Return the mask of the chosen instruments; see `View`."""
        return self._filter.mask(data)

    def quote(self, data: TickData) -> dict[str, Any] | None:
        """Return None: the ticks themselves include those of the top of book."""
        return None


def _listing(data: TickData, symbol: str, stream: Stream) -> Listing | None:
    listing = data.instruments.current(symbol)
    return listing if listing is not None and listing.stream == stream else None


class _SymbolFilter:
    """A choice of symbols as a mask over slots, computed again when the table changes."""

    def __init__(self, symbols: tuple[str, ...] | None) -> None:
        self._symbols = frozenset(symbols) if symbols else None
        self._computed_for: tuple[TickData, int] | None = None
        self._mask: Mask | None = None

    def mask(self, data: TickData) -> Mask | None:
        """Return uint8[slots], or None for all."""
        if self._symbols is None:
            return None
        if self._computed_for != (data, data.instruments.version):
            table = data.instruments
            shown = [not self._symbols.isdisjoint(table.names(row.slot)) for row in table.listings]
            self._mask = np.array(shown, np.uint8)
            self._computed_for = data, data.instruments.version
        return self._mask


class Views:
    """Views that have subscribers, live or catching up."""

    def __init__(self) -> None:
        self._shared = Shared[tuple[str, str], View]()
        self._by_topic: dict[str, dict[str, View]] = {}

    def hold(self, view: View) -> View:
        """Count a subscriber of a view; return the view of this name that all of them share."""
        shared = self._shared.hold((view.topic, view.name), lambda: view)
        self._by_topic.setdefault(view.topic, {})[view.name] = shared
        return shared

    def release(self, view: View) -> bool:
        """Count a subscriber less; return whether it was the last one."""
        if self._shared.release((view.topic, view.name)) is None:
            return False
        views = self._by_topic[view.topic]
        del views[view.name]
        if not views:
            del self._by_topic[view.topic]
        return True

    def of(self, topic: str) -> Mapping[str, View]:
        """Return the views of a topic by name."""
        return self._by_topic.get(topic, {})

    def topics(self) -> list[str]:
        """Return the topics that have subscribers."""
        return list(self._by_topic)
