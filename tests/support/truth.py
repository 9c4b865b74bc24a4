"""Reference state of a market after each of its ticks, computed one tick at a time."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from typing import Any, NamedTuple

from tickfire.server.market.ticks.positions import WireId
from tickfire.store.schema import TICK_ASK, TICK_BID, TICK_TRADE, Stream, shard_of


class Top(NamedTuple):
    """The state of one instrument, prices in 1e-9; a side is its price and size."""

    last: int | None = None
    volume: int = 0
    bid: tuple[int, int] | None = None
    ask: tuple[int, int] | None = None


class Truth:
    """The states of all instruments of one stream at each position.

    Attributes
    ----------
    trades : dict of int to list of (position, price, size, time)
        The trades of each instrument.
    """

    def __init__(self) -> None:
        self.position = 0
        self.trades: dict[int, list[tuple[int, int, int, int]]] = {}
        self._tops: dict[int, list[tuple[int, Top]]] = {}

    def take(self, rows: Any) -> None:
        """Add TICK[], at the positions after those so far."""
        names = ("instrument_id", "kind", "price", "size", "ts_event")
        for instrument, kind, price, size, at in zip(
            *(rows[name].tolist() for name in names), strict=True
        ):
            self.position += 1
            tops = self._tops.setdefault(instrument, [(0, Top())])
            top = tops[-1][1]
            if kind == TICK_TRADE:
                self.trades.setdefault(instrument, []).append((self.position, price, size, at))
                top = top._replace(last=price, volume=top.volume + size)
            elif kind == TICK_BID:
                top = top._replace(bid=(price, size))
            elif kind == TICK_ASK:
                top = top._replace(ask=(price, size))
            else:
                top = top._replace(bid=None, ask=None)
            tops.append((self.position, top))

    def top(self, instrument: int, position: int) -> Top:
        """Return the state of an instrument after the tick at a position."""
        tops = self._tops.get(instrument, [(0, Top())])
        return tops[bisect_right(tops, position, key=lambda at: at[0]) - 1][1]

    def bars(
        self, instrument: int, interval: int, position: int, begin: int = 0
    ) -> dict[int, list[int]]:
        """Return open, high, low, close, volume and trades by start, after a position.

        Times are in ns; bars that start before `begin` are left out.
        """
        bars: dict[int, list[int]] = {}
        trades = self.trades.get(instrument, [])
        for at, price, size, time in trades[bisect_right(trades, begin, key=lambda one: one[3]) :]:
            if at > position:
                break
            bar = bars.setdefault(time // interval * interval, [price, price, price, price, 0, 0])
            bar[1], bar[2], bar[3] = max(bar[1], price), min(bar[2], price), price
            bar[4] += size
            bar[5] += 1
        return bars


class Truths:
    """The states of the instruments of some feeds.

    Parameters
    ----------
    shards : mapping of int to int
        The number of shards of each feed.
    symbols : mapping of (int, int) to str
        The symbol of each feed and instrument id.
    """

    def __init__(self, shards: Mapping[int, int], symbols: Mapping[tuple[int, int], str]) -> None:
        self.symbols = symbols
        self._keys = {symbol: key for key, symbol in symbols.items()}
        self._streams = {
            (feed, key): Stream(feed, shard_of(feed, key, shards[feed])) for feed, key in symbols
        }
        self._truths = {
            Stream(feed, shard): Truth() for feed in shards for shard in range(shards[feed])
        }

    def take(self, feed: int, rows: Any) -> None:
        """Add TICK[] of a feed, at the positions after those so far."""
        streams = [self._streams[feed, key] for key in rows["instrument_id"].tolist()]
        for stream in dict.fromkeys(streams):
            self._truths[stream].take(rows[[of == stream for of in streams]])

    def stream(self, symbol: str) -> Stream:
        """Return the stream that an instrument is in."""
        return self._streams[self._keys[symbol]]

    def position(self, symbol: str, wire_id: str) -> int:
        """Return the position of the tick with an id, or that an id has reached."""
        stream = self.stream(symbol)
        part = WireId.parse(wire_id).part(stream.feed)
        assert part is not None, wire_id
        if part.unfinished is not None and part.unfinished.shard == stream.shard:
            return part.unfinished.sent
        return part.positions[stream.shard]

    def top(self, symbol: str, position: int) -> Top:
        """Return the state of an instrument after the tick at a position of its stream."""
        _, key = self._keys[symbol]
        return self._truths[self.stream(symbol)].top(key, position)

    def bars(
        self, symbol: str, interval: int, position: int, begin: int = 0
    ) -> dict[int, list[int]]:
        """Return the bars of an instrument; see `Truth.bars`."""
        _, key = self._keys[symbol]
        return self._truths[self.stream(symbol)].bars(key, interval, position, begin)
