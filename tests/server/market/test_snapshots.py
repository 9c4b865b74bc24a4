"""A client that folds join reply and events has the server's state at every moment.

Random programs of joins, leaves, resumes and clients that stop reading run against one server that
is fed meanwhile. What each event leads to is compared with a reference at the event's position, and
at rests with the reply to a new join.
"""

from __future__ import annotations

import asyncio
import os
import random
import socket
from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec
import numpy as np
import pytest

from tests.support.candles import as_row
from tests.support.eventually import eventually
from tests.support.phoenix_client import PhoenixClient
from tests.support.publisher import DAY, FEED, SECOND, STREAM, Publisher, tick
from tests.support.server import Serve, Server
from tests.support.truth import Truth
from tests.support.valkey import Valkey
from tickfire.base.units import decimal
from tickfire.models.records import SIGNALS_KEY, Signal
from tickfire.server.market.ticks import lag, subscription
from tickfire.server.market.ticks.positions import WireId
from tickfire.store.by_publisher import BOOKS, writes_of
from tickfire.store.reports import Statistic, encode_report, present_field, present_key, stream_of
from tickfire.store.schema import BINARY_HEADER, BOOK, TICK, TICK_TRADE

SYMBOLS = {1: "AAA", 2: "BBB"}
KEYS = {symbol: key for key, symbol in SYMBOLS.items()}
HIGH_WATER = 4 << 10
MAX_LAG_S = 0.05
INTERVAL_S = 1
PROGRAMS = int(os.environ.get("SNAPSHOT_PROGRAMS", "5"))
STEPS = 60
_NARROW_SENDING = socket.SOL_SOCKET, socket.SO_SNDBUF, 4 << 10


def position_of(wire_id: str) -> int:
    return WireId.parse(wire_id).parts[0].positions[0]


class Fold:
    """The state of one topic as a client has it."""

    topic: str
    params: dict[str, Any] = {}  # noqa: RUF012

    def __init__(self, truth: Truth) -> None:
        self.truth = truth
        self.since: str | None = None

    def begin(self, reply: Any) -> None:
        """Start from a join reply."""

    def take(self, event: str, payload: Any) -> None:
        """Process an event."""

    def state(self) -> Any:
        """Return what is compared with a fold of the reply to a new join."""


class Volumes(Fold):
    """Volume and last price of each instrument, by ticks."""

    topic = "market:realtime"
    keys: tuple[int, ...] = tuple(SYMBOLS)

    def begin(self, reply: Any) -> None:
        if self.since is None or not reply.get("recovered"):
            at = position_of(reply["id"])
            self.since, self.reached = reply["id"], at
            self.volumes = {key: self.truth.top(key, at).volume for key in self.keys}
        self.merged_to: str | None = None

    def take(self, event: str, payload: Any) -> None:
        assert event != "gap"
        if event == "status":
            self._status(payload)
        if event != "tick":
            return
        key, at = KEYS[payload["symbol"]], position_of(payload["id"])
        self.volumes[key] += payload["volume"]
        top = self.truth.top(key, at)
        assert self.volumes[key] == top.volume, (payload, self.params)
        assert top.last is not None and payload["price"] == decimal(top.last)
        if self.merged_to is None and "max_hz" not in self.params:
            assert at > self.reached, "in order"
            self.since, self.reached = payload["id"], at
        elif "max_hz" in self.params:
            self.since = None  # a merged tick is no place to resume from while others are to come

    def _status(self, payload: Any) -> None:
        self.since = self.merged_to or payload["from"]
        self.merged_to = payload["to"] if payload["state"] == "conflated" else None

    def state(self) -> Any:
        return self.volumes


class Some(Volumes):
    keys = (2,)
    params = {"symbols": ["BBB"]}  # noqa: RUF012


class Merged(Volumes):
    params = {"max_hz": 50}  # noqa: RUF012


class Instrument(Volumes):
    """The snapshot of one instrument."""

    topic = "market:AAA"
    keys = (1,)

    def begin(self, reply: Any) -> None:
        super().begin(reply)
        if "recovered" not in reply:
            snapshot = reply["snapshot"]
            top = self.truth.top(1, position_of(reply["id"]))
            assert snapshot["volume"] == self.volumes[1] == top.volume
            assert snapshot["last"] == (None if top.last is None else decimal(top.last))
            self.quote = self._sides(snapshot)
            assert self.quote == self._true_sides(position_of(reply["id"]))

    def take(self, event: str, payload: Any) -> None:
        super().take(event, payload)
        if event == "quote":
            self.quote = self._sides(payload)
            assert self.quote == self._true_sides(position_of(payload["id"]))

    @staticmethod
    def _sides(payload: Any) -> list[Any]:
        return [payload[name] for name in ("bid", "bid_size", "ask", "ask_size")]

    def _true_sides(self, at: int) -> list[Any]:
        top = self.truth.top(1, at)
        values: list[Any] = []
        for value in (top.bid, top.ask):
            values += [None, None] if value is None else [decimal(value[0]), value[1]]
        return values

    def state(self) -> Any:
        return self.volumes, self.quote


class MergedInstrument(Instrument):
    params = {"max_hz": 40}  # noqa: RUF012


class Packed(Fold):
    """Volume of each instrument, by packed ticks."""

    topic = "market:realtime"
    params = {"encoding": "binary"}  # noqa: RUF012

    def begin(self, reply: Any) -> None:
        if self.since is None or not reply.get("recovered"):
            self.since = reply["id"]
            self.reached = position_of(reply["id"])
            self.volumes = {key: self.truth.top(key, self.reached).volume for key in SYMBOLS}

    def take(self, event: str, payload: Any) -> None:
        assert event != "gap"
        if event != "ticks":
            return
        header = np.frombuffer(payload[: BINARY_HEADER.itemsize], BINARY_HEADER)[0]
        rows = np.frombuffer(payload[BINARY_HEADER.itemsize :], TICK)
        assert header["position"] == self.reached + 1
        self.reached += int(header["span"])
        assert self.since is not None
        (part,) = WireId.parse(self.since).parts
        self.since = str(WireId((part._replace(positions=(self.reached,)),)))
        for row in rows[rows["kind"] == TICK_TRADE]:
            self.volumes[int(row["instrument_id"])] += int(row["size"])
        for key, volume in self.volumes.items():
            assert volume == self.truth.top(key, self.reached).volume

    def state(self) -> Any:
        return self.volumes


class Candles(Fold):
    """Bars of one instrument."""

    topic = f"candles:AAA:{INTERVAL_S}s"

    def begin(self, reply: Any) -> None:
        self.rows = {row[0]: row for row in reply["candles"]}
        true = self._true(position_of(reply["id"]))
        assert {start: row[1:7] for start, row in self.rows.items()} == {
            start: true[start] for start in self.rows
        }

    def take(self, event: str, payload: Any) -> None:
        if event == "reset":
            self.begin(payload)
        elif event == "candle":
            row = as_row(payload)
            self.rows[row[0]] = row
            true = self._true(position_of(payload["id"]), row[0])
            assert row[1:7] == true[row[0]], payload

    def _true(self, at: int, begin_ms: int = 0) -> dict[int, list[Any]]:
        bars = self.truth.bars(1, INTERVAL_S * SECOND, at, begin_ms * 1_000_000 - 1)
        return {
            start // 1_000_000: [*map(decimal, bar[:4]), *bar[4:]] for start, bar in bars.items()
        }

    def state(self) -> Any:
        return [self.rows[start] for start in sorted(self.rows)][-100:]


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


FOLDS: tuple[Callable[[Truth], Fold], ...] = (
    *(Volumes, Some, Merged, Instrument, MergedInstrument, Packed),
    *(Candles, Indicator, Stats, Book, Headlines, Signals),
)


class Reader:
    """A client on one topic, which may stop reading."""

    def __init__(self, scene: Scene, fold: Fold) -> None:
        self._scene, self.fold = scene, fold
        self._taken = 0
        self.resumes = False

    async def join(self) -> None:
        self._client = await self._scene.client()
        since = self.fold.since if isinstance(self.fold, (Volumes, Packed)) else None
        resumed = {} if since is None else {"since": since}
        self._joined = await self._client.join(self.fold.topic, {**self.fold.params, **resumed})
        assert self._joined.status == "ok", self._joined.response
        self._taken = 0
        self.fold.begin(self._joined.response)

    def fold_all(self) -> None:
        """Process the events that have come."""
        events = self._joined.events
        for event, payload in events[self._taken :]:
            self.fold.take(event, payload)
        self._taken = len(events)

    def pause(self) -> None:
        self._client._socket.transport.pause_reading()

    def read_on(self) -> None:
        self._client._socket.transport.resume_reading()

    async def leave(self) -> None:
        self.fold_all()
        self.read_on()  # as the end of the connection is read, too
        await self._client.close()

    def events(self) -> list[Any]:
        return [event for event, _ in self._joined.events[-8:]]


class Scene:
    """A server, its feed, and the clients."""

    def __init__(self, server: Server, publisher: Publisher, seed: int = 0) -> None:
        self.server, self.publisher = server, publisher
        self.random = random.Random(seed)
        self.truth = Truth()
        self.readers: list[Reader] = []
        self.time = DAY
        self.number = 0

    async def client(self) -> PhoenixClient:
        client = await PhoenixClient.open(self.server.port, sock=_narrow(self.server.port))
        for connection in self.server.connections():
            connection.transport.get_extra_info("socket").setsockopt(*_NARROW_SENDING)
        return client

    # --- what happens
    def ticks(self) -> None:
        draw = self.random
        rows = np.concatenate([self._tick() for _ in range(draw.choice((1, 5, 40, 400)))])
        self.truth.take(rows)
        self.publisher.publish(rows, entry_size=draw.choice((1, 13, 100)))

    def _tick(self) -> Any:
        draw = self.random
        self.time += draw.choice((0, 0, 1000, SECOND // 7))
        kind = draw.choice(("trade", "trade", "trade", "bid", "ask", "clear"))
        size = 0 if kind == "clear" else 1 + draw.randrange(5)
        price = (100 + draw.randrange(9)) * SECOND
        return tick(kind, draw.choice(list(SYMBOLS)), price, size, self.time)

    def report(self) -> None:
        self.number += 1
        name = self.random.choice(("open_interest", "settlement_price"))
        deleted = self.random.random() < 0.3
        stat = Statistic(FEED, 1, name, None, self.number, DAY, DAY + 1, deleted=deleted)
        data, client = encode_report(stat), self.publisher.client
        client.xadd(stream_of(stat), {"d": data})
        client.hset(present_key(FEED), present_field(stat).decode(), data)

    def book(self) -> None:
        made = np.zeros(1, BOOK)
        made["instrument_id"], made["publisher_id"], made["feed"] = 1, 1, FEED
        self.number += 1
        made["ts_event"] = DAY + self.number
        for side, price in (("bid", 99), ("ask", 101)):
            made[f"{side}_price"][0, :] = price * SECOND
            made[f"{side}_size"][0, :], made[f"{side}_count"][0, :] = self.number, 1
        for each in writes_of(BOOKS, STREAM, made):
            self.publisher.client.execute_command(*each.command(0))

    def headline(self) -> None:
        self.number += 1
        self.publisher.headline(self.number)

    def signal(self) -> None:
        self.number += 1
        signal = Signal("signal", "AAA", DAY, {"number": self.number}, "m/1", 17)
        self.publisher.client.xadd(SIGNALS_KEY, {"d": msgspec.msgpack.encode(signal)})

    # --- what clients do
    async def join(self) -> None:
        reader = Reader(self, self.random.choice(FOLDS)(self.truth))
        await reader.join()
        self.readers.append(reader)

    def _any(self) -> Reader | None:
        return self.random.choice(self.readers) if self.readers else None

    async def leave(self) -> None:
        if (reader := self._any()) is not None:
            self.readers.remove(reader)
            await reader.leave()

    async def resume(self) -> None:
        if (reader := self._any()) is not None:
            await reader.leave()
            await reader.join()

    def pause(self) -> None:
        if (reader := self._any()) is not None:
            reader.pause()

    def read_on(self) -> None:
        if (reader := self._any()) is not None:
            reader.read_on()

    # --- comparison
    async def rest(self) -> None:
        """Let all clients read on, and compare each with a new one."""
        await self.server.reaches(self.publisher)
        for reader in self.readers:
            reader.read_on()
            await self._compare(reader)

    async def _compare(self, reader: Reader) -> None:
        fold = reader.fold

        async def agrees() -> bool:
            reader.fold_all()
            other = Reader(self, type(fold)(self.truth))
            await other.join()
            await other.leave()
            return bool(fold.state() == other.fold.state())

        try:
            await eventually(agrees, "", timeout_s=10)
        except AssertionError:
            raise AssertionError(
                f"{type(fold).__name__} {fold.state()} {reader.events()}"
            ) from None

    async def end(self) -> None:
        for reader in self.readers:
            await reader.leave()
        self.readers.clear()


def _narrow(port: int) -> socket.socket:
    """Return a connection that keeps little of what is not read."""
    narrow = socket.socket()
    narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 10)
    narrow.connect(("127.0.0.1", port))
    narrow.setblocking(False)
    return narrow


@pytest.fixture
async def scene(
    publisher: Publisher, valkey: Valkey, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Scene]:
    monkeypatch.setattr(subscription, "HIGH_WATER", HIGH_WATER)
    monkeypatch.setattr("tickfire.server.app.HIGH_WATER", HIGH_WATER)
    monkeypatch.setattr("tickfire.server.app.LOW_WATER", HIGH_WATER // 4)
    monkeypatch.setattr(lag, "PATIENCE", 1_000)
    server = await serve(valkey.url, max_lag_s=MAX_LAG_S)
    yield Scene(server, publisher)


ACTIONS = ("ticks",) * 8 + (
    *("report", "book", "headline", "signal"),
    *("join",) * 5,
    *("leave", "resume", "resume", "pause", "pause", "read_on", "rest"),
)


@pytest.mark.parametrize("seed", range(PROGRAMS))
async def test_every_client_has_the_servers_state(scene: Scene, seed: int) -> None:
    scene.random.seed(seed)
    try:
        for _ in range(STEPS):
            done = getattr(scene, scene.random.choice(ACTIONS))()
            if done is not None:
                await done
            for reader in scene.readers:
                reader.fold_all()
            await asyncio.sleep(0)
        await scene.rest()
    finally:
        await scene.end()
