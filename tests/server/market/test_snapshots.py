"""A client that folds join reply and events has the server's state at every moment.

Random programs of joins, leaves, resumes and clients that stop reading run against one server that
is fed by two feeds meanwhile. What each event leads to is compared with a reference at the event's
position, and at rests with the reply to a new join.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import numpy as np
import pytest

from tests.support.eventually import eventually
from tests.support.folds import FOLDS, SHARDS, SYMBOLS, Fold, publishers_of
from tests.support.narrow import narrow_sending, narrow_socket
from tests.support.phoenix_client import PhoenixClient
from tests.support.publisher import DAY, FEED, SECOND, STREAM, Publisher, tick
from tests.support.server import Serve, Server
from tests.support.truth import Truths
from tests.support.valkey import Valkey
from tickfire.models.records import SIGNALS_KEY, Signal
from tickfire.server.market.ticks import lag, subscription
from tickfire.store.by_publisher import BOOKS, TOPS, writes_of
from tickfire.store.reports import Statistic, encode_report, present_field, present_key, stream_of
from tickfire.store.schema import BOOK, TOP

HIGH_WATER = 4 << 10
MAX_LAG_S = 0.05
PROGRAMS = int(os.environ.get("SNAPSHOT_PROGRAMS", "5"))
STEPS = 60
FOLDED = 0.5
"""How often a client processes the events that have come, after a step."""


class Reader:
    """A client on one topic, which may stop reading."""

    def __init__(self, scene: Scene, fold: Fold) -> None:
        self._scene, self.fold = scene, fold
        self._taken = 0
        self.resumes = False

    async def join(self) -> None:
        self._client = await self._scene.client()
        resumed = {} if self.fold.since is None else {"since": self.fold.since}
        self._joined = await self._client.join(self.fold.topic, {**self.fold.params, **resumed})
        assert self._joined.status == "ok", self._joined.response
        self._taken = 0
        self.fold.begin(self._joined.response)

    def fold_all(self) -> None:
        """Process the events that have come."""
        self._fold(len(self._joined.events))

    def _fold(self, end: int) -> None:
        for event, payload in self._joined.events[self._taken : end]:
            self.fold.take(event, payload)
        self._taken = end

    async def cut(self) -> None:
        """Lose the connection, and with it some of the events that have come."""
        self._fold(self._scene.random.randint(self._taken, len(self._joined.events)))
        await self._close()

    def pause(self) -> None:
        self._client._socket.transport.pause_reading()

    def read_on(self) -> None:
        self._client._socket.transport.resume_reading()

    async def leave(self) -> None:
        self.fold_all()
        await self._close()

    async def _close(self) -> None:
        self.read_on()  # as the end of the connection is read, too
        await self._client.close()

    def events(self) -> list[Any]:
        return [event for event, _ in self._joined.events[-8:]]


class Scene:
    """A server, its feed, and the clients."""

    def __init__(self, server: Server, publishers: dict[int, Publisher], seed: int = 0) -> None:
        self.server, self.publishers = server, publishers
        self.redis = publishers[FEED].client
        self.random = random.Random(seed)
        self.truth = Truths(SHARDS, SYMBOLS)
        self.readers: list[Reader] = []
        self.time = DAY
        self.number = 0

    async def client(self) -> PhoenixClient:
        client = await PhoenixClient.open(self.server.port, sock=narrow_socket(self.server.port))
        narrow_sending(self.server)
        return client

    # --- what happens
    def ticks(self) -> None:
        draw = self.random
        feed = draw.choice(list(self.publishers))
        rows = np.concatenate([self._tick(feed) for _ in range(draw.choice((1, 5, 40, 400)))])
        self.truth.take(feed, rows)
        self.publishers[feed].publish(rows, entry_size=draw.choice((1, 13, 100)))

    def _tick(self, feed: int) -> Any:
        draw = self.random
        keys = [key for of, key in SYMBOLS if of == feed]
        self.time += draw.choice((0, 0, 1000, SECOND // 7))
        kind = draw.choice(("trade", "trade", "trade", "bid", "ask", "clear"))
        size = 0 if kind == "clear" else 1 + draw.randrange(5)
        price = (100 + draw.randrange(9)) * SECOND
        return tick(kind, draw.choice(keys), price, size, self.time)

    def report(self) -> None:
        self.number += 1
        name = self.random.choice(("open_interest", "settlement_price"))
        deleted = self.random.random() < 0.3
        stat = Statistic(FEED, 1, name, None, self.number, DAY, DAY + 1, deleted=deleted)
        data, client = encode_report(stat), self.redis
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
            self.redis.execute_command(*each.command(0))

    def quotes(self) -> None:
        made = np.zeros(1, TOP)
        made["instrument_id"], made["feed"], made["ts_event"] = 1, 2, DAY + self.number
        self.number += 1
        made["publisher_id"] = self.random.choice((2, 43, 60_000))
        made["bid_price"], made["ask_price"] = 99 * SECOND, 101 * SECOND
        made["bid_size"] = made["ask_size"] = self.number
        for each in writes_of(TOPS, self.truth.stream("2/AAA"), made):
            self.redis.execute_command(*each.command(0))

    def headline(self) -> None:
        self.number += 1
        self.publishers[FEED].headline(self.number)

    def signal(self) -> None:
        self.number += 1
        signal = Signal("signal", "AAA", DAY, {"number": self.number}, "m/1", 17)
        self.redis.xadd(SIGNALS_KEY, {"d": msgspec.msgpack.encode(signal)})

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
            await reader.cut()
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
        for publisher in self.publishers.values():
            await self.server.reaches(publisher)
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
            await eventually(agrees, "")
        except AssertionError:
            raise AssertionError(
                f"{type(fold).__name__} {fold.state()} {reader.events()}"
            ) from None

    async def end(self) -> None:
        for reader in self.readers:
            await reader.leave()
        self.readers.clear()


@pytest.fixture
async def scene(
    valkey: Valkey, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Scene]:
    monkeypatch.setattr(subscription, "HIGH_WATER", HIGH_WATER)
    monkeypatch.setattr("tickfire.server.app.HIGH_WATER", HIGH_WATER)
    monkeypatch.setattr("tickfire.server.app.LOW_WATER", HIGH_WATER // 4)
    monkeypatch.setattr(lag, "PATIENCE", 10_000)
    publishers = publishers_of(valkey.client)
    server = await serve(valkey.url, max_lag_s=MAX_LAG_S)
    yield Scene(server, publishers)


ACTIONS = ("ticks",) * 8 + (
    *("report", "book", "quotes", "headline", "signal"),
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
                if scene.random.random() < FOLDED:
                    reader.fold_all()
            await asyncio.sleep(0)
        await scene.rest()
    finally:
        await scene.end()
