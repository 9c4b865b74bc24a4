"""A market under a test's control: the topics of docs/topics.md over a real Phoenix V2 socket.

Nothing moves on a stage unless a test says so, which is what comparing pixels and exact prices
needs and a live market cannot give. History is a seeded random walk on a tick grid.
"""

from __future__ import annotations

import asyncio
import functools
import json
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from tests.support.browser.serving import Serving
from tickfire.base.calendar.bounds import bounds_of
from tickfire.base.calendar.hours import ALWAYS, TradingHours
from tickfire.base.units import NS_PER_MS
from tickfire.store.schema import INTERVALS_S

JOIN_TIMEOUT_S: Final = 60
START_MS: Final = 1_719_840_600_000  # 2024-07-01 13:30 UTC
HOPS: Final = ["received", "parsed", "written", "read", "encoded", "sent"]
HEADERS: Final = {
    "content-security-policy": "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; "
    "worker-src 'self' blob:; connect-src 'self'",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-embedder-policy": "require-corp",
    "cross-origin-resource-policy": "same-origin",
}

Bar = list[Any]
"""time ms, open, high, low, close, volume, trades, vwap"""


@dataclass
class Instrument:
    """One symbol with its candles by interval."""

    symbol: str
    tick_size: str
    number: int
    price: Decimal
    bars: dict[str, list[Bar]] = field(default_factory=dict)
    hours: TradingHours = ALWAYS
    raw_symbol: str | None = None

    def start_of(self, interval: str, at_ms: int) -> int:
        """Return the time, in ms, of the candle that holds a time."""
        bounds = bounds_of(INTERVALS_S[interval], self.hours)
        return bounds.start_of(at_ms * NS_PER_MS) // NS_PER_MS

    def text(self, ticks: int) -> str:
        return plain(Decimal(self.tick_size) * ticks)


def plain(price: Decimal) -> str:
    """Return a price without trailing zeros and without an exponent."""
    text = f"{price:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def walk(instrument: Instrument, interval: str, count: int) -> list[Bar]:
    """Return `count` seeded candles that end before START_MS at about the instrument's price."""
    of = (instrument.symbol, instrument.tick_size, instrument.price, instrument.hours)
    return [bar.copy() for bar in _walk(*of, interval, count)]


@functools.cache
def _walk(
    symbol: str, tick_size: str, price: Decimal, hours: TradingHours, interval: str, count: int
) -> list[Bar]:
    instrument = Instrument(symbol, tick_size, 0, price, hours=hours)
    chance = random.Random(f"{symbol} {interval}")
    length_ms = INTERVALS_S[interval] * 1000
    close = int(instrument.price / Decimal(instrument.tick_size))
    bars: list[Bar] = []
    for age in range(1, count + 1):
        reach = 3 + int(8 * INTERVALS_S[interval] ** 0.25)
        step = chance.randint(-reach, reach)
        opened = close - step
        high = max(opened, close) + chance.randint(0, reach)
        low = min(opened, close) - chance.randint(0, reach)
        volume = chance.randint(20, 900) * (1 + abs(step))
        prices = [instrument.text(each) for each in (opened, high, low, close)]
        started = instrument.start_of(interval, START_MS) - age * length_ms
        bars.append([started, *prices, volume, volume // 7 + 1, prices[3]])
        close = opened
    return bars[::-1]


class Market:
    """The state that the topics show, and the sockets that watch it."""

    def __init__(self, history: int = 600) -> None:
        self.epoch = f"{random.Random(history).getrandbits(64):016x}"
        self.position = 0
        self.origin: str | None = None
        self.headlines: list[dict[str, Any]] = []
        self.signals: list[dict[str, Any]] = []
        self.books: dict[str, dict[str, Any]] = {}
        self.stats: dict[str, dict[str, Any]] = {}
        self.quotes: dict[str, dict[str, Any]] = {}
        self.feeds: list[dict[str, Any]] = []
        self.joins: list[tuple[str, dict[str, Any]]] = []
        self.pages: list[int] = []
        self.joined = threading.Condition()
        self.instruments: dict[str, Instrument] = {}
        self.subscribers: dict[str, list[Callable[[str], None]]] = {}
        listed = [
            ("CLQ4", "0.01", "82.46"),
            ("ESU4", "0.25", "5524.25"),
            ("GCQ4", "0.1", "2338.9"),
            ("NQU4", "0.25", "20018.5"),
            ("ZNU4", "0.015625", "109.96875"),
            ("EUR/USD", "0.00005", "1.0731"),
        ]
        for number, (symbol, tick_size, price) in enumerate(listed, 1):
            made = Instrument(symbol, tick_size, number, Decimal(price))
            made.bars = {name: walk(made, name, history) for name in INTERVALS_S}
            self.instruments[symbol] = made

    @property
    def id(self) -> str:
        return f"{self.epoch}-{self.position:x}"

    def table(self) -> list[dict[str, Any]]:
        return [
            {
                **{"symbol": i.symbol, "feed": 1, "instrument_id": i.number},
                **{"tick_size": i.tick_size, "hours": i.hours.as_json()},
                **{"raw_symbol": i.raw_symbol, "asked": None},
            }
            for i in self.instruments.values()
        ]

    def reply(self, topic: str, payload: dict[str, Any]) -> dict[str, Any] | str:
        """Return the response to a join, or the reason of a refusal."""
        with self.joined:
            self.joins.append((topic, payload))
            self.joined.notify_all()
        resumed = self.resumption(payload.get("since", ""))
        if topic == "market:realtime":
            about = {"origin": self.origin, "feeds": self.feeds, "id": self.id}
            told = {"instruments": self.table(), **about}
            return {**told, **resumed}
        if topic == "news:headlines":
            return {"headlines": self.headlines}
        if topic.startswith("signals:"):
            return {"signals": self.signals}
        if topic == "pipeline:trace":
            return {"hops": HOPS}
        if topic == "pipeline:health":
            now = str(time.time_ns())
            return {"now": now, "processes": [], "feeds": self.feeds, "hops": {}}
        kind, _, name = topic.partition(":")
        symbol, _, interval = name.rpartition(":") if kind == "candles" else (name, "", "")
        instrument = self.instruments.get(symbol)
        if instrument is None:
            return "unknown symbol"
        if kind == "book":
            return {"symbol": symbol, "book": self.books.get(symbol)}
        if kind == "quotes":
            return {"symbol": symbol, "quotes": self.quotes.get(symbol)}
        if kind == "stats":
            none: dict[str, Any] = {
                "symbol": symbol,
                "stats": {},
                "status": None,
                "imbalance": None,
            }
            return {**none, **self.stats.get(symbol, {})}
        if kind == "market":
            return {"symbol": symbol, "snapshot": snapshot(instrument), "id": self.id, **resumed}
        known, limit = instrument.bars[interval], payload.get("limit", 500)
        shape = {"symbol": symbol, "interval": interval, "tick_size": instrument.tick_size}
        return {**shape, "candles": known[-limit:], "more": len(known) > limit, "id": self.id}

    def page(self, topic: str, payload: dict[str, Any]) -> dict[str, Any]:
        """Return the response to a request for older candles."""
        symbol, _, interval = topic.removeprefix("candles:").rpartition(":")
        bars = self.instruments[symbol].bars[interval]
        older = [bar for bar in bars if bar[0] < payload["before"]]
        self.pages.append(payload["before"])
        page = older[-payload["limit"] :]
        oldest = page[0][0] if page else None
        return {"candles": page, "more": len(older) > len(page), "oldest": oldest, "id": self.id}

    def resumption(self, since: str) -> dict[str, Any]:
        if not since:
            return {}
        if since.startswith(self.epoch):
            return {"recovered": True}
        return {"recovered": False, "missed": {"from": since, "to": self.id}}

    def trade(self, symbol: str, price: str, volume: int, *, side: str, at_ms: int) -> None:
        """Let one trade happen: tick, quote and candle events go out."""
        instrument = self.instruments[symbol]
        instrument.price = Decimal(price)
        self.position += 1
        stamps = {"timestamp": at_ms, "ts_event": f"{at_ms}000000", "id": self.id}
        tick = {"symbol": symbol, "price": price, "volume": volume, "side": side, **stamps}
        self.broadcast("market:realtime", "tick", tick)
        self.broadcast(f"market:{symbol}", "tick", tick)
        quote = {key: snapshot(instrument)[key] for key in ("bid", "ask", "bid_size", "ask_size")}
        self.broadcast(f"market:{symbol}", "quote", {"symbol": symbol, **quote, **stamps})
        for interval in INTERVALS_S:
            self._fold(instrument, interval, price, volume, at_ms)

    def _fold(
        self, instrument: Instrument, interval: str, price: str, volume: int, at_ms: int
    ) -> None:
        bars = instrument.bars[interval]
        start = instrument.start_of(interval, at_ms)
        if not bars or bars[-1][0] < start:
            bars.append([start, price, price, price, price, 0, 0, price])
        bar = bars[-1]
        bar[2] = max(bar[2], price, key=Decimal)
        bar[3] = min(bar[3], price, key=Decimal)
        bar[4] = price
        notional = Decimal(bar[7]) * bar[5] + Decimal(price) * volume
        bar[5] += volume
        bar[6] += 1
        bar[7] = plain(round(notional / bar[5], 9))
        names = ("time", "open", "high", "low", "close", "volume", "trades", "vwap")
        candle = dict(zip(names, bar, strict=True))
        shape = {"symbol": instrument.symbol, "interval": interval, "closed": False}
        topic = f"candles:{instrument.symbol}:{interval}"
        self.broadcast(topic, "candle", {**shape, **candle, "id": self.id})

    def trace(self, symbol: str) -> None:
        """Tell of the way of a symbol's last trade, which took a moment."""
        now = str(time.time_ns())
        tick = {"symbol": symbol, "id": self.id, "price": plain(self.instruments[symbol].price)}
        figures = {"volume": 3, "ts_event": now, "ticks_per_s": 1, "clients": 1}
        self.broadcast("pipeline:trace", "trace", {**dict.fromkeys(HOPS, now), **tick, **figures})

    def broadcast(self, topic: str, event: str, payload: dict[str, Any]) -> None:
        frame = json.dumps([None, None, topic, event, payload])
        for send in self.subscribers.get(topic, []):
            send(frame)


def snapshot(instrument: Instrument) -> dict[str, Any]:
    """Return the top of book, one tick either side of the last price."""
    step = Decimal(instrument.tick_size)
    bid, ask = plain(instrument.price - step), plain(instrument.price)
    sizes = {"bid_size": 37, "ask_size": 12, "last_size": 3}
    last = plain(instrument.price)
    stamps = {"volume": 184_220, "timestamp": START_MS}
    return {"bid": bid, "ask": ask, "last": last, **sizes, **stamps}


class Connection:
    """One client's socket: joins, leaves, heartbeats, `clock`."""

    def __init__(self, market: Market, websocket: WebSocket) -> None:
        self.market = market
        self.websocket = websocket
        self.outbox: asyncio.Queue[str] = asyncio.Queue()
        self.topics: set[str] = set()
        self.send = self.outbox.put_nowait

    async def run(self) -> None:
        await self.websocket.accept()
        writer = asyncio.create_task(self._write())
        try:
            while True:
                self._take(*json.loads(await self.websocket.receive_text()))
        except WebSocketDisconnect:
            pass
        finally:
            writer.cancel()
            for topic in list(self.topics):
                self._leave(topic)

    async def _write(self) -> None:
        while True:
            await self.websocket.send_text(await self.outbox.get())

    def _take(self, join_ref: str, ref: str, topic: str, event: str, payload: Any) -> None:
        response: Any = {}
        status = "ok"
        if event == "phx_join":
            response = self.market.reply(topic, payload)
            if isinstance(response, str):
                status, response = "error", {"reason": response}
            else:
                self.topics.add(topic)
                self.market.subscribers.setdefault(topic, []).append(self.send)
        elif event == "phx_leave":
            self._leave(topic)
        elif event == "history":
            response = self.market.page(topic, payload)
        elif event == "clock":
            response = {"now": str(time.time_ns()), "buffered": 0}
        reply = {"status": status, "response": response}
        self.send(json.dumps([join_ref, ref, topic, "phx_reply", reply]))

    def _leave(self, topic: str) -> None:
        if topic in self.topics:
            self.topics.discard(topic)
            self.market.subscribers[topic].remove(self.send)


class WithHeaders:
    """ASGI middleware that sets the page's headers."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *_encoded()]
            await send(message)

        await self.app(scope, receive, with_headers if scope["type"] == "http" else send)


def _encoded() -> Iterator[tuple[bytes, bytes]]:
    return ((name.encode(), value.encode()) for name, value in HEADERS.items())


def create_app(market: Market, static: str) -> Starlette:
    """Return the application: the built page at `/`, the market at `/socket`."""

    async def socket(websocket: WebSocket) -> None:
        await Connection(market, websocket).run()

    routes = [
        WebSocketRoute("/socket/websocket", socket),
        Mount("/", StaticFiles(directory=static, html=True)),
    ]
    return Starlette(routes=routes, middleware=[Middleware(WithHeaders)])


class Stage:
    """A served market that the test moves."""

    def __init__(self, market: Market, static: Path, port: int = 0) -> None:
        self.market = market
        self.serving = Serving(create_app(market, str(static)), port)

    @property
    def url(self) -> str:
        return self.serving.url

    def wait_join(self, topic: str) -> None:
        """Wait until a client has joined `topic`, and its reply is written."""
        with self.market.joined:
            joins = self.market.joins
            assert self.market.joined.wait_for(lambda: topic in dict(joins), JOIN_TIMEOUT_S)
        self.serving.call(lambda: None)

    def trade(self, symbol: str, price: str, volume: int, *, at_ms: int, side: str = "B") -> None:
        """Let one trade happen."""
        self.serving.call(lambda: self.market.trade(symbol, price, volume, side=side, at_ms=at_ms))

    def trace(self, symbol: str) -> None:
        """Tell of the way of a symbol's last trade."""
        self.serving.call(lambda: self.market.trace(symbol))


@contextmanager
def staged(market: Market, static: Path, port: int = 0) -> Iterator[Stage]:
    """Serve a market that the test moves, with the files of a folder."""
    stage = Stage(market, static, port)
    stage.serving.start()
    try:
        yield stage
    finally:
        stage.serving.stop()
