"""Clients' states of the market's topics, folded from the join reply and the events.

What each event leads to is held against a reference at the position that the event tells.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import redis

from tests.support.candles import as_row
from tests.support.publisher import SECOND, Publisher
from tests.support.truth import Truths
from tickfire.base.units import decimal
from tickfire.server.market.ticks.positions import WireId
from tickfire.store.schema import BINARY_HEADER_2, TICK, TICK_TRADE, Stream

SYMBOLS = {
    **{(1, 1): "AAA", (1, 2): "BBB", (1, 3): "DDD"},
    **{(2, 1): "2/AAA", (2, 2): "EEE", (2, 5): "CCC"},
}
SHARDS = {1: 1, 2: 2}
"""The number of shards of each feed; the last symbol is in another shard than those before it."""


def publishers_of(client: redis.Redis) -> dict[int, Publisher]:
    """Return a publisher of each feed, with its instruments."""
    publishers = {feed: Publisher(client, shards, feed) for feed, shards in SHARDS.items()}
    for (feed, key), symbol in SYMBOLS.items():
        publishers[feed].instruments({key: symbol.removeprefix(f"{feed}/")})
    return publishers


INTERVAL_S = 1


class Fold:
    """The state of one topic as a client has it.

    Attributes
    ----------
    since : str or None
        The id from which the client can resume.
    """

    topic: str
    params: dict[str, Any] = {}  # noqa: RUF012

    def __init__(self, truth: Truths) -> None:
        self.truth = truth
        self.since: str | None = None

    def begin(self, reply: Any) -> None:
        """Start from a join reply."""

    def take(self, event: str, payload: Any) -> None:
        """Process an event."""

    def state(self) -> Any:
        """Return the state that is compared with a fold of the reply to a new join."""


class Volumes(Fold):
    """Volume and last price of each instrument, by ticks."""

    topic = "market:realtime"
    symbols: tuple[str, ...] = tuple(SYMBOLS.values())

    def begin(self, reply: Any) -> None:
        if self.since is not None:
            assert reply["recovered"] is True
            return
        self.since = reply["id"]
        at = {symbol: self.truth.position(symbol, reply["id"]) for symbol in self.symbols}
        self.reached = {self.truth.stream(symbol): position for symbol, position in at.items()}
        self.volumes = {symbol: self.truth.top(symbol, at[symbol]).volume for symbol in at}

    def take(self, event: str, payload: Any) -> None:
        assert event != "gap"
        if event != "tick":
            return
        symbol, self.since = payload["symbol"], payload["id"]
        self._reach(self.truth.stream(symbol), self.truth.position(symbol, payload["id"]))
        self.volumes[symbol] += payload["volume"]
        top = self.truth.top(symbol, self.reached[self.truth.stream(symbol)])
        assert self.volumes[symbol] == top.volume, (payload, self.params)
        assert top.last is not None and payload["price"] == decimal(top.last)

    def _reach(self, stream: Stream, position: int) -> None:
        assert position > self.reached[stream], "in order"
        self.reached[stream] = position

    def state(self) -> Any:
        return self.volumes


class Some(Volumes):
    symbols = ("BBB", "CCC")
    params = {"symbols": ["BBB", "CCC"]}  # noqa: RUF012


class Merged(Volumes):
    params = {"max_hz": 50}  # noqa: RUF012


class Instrument(Volumes):
    """The snapshot of one instrument."""

    topic = "market:AAA"
    symbols = ("AAA",)

    def begin(self, reply: Any) -> None:
        super().begin(reply)
        if "recovered" not in reply:
            snapshot, (symbol,) = reply["snapshot"], self.symbols
            at = self.truth.position(symbol, reply["id"])
            top = self.truth.top(symbol, at)
            assert snapshot["volume"] == self.volumes[symbol] == top.volume
            assert snapshot["last"] == (None if top.last is None else decimal(top.last))
            self.quote = self._sides(snapshot)
            assert self.quote == self._true_sides(at)

    def take(self, event: str, payload: Any) -> None:
        super().take(event, payload)
        if event == "quote":
            (symbol,) = self.symbols
            self.quote = self._sides(payload)
            assert self.quote == self._true_sides(self.truth.position(symbol, payload["id"]))

    @staticmethod
    def _sides(payload: Any) -> list[Any]:
        return [payload[name] for name in ("bid", "bid_size", "ask", "ask_size")]

    def _true_sides(self, at: int) -> list[Any]:
        top = self.truth.top(*self.symbols, at)
        values: list[Any] = []
        for value in (top.bid, top.ask):
            values += [None, None] if value is None else [decimal(value[0]), value[1]]
        return values

    def state(self) -> Any:
        return self.volumes, self.quote


class SecondInstrument(Instrument):
    """One instrument of the second feed, with a symbol that the first has, too."""

    topic = "market:2/AAA"
    symbols = ("2/AAA",)


class MergedInstrument(SecondInstrument):
    params = {"max_hz": 40}  # noqa: RUF012


class Packed(Volumes):
    """Volume of each instrument, by packed ticks."""

    params = {"encoding": "binary", "header": 2}  # noqa: RUF012

    def take(self, event: str, payload: Any) -> None:
        super().take(event, payload)
        if event != "ticks":
            return
        header = np.frombuffer(payload[: BINARY_HEADER_2.itemsize], BINARY_HEADER_2)[0]
        rows = np.frombuffer(payload[BINARY_HEADER_2.itemsize :], TICK)
        stream = Stream(int(header["feed"]), int(header["shard"]))
        assert header["position"] == self.reached[stream] + 1
        self._reach(stream, self.reached[stream] + int(header["span"]))
        self.since = self._after(stream)
        for row in rows[rows["kind"] == TICK_TRADE]:
            self.volumes[SYMBOLS[stream.feed, int(row["instrument_id"])]] += int(row["size"])
        for symbol in self.symbols:
            if self.truth.stream(symbol) == stream:
                top = self.truth.top(symbol, self.reached[stream])
                assert self.volumes[symbol] == top.volume

    def _after(self, stream: Stream) -> str:
        """Return the id from which to resume after all positions that were reached."""
        assert self.since is not None
        parts = [
            part.moved(tuple(
                self.reached[stream] if Stream(part.feed, shard) == stream else position
                for shard, position in enumerate(part.positions)
            ))
            for part in WireId.parse(self.since).parts
        ]  # fmt: skip
        return str(WireId(tuple(parts)))


class PackedMerged(Packed):
    params = {"encoding": "binary", "header": 2, "max_hz": 50}  # noqa: RUF012


class Candles(Fold):
    """Bars of one instrument."""

    topic = f"candles:AAA:{INTERVAL_S}s"
    symbol = "AAA"

    def begin(self, reply: Any) -> None:
        self.rows = {row[0]: row for row in reply["candles"]}
        true = self._true(reply["id"])
        assert {start: row[1:7] for start, row in self.rows.items()} == {
            start: true[start] for start in self.rows
        }

    def take(self, event: str, payload: Any) -> None:
        if event == "reset":
            self.begin(payload)
        elif event == "candle":
            row = as_row(payload)
            self.rows[row[0]] = row
            true = self._true(payload["id"], row[0])
            assert row[1:7] == true[row[0]], payload

    def _true(self, wire_id: str, begin_ms: int = 0) -> dict[int, list[Any]]:
        at = self.truth.position(self.symbol, wire_id)
        begin = begin_ms * 1_000_000 - 1
        bars = self.truth.bars(self.symbol, INTERVAL_S * SECOND, at, begin)
        return {
            start // 1_000_000: [*map(decimal, bar[:4]), *bar[4:]] for start, bar in bars.items()
        }

    def state(self) -> Any:
        return [self.rows[start] for start in sorted(self.rows)][-100:]


class SecondCandles(Candles):
    """Bars of an instrument of the second feed."""

    topic = f"candles:CCC:{INTERVAL_S}s"
    symbol = "CCC"


class Indicator(Fold):
    topic = f"indicators:AAA:{INTERVAL_S}s:sma(3)"

    def begin(self, reply: Any) -> None:
        self.values = dict(reply["values"])

    def take(self, event: str, payload: Any) -> None:
        if event == "reset":
            self.begin(payload)
        elif event == "value":
            self.values[payload["time"]] = payload["value"]

    def state(self) -> Any:
        return [[time, self.values[time]] for time in sorted(self.values)][-100:]


class Stats(Fold):
    topic = "stats:AAA"

    def begin(self, reply: Any) -> None:
        self.stats = dict(reply["stats"])

    def take(self, event: str, payload: Any) -> None:
        if event == "stat":
            self.stats.pop(payload["name"], None)
            if not payload["deleted"]:
                self.stats[payload["name"]] = payload

    def state(self) -> Any:
        return self.stats


class Book(Fold):
    topic = "book:AAA"

    def begin(self, reply: Any) -> None:
        self.book = reply["book"]

    def take(self, event: str, payload: Any) -> None:
        if event == "book":
            self.book = payload

    def state(self) -> Any:
        return self.book


class Quotes(Fold):
    """The tops of all publishers of an instrument."""

    topic = "quotes:2/AAA"

    def begin(self, reply: Any) -> None:
        self.quotes = reply["quotes"]

    def take(self, event: str, payload: Any) -> None:
        if event == "quotes":
            self.quotes = payload

    def state(self) -> Any:
        return self.quotes


class Headlines(Fold):
    topic = "news:headlines"

    def begin(self, reply: Any) -> None:
        self.lines = {line["id"]: line for line in reply["headlines"]}

    def take(self, event: str, payload: Any) -> None:
        self.lines[payload["id"]] = payload

    def state(self) -> Any:
        return list(self.lines.values())[-50:]


class Signals(Headlines):
    topic = "signals:all"

    def begin(self, reply: Any) -> None:
        self.lines = {line["id"]: line for line in reply["signals"]}

    def take(self, event: str, payload: Any) -> None:
        self.lines[payload["id"]] = {"event": event, **payload}


FOLDS: tuple[Callable[[Truths], Fold], ...] = (
    *(Volumes, Some, Merged, Instrument, SecondInstrument, MergedInstrument, Packed, PackedMerged),
    *(Candles, SecondCandles, Indicator, Stats, Book, Quotes, Headlines, Signals),
)
