"""Records of the market's topics; prices are exact, times are of the Unix epoch."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

import msgspec

CANDLE_FIELDS: Final = ("time", "open", "high", "low", "close", "volume", "trades", "vwap")
"""Fields of a bar in the array of a history."""


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """Base class of the records."""


class Tick(Record, frozen=True, kw_only=True):
    """A trade.

    `timestamp` is in ms, `ts_event` the same instant in ns; `side` is the aggressor: "A", "B" or
    "N". `id` can be passed as `since`. Where ticks are merged, it stands for several trades:
    `price` is the last one's, `volume` the total.
    """

    symbol: str
    price: Decimal
    volume: int
    timestamp: int
    ts_event: int
    side: str
    id: str


class Quote(Record, frozen=True, kw_only=True):
    """The top of book; `timestamp` in ms, `ts_event` in ns.

    Price and size of an absent side are None.
    """

    symbol: str
    bid: Decimal | None
    ask: Decimal | None
    bid_size: int | None
    ask_size: int | None
    timestamp: int
    ts_event: int
    id: str


class Candle(Record, frozen=True, kw_only=True):
    """A bar.

    `time` is its start in ms. It is running still where `closed` is False. `vwap` is None where the
    number of trades is not known.
    """

    symbol: str
    interval: str
    time: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: int
    trades: int
    vwap: Decimal | None
    closed: bool


class Level(msgspec.Struct, frozen=True, array_like=True):
    """One price of a side of the book; `orders` is 0 where the venue does not tell."""

    price: Decimal
    size: int
    orders: int


class Book(Record, frozen=True, kw_only=True):
    """The best levels of the order book, best first; `timestamp` in ms, `ts_event` in ns."""

    symbol: str
    bids: list[Level]
    asks: list[Level]
    publishers: list[int]
    unsynced: bool
    crossed: bool
    timestamp: int
    ts_event: int


class Headline(Record, frozen=True, kw_only=True):
    """A news headline; `published` in ms. `sentiment` is None until, or unless, it is known."""

    id: str
    title: str
    summary: str
    url: str
    source: str
    origin: str
    published: int
    symbols: list[str]
    sentiment: dict[str, Any] | None


class Signal(Record, frozen=True, kw_only=True):
    """An anomaly, a pattern or a signal of a model, as `event` says; `timestamp` in ms.

    `detail` holds the further fields, which depend on the model.
    """

    event: str
    id: str
    symbol: str
    timestamp: int
    model: str
    detail: dict[str, Any]

    @classmethod
    def of(cls, event: str, payload: dict[str, Any]) -> Signal:
        """Return the record of a payload."""
        detail = {key: value for key, value in payload.items() if key not in _OF_ALL_SIGNALS}
        common = {key: payload[key] for key in _OF_ALL_SIGNALS}
        return msgspec.convert({**common, "event": event, "detail": detail}, cls)


_OF_ALL_SIGNALS: Final = ("id", "symbol", "timestamp", "model")


class Instrument(Record, frozen=True, kw_only=True):
    """An instrument. `tick_size` is None where the feed does not give it."""

    symbol: str
    raw_symbol: str | None
    asked: str | None
    feed: int
    instrument_id: int
    tick_size: Decimal | None
    venue: str | None
    time_zone: str | None
