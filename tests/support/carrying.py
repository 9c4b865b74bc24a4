"""Feeds whose epochs end at random, and clients that are cut at random: who was sent which tick.

When an epoch ends, the last ticks of each shard begin the next one, as when Redis lost what it had
not acknowledged. The archive has the ended epochs. Each tick has a time of its own, by which it is
known in whatever epoch it is sent.
"""

from __future__ import annotations

import random
from collections import Counter
from typing import Any, NamedTuple

import numpy as np
import redis

from tests.support.archived import write_ticks
from tests.support.eventually import eventually
from tests.support.phoenix_client import Joined
from tests.support.publisher import DAY, SECOND, Publisher, tick
from tests.support.server import Server
from tickfire.archive.epoch_log import EpochLog
from tickfire.archive.names import source_of
from tickfire.archive.target import Target
from tickfire.client.market.cursor import Cursor
from tickfire.client.market.packed import Packed
from tickfire.server.market.ticks.views import REALTIME
from tickfire.store.epoch import Epoch
from tickfire.store.schema import TICK, TICK_TRADE, Instrument

SHARDS = {1: 3, 2: 2}
"""The number of shards of each feed."""
KEYS = range(1, 7)
BINARY = {"encoding": "binary", "header": 2}


def symbol_of(feed: int, key: int) -> str:
    return f"F{feed}S{key}"


class Kind(NamedTuple):
    """A topic, the params of its join, and the version of the protocol."""

    topic: str = REALTIME
    params: dict[str, Any] = {}  # noqa: RUF012
    vsn: str = "2.0.0"

    @property
    def is_merged(self) -> bool:
        return "max_hz" in self.params or "mode" in self.params


SOME = {"symbols": [symbol_of(1, 1), symbol_of(1, 4), symbol_of(2, 2)]}
KINDS = (
    Kind(),
    Kind(vsn="1.0.0"),
    Kind(params=SOME),
    Kind(params=BINARY),
    Kind(params={**BINARY, **SOME}),
    Kind(f"market:{symbol_of(1, 2)}"),
    Kind(f"market:{symbol_of(1, 5)}", BINARY),
    Kind(params={"max_hz": 100}),
    Kind(params={**BINARY, "max_hz": 100, **SOME}),
    Kind(f"market:{symbol_of(2, 3)}", {**BINARY, "mode": "merge"}),
)


class Carrying:
    """Two feeds of several shards."""

    def __init__(self, client: redis.Redis, archive: str, seed: int) -> None:
        self.random = random.Random(seed)
        self._target = Target(archive)
        self._log = EpochLog(self._target)
        self._time = DAY
        self.publishers = {feed: Publisher(client, shards, feed) for feed, shards in SHARDS.items()}
        self.trades: list[tuple[str, int, int]] = []
        """The symbol, time and size of each trade."""
        self._rows: dict[int, list[list[Any]]] = {}
        for feed in SHARDS:
            self._begin(feed)

    def _begin(self, feed: int) -> None:
        publisher = self.publishers[feed]
        publisher.instruments({key: symbol_of(feed, key) for key in KEYS})
        self._rows[feed] = [[np.zeros(0, TICK)] for _ in range(publisher.shards)]
        self._log.begin(self._epoch(feed))

    def _epoch(self, feed: int) -> Epoch:
        return Epoch(feed, self.publishers[feed].epoch, SHARDS[feed])

    def ticks(self, counts: tuple[int, ...] = (1, 4, 30)) -> None:
        """Publish some ticks of one feed."""
        draw = self.random
        feed = draw.choice(list(SHARDS))
        self._publish(feed, [draw.choice(KEYS) for _ in range(draw.choice(counts))])

    def mark(self) -> None:
        """Publish a trade of each instrument."""
        for feed in SHARDS:
            self._publish(feed, list(KEYS), "trade")

    def _publish(self, feed: int, keys: list[int], kind: str | None = None) -> None:
        rows = []
        for key in keys:
            self._time += SECOND // 100
            what = kind or self.random.choice(("trade", "trade", "bid"))
            rows.append(tick(what, key, size=1 + self.random.randrange(9), at=self._time))
            if what == "trade":
                self.trades.append((symbol_of(feed, key), self._time, int(rows[-1]["size"][0])))
        self._write(feed, np.concatenate(rows))

    def _write(self, feed: int, rows: Any) -> None:
        publisher = self.publishers[feed]
        rows["feed"] = feed
        shards = publisher._shards_of(rows)
        for shard, own in enumerate(self._rows[feed]):
            own.append(rows[shards == shard])
        publisher.publish(rows, self.random.choice((1, 5, 100)))

    def end_epoch(self, feed: int | None = None) -> int:
        """Begin a new epoch of a feed with the last ticks of the old one; return the feed."""
        draw = self.random
        feed = draw.choice(list(SHARDS)) if feed is None else feed
        publisher, old = self.publishers[feed], self._epoch(feed)
        written = [np.concatenate(own) for own in self._rows[feed]]
        carried = [draw.randint(0, min(5, len(rows))) for rows in written]
        ends = tuple(len(rows) - some for rows, some in zip(written, carried, strict=True))
        table = [Instrument(feed, key, symbol_of(feed, key)) for key in KEYS]
        for stream, rows in zip(old.streams(), written, strict=True):
            if len(rows):
                write_ticks(self._target, [rows], source=source_of(stream, old.key), table=table)
        publisher.begin_epoch()
        self._log.end(old, publisher.epoch, ends, is_told=True)
        self._begin(feed)
        again = [rows[end:] for rows, end in zip(written, ends, strict=True)]
        if len(rows := np.concatenate(again)):
            self._write(feed, rows[np.argsort(rows["ts_event"])])
        publisher.status("epoch")
        return feed


class Reader:
    """A client that keeps what it was sent over many connections."""

    def __init__(self, scene: Carrying, server: Server, kind: Kind) -> None:
        self._scene, self._server, self.kind = scene, server, kind
        self._cursor = Cursor()
        self._begin = len(scene.trades)
        self.trades: list[tuple[str, int, int]] = []
        self._taken = 0
        self._joined: Joined | None = None
        self.missed = False

    @property
    def is_joined(self) -> bool:
        return self._joined is not None

    async def join(self) -> bool:
        """Join after what it was sent; return False while the feed of the topic is loaded."""
        self._client = await self._server.client(vsn=self.kind.vsn)
        params = {**self.kind.params, **self._cursor.params()}
        joined = await self._client.join(self.kind.topic, params)
        if joined.status == "error":
            assert joined.response["reason"] in ("no market data yet", "unknown symbol")
            await self._client.close()
            return False
        self._joined = joined
        self._cursor.joined(joined.response)
        if "missed" in joined.response:
            self._take_missed(joined.response["missed"])
        self._taken = 0
        return True

    async def some(self) -> None:
        """Wait for an event that is still to come, if there is any."""
        if not self.missed and _volumes(self.trades) != _volumes(self.expected()):
            await self.joined.until(lambda joined: len(joined.events) > self._taken)

    @property
    def joined(self) -> Joined:
        assert self._joined is not None
        return self._joined

    async def cut(self, least: int = 0) -> None:
        """Lose the connection, and some of the events that have come."""
        came = len(self.joined.events)
        self.take(self._scene.random.randint(min(self._taken + least, came), came))
        self._joined = None
        await self._client.close()

    def take(self, end: int) -> None:
        for event, payload in self.joined.events[self._taken : end]:
            if event == "gap":
                self._take_missed(payload)
            elif event == "tick":
                self._take_tick(payload)
            elif event == "ticks":
                self._take_packed(Packed(payload))
            elif event == "bookmark":
                self._cursor.moved(payload["id"])
        self._taken = end

    def _take_missed(self, gap: Any) -> None:
        # What is left of a merged write across the end of an epoch is told to be missing.
        assert "~" in gap["from"], gap
        self.missed = True

    def take_all(self) -> None:
        self.take(len(self.joined.events))

    def _take_tick(self, payload: Any) -> None:
        self._cursor.moved(payload["id"])
        self.trades.append((payload["symbol"], int(payload["ts_event"]), payload["volume"]))

    def _take_packed(self, packed: Packed) -> None:
        self._cursor.moved_to(packed.epoch, packed.shard, packed.last)
        rows = packed.ticks[packed.ticks["kind"] == TICK_TRADE]
        names = ("feed", "instrument_id", "ts_event", "size")
        for feed, key, at, size in rows[list(names)].tolist():
            self.trades.append((symbol_of(feed, key), at, size))

    # --- comparison
    def expected(self) -> list[tuple[str, int, int]]:
        """Return the trades that it is to be sent in all."""
        wanted = self.kind.params.get("symbols")
        if self.kind.topic != REALTIME:
            wanted = [self.kind.topic.removeprefix("market:")]
        trades = self._scene.trades[self._begin :]
        return [trade for trade in trades if wanted is None or trade[0] in wanted]

    async def compare(self) -> None:
        """Compare what it was sent with all that was published, whose last trades are marks."""
        expected = self.expected()
        last = {symbol: at for symbol, at, _ in expected}

        def has_all() -> bool:
            self.take_all()
            return {symbol: at for symbol, at, _ in self.trades} == last

        await self.joined.until(lambda _: has_all(), f"{self.kind}: the last trades")
        if self.missed:
            return
        if self.kind.is_merged:
            assert _volumes(self.trades) == _volumes(expected), self.kind
        else:
            got, wanted = Counter(self.trades), Counter(expected)
            assert got == wanted, f"{self.kind}: lacks {wanted - got}, has also {got - wanted}"
            for symbol in last:
                own = [trade for trade in self.trades if trade[0] == symbol]
                assert own == [trade for trade in expected if trade[0] == symbol], "in order"


def _volumes(trades: list[tuple[str, int, int]]) -> Counter[str]:
    volumes: Counter[str] = Counter()
    for symbol, _, size in trades:
        volumes[symbol] += size
    return volumes


async def leaves(server: Server, feed: int) -> None:
    """Wait until a server is loading a feed."""

    def is_loading() -> bool:
        return server.market.live is not None and feed in server.market.live.loading

    await eventually(is_loading, f"feed {feed} is being loaded")


async def follows(server: Server, scene: Carrying) -> None:
    """Wait until a server has read everything that was published."""

    def is_level() -> bool:
        live = server.market.live
        if live is None:
            return False
        return all(
            feed in live.feeds and live.data.epochs[feed].key == publisher.epoch
            for feed, publisher in scene.publishers.items()
        )

    await eventually(is_level, "the epochs are followed")
    for publisher in scene.publishers.values():
        await server.reaches(publisher)
