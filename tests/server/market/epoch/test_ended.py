"""Joining with ``since`` in an epoch that has ended: the archive has the rest, then Redis."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.dbn import START
from tests.support.dbn import trades as dbn_trades
from tests.support.eventually import eventually
from tests.support.fallback import fallback_client
from tests.support.ingest import ingesting, sending, until_records
from tests.support.phoenix_client import Joined
from tests.support.publisher import FEED, STREAM, Publisher, mixed, trades
from tests.support.recording import SEEN_EPOCHS, SYMBOLS, recorded, recording
from tests.support.server import Serve
from tests.support.valkey import Valkey
from tickfire.archive.commits import Commits
from tickfire.archive.epoch_log import EpochLog
from tickfire.archive.names import source_of
from tickfire.archive.tables import TICKS
from tickfire.archive.target import Target
from tickfire.client import Market
from tickfire.client.market.cursor import Cursor
from tickfire.client.market.packed import Packed
from tickfire.ingest.dbn.metadata import Metadata
from tickfire.server.market.epoch import routes
from tickfire.server.market.epoch.ended import ArchivedEpoch
from tickfire.server.market.ticks.positions import FeedPositions, WireId
from tickfire.server.market.ticks.views import REALTIME
from tickfire.store.epoch import ENDED, Ended, Epoch
from tickfire.store.schema import META_KEY, meta_field, new_epoch
from tickfire.store.store import Store

WITHIN_S = 20.0
CUT_AFTER = 700
"""Ticks after which a connection is cut."""


@pytest.fixture
def archive(tmp_path: Path) -> str:
    return str(tmp_path / "archive")


@pytest.fixture(autouse=True)
def little_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes, "SETTLE_S", 0.5)


def ids(joined: Joined) -> list[str]:
    return [payload["id"] for payload in joined.of("tick")]


def packed_of(joined: Joined) -> list[Packed]:
    return [Packed(payload) for payload in joined.of("ticks")]


def records(joined: Joined) -> list[bytes]:
    return [row.tobytes() for packed in packed_of(joined) for row in packed.ticks]


@pytest.mark.parametrize("epochs", [1, 2])
async def test_an_ended_epoch_is_recovered(
    valkey: Valkey, serve: Serve, archive: str, epochs: int
) -> None:
    async with recorded(valkey, archive) as past:
        for number in range(epochs):
            past.publish(mixed(400 + 100 * number))
            await past.settles()
            await past.begin_epoch()
        past.publish(mixed(300))
        server = await serve(valkey.url, archive=archive)
        await server.reaches(past.publisher)
        since = {"since": past.ids[100]}
        realtime = await (await server.client()).join(REALTIME, since)
        assert realtime.response["recovered"] is True
        past.publish(mixed(10))
        await realtime.count("tick", len(past.ids) - 101)
        assert ids(realtime) == past.ids[101:]
        one = await (await server.client()).join("market:AAA", since)
        some = await (await server.client()).join(REALTIME, {**since, "symbols": ["BBB"]})
        for joined, symbol in ((one, "AAA"), (some, "BBB")):
            expected = [each for each in realtime.of("tick") if each["symbol"] == symbol]
            assert await joined.count("tick", len(expected)) == expected
        packed = {**since, "encoding": "binary", "header": 2}
        binary = await (await server.client()).join(REALTIME, packed)
        await binary.until(lambda joined: len(records(joined)) >= len(past.ticks) - 201)
        assert records(binary) == past.ticks[201:]
        assert len({each.epoch for each in packed_of(binary)}) == epochs + 1
        for joined in (realtime, one, some, binary):
            assert not joined.of("gap", "instruments")


async def test_what_the_recorder_missed_is_a_gap(
    valkey: Valkey, serve: Serve, archive: str
) -> None:
    async with recorded(valkey, archive) as past:
        past.publish(trades(100))
        await past.settles()
    publisher = past.publisher
    publisher.publish(trades(20))  # which nobody records
    last, unrecorded = publisher.id(100), publisher.id(120)
    publisher.client.flushall()
    publisher.begin_epoch()
    publisher.instruments(SYMBOLS)
    publisher.publish(trades(30))
    present = [publisher.id(n) for n in range(1, 31)]
    async with recording(valkey.url, archive):
        server = await serve(valkey.url, archive=archive)
        await server.reaches(publisher)
        joined = await (await server.client()).join(REALTIME, {"since": past.ids[49]})
        assert joined.response["recovered"] is True
        await joined.count("tick", 80)
        assert ids(joined) == past.ids[50:] + present
        assert joined.of("gap") == [{"from": last, "to": publisher.id(0)}]
        told = [kind for kind, _ in joined.events if kind in ("tick", "gap")]
        assert told.index("gap") == 50
        for since in (last, unrecorded):
            again = await (await server.client()).join("market:AAA", {"since": since})
            assert again.response["recovered"] is False
            assert again.response["missed"] == {"from": since, "to": publisher.id(0)}
            await again.count("tick", 30)
            assert ids(again) == present
            assert not again.of("gap")


@pytest.mark.parametrize("encoding", ["json", "binary"])
async def test_a_client_that_is_cut_in_an_old_epoch_resumes_there(
    valkey: Valkey, serve: Serve, archive: str, encoding: str
) -> None:
    """With several shards, each of which has its own position in the old epoch."""
    async with recorded(valkey, archive, shards=3) as past:
        publisher, rows = past.publisher, mixed(1500, instruments=11)
        symbols = {key: f"S{key}" for key in range(1, 12)}
        begin = publisher.id(0, 0, 0)
        sent: list[str] = []
        for _ in range(2):
            if sent:
                await past.settles()
                await past.begin_epoch()
            publisher.instruments(symbols)
            publisher.publish(rows, 20)
            sent.append(publisher.epoch.hex())
        server = await serve(valkey.url, archive=archive)
        await server.reaches(publisher)
        is_binary = encoding == "binary"
        params = {"encoding": "binary", "header": 2} if is_binary else {}
        total = 2 * len(rows) if is_binary else len(rows)
        cursor, seen, cuts = Cursor(begin), Seen(), 0
        while len(seen.rows) < total:
            client = await server.client()
            joined = await client.join(REALTIME, {"since": cursor.id, **params})
            assert joined.response.get("recovered") is True, (joined.response, cursor.id)
            await joined.until(has(min(total - len(seen.rows), CUT_AFTER)))
            await client.close()
            cuts += 1
            seen.take(joined, cursor, CUT_AFTER)
        assert cuts > 3
        assert len(set(seen.rows)) == len(seen.rows) == total
        assert list(dict.fromkeys(epoch for epoch, *_ in seen.rows)) == sent


@pytest.mark.parametrize("params", [{"max_hz": 100}, {}])
async def test_a_client_that_was_cut_within_a_merged_write_of_an_ended_epoch_gets_the_rest(
    valkey: Valkey, serve: Serve, archive: str, params: dict[str, float]
) -> None:
    async with recorded(valkey, archive) as past:
        past.publish(mixed(100))
        epoch, end = past.publisher.epoch.hex(), past.publisher.id(7)
        # Of AAA at 1 and 5 and BBB at 3 and 7, it has the trades of AAA.
        since = f"{epoch}-2~5~7"
        lost = f"{epoch}-5k~5m~5q"  # which ends after the epoch
        volume = sum(range(1, 6)) * 20
        await past.settles()
        await past.begin_epoch()
        past.publish(mixed(10))
        server = await serve(valkey.url, archive=archive)
        await server.reaches(past.publisher)
        joined = await (await server.client()).join(REALTIME, {"since": since, **params})
        assert joined.response["recovered"] is True

        def told(joined: Joined) -> int:
            return sum(tick["volume"] for tick in joined.of("tick"))

        whole = volume + sum(1 + n % 5 for n in range(10)) - (1 + 3)
        await joined.until(lambda joined: told(joined) >= whole, "all volume")
        assert told(joined) == whole
        assert joined.of("tick")[0]["id"] == end
        assert joined.of("tick")[0]["volume"] == 2 + 4
        again = await (await server.client()).join(REALTIME, {"since": lost})
        assert again.response["recovered"] is False
        assert again.response["missed"]["from"] == lost


class Seen:
    """The ticks that a client has been sent over several connections."""

    def __init__(self) -> None:
        self.rows: list[tuple[Any, ...]] = []

    def take(self, joined: Joined, cursor: Cursor, count: int) -> None:
        """Take about so many ticks of a connection, as if no more had come."""
        most = len(self.rows) + count
        for kind, payload in list(joined.events):
            if len(self.rows) >= most:
                return
            assert kind in ("tick", "ticks", "feeds")
            if kind == "tick":
                cursor.moved(payload["id"])
                epoch = payload["id"].partition("-")[0]
                self.rows.append((epoch, payload["symbol"], payload["ts_event"]))
            elif kind == "ticks":
                packed = Packed(payload)
                cursor.moved_to(packed.epoch, packed.shard, packed.last)
                fields = packed.ticks[["instrument_id", "kind", "ts_event"]].tolist()
                self.rows += [(packed.epoch, *row) for row in fields]


def has(count: int) -> Callable[[Joined], bool]:
    def holds(joined: Joined) -> bool:
        packed = sum(len(each.ticks) for each in packed_of(joined))
        return len(joined.of("tick")) + packed >= count

    return holds


async def test_epochs_of_several_feeds_have_ended(
    valkey: Valkey, serve: Serve, archive: str
) -> None:
    async with recorded(valkey, archive) as past:
        second = Publisher(valkey.client, feed=2)
        second.instruments(SYMBOLS)
        second.publish(trades(60), 20)
        past.publish(trades(80))
        await past.settles(second)
        since = f"{past.publisher.id(30)}_{second.id(10)}"
        old = [f"{past.publisher.id(n)}_{second.id(10)}" for n in range(31, 81)]
        mark = second.epoch
        past.publisher.client.flushall()
        past.publisher.begin_epoch()
        past.publisher.instruments(SYMBOLS)
        second.begin_epoch()
        second.instruments(SYMBOLS)
        new = second.epoch
        second.epoch = mark
        old += [f"{past.publisher.id(0)}_{second.id(n)}" for n in range(11, 61)]
        second.epoch = new
        server = await serve(valkey.url, archive=archive)
        await server.reaches(past.publisher)
        await server.reaches(second)
        joined = await (await server.client()).join(REALTIME, {"since": since})
        assert joined.response["recovered"] is True
        await joined.count("tick", 100)
        past.publish(trades(5))
        await joined.count("tick", 105)
        assert ids(joined)[:100] == old
        symbols = [each["symbol"] for each in joined.of("tick")]
        assert symbols == ["AAA"] * 50 + ["2/AAA"] * 50 + ["AAA"] * 5
        assert not joined.of("gap")
        one = await (await server.client()).join("market:2/AAA", {"since": old[-1].split("_")[1]})
        assert one.response["recovered"] is True


async def test_an_epoch_that_ends_while_a_client_is_in_the_past(
    valkey: Valkey, serve: Serve, archive: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It goes on through both epochs; a live client is told of a gap."""
    gate = asyncio.Event()
    read = ArchivedEpoch.ticks_after

    async def waiting(self: Any, *arguments: Any) -> Any:
        await gate.wait()
        return await read(self, *arguments)

    monkeypatch.setattr(ArchivedEpoch, "ticks_after", waiting)
    async with recorded(valkey, archive) as past:
        past.publish(mixed(200))
        await past.settles()
        await past.begin_epoch()
        past.publish(mixed(100))
        server = await serve(valkey.url, archive=archive)
        await server.reaches(past.publisher)
        live = await (await server.client()).join(REALTIME)
        joined = await (await server.client()).join(REALTIME, {"since": past.ids[20]})
        assert joined.response["recovered"] is True
        await past.settles()
        await past.begin_epoch()
        past.publish(mixed(50))
        await live.count("gap", 1)
        await server.reaches(past.publisher)
        assert not joined.of("tick")
        gate.set()
        await joined.count("tick", len(past.ids) - 21)
        assert ids(joined) == past.ids[21:]
        assert not joined.of("gap")


async def test_ticks_with_which_the_next_epoch_begins_come_once(
    valkey: Valkey, serve: Serve, archive: str
) -> None:
    """As when Redis lost data while ingest ran: what it had not acknowledged is written again."""
    async with recorded(valkey, archive) as past:
        past.publish(trades(100))
        await past.settles()
        old, ended = past.publisher, Ended(past.publisher.epoch, (90,))
        seen = [old.id(n) for n in (50, 90, 95)]
        first = [old.id(n) for n in range(51, 91)]
        past.publisher.client.flushall()
        past.publisher.begin_epoch()
        past.publisher.instruments(SYMBOLS)
        past.publisher.client.hset(META_KEY, meta_field(FEED, ENDED), ended.packed())
        past.publish(trades(30))
        await past.settles()
        server = await serve(valkey.url, archive=archive)
        await server.reaches(past.publisher)
        new = [past.publisher.id(n) for n in range(1, 31)]
        for since, expected in zip(seen, (first + new, new, new[5:]), strict=True):
            joined = await (await server.client()).join("market:AAA", {"since": since})
            assert joined.response["recovered"] is True
            await joined.count("tick", len(expected))
            assert ids(joined) == expected
            assert not joined.of("gap")


@pytest.mark.parametrize("transport", ["websocket", "longpoll"])
async def test_phoenix_js_resumes_on_a_server_that_restarts_on_an_emptied_redis(
    valkey: Valkey, serve: Serve, archive: str, transport: str
) -> None:
    async with recorded(valkey, archive) as past:
        server = await serve(valkey.url, archive=archive)
        polled = transport == "longpoll"
        async with fallback_client(server.socket, REALTIME, {}, "tick", "gap", polled=polled) as js:
            await js.next("reply")
            past.publish(trades(40))
            await js.count("tick", 40)
            await server.stop()
            past.publish(trades(300))
            await past.settles()
            await past.begin_epoch()
            past.publish(trades(50))
            again = await serve(valkey.url, archive=archive, port=server.port)
            await again.reaches(past.publisher)
            reply = await js.next("reply")
            assert reply["recovered"] is True
            await js.count("tick", len(past.ids))
        assert [tick["id"] for tick in js.of("tick")] == past.ids
        assert not js.of("gap")


@pytest.mark.parametrize("kind", ["ticks", "batches"])
async def test_the_python_client_resumes(
    valkey: Valkey, serve: Serve, archive: str, kind: str
) -> None:
    async with recorded(valkey, archive) as past:
        past.publish(trades(100))
        await past.settles()
        await past.begin_epoch()
        past.publish(trades(50))
        server = await serve(valkey.url, archive=archive)
        await server.reaches(past.publisher)
        async with Market(f"http://127.0.0.1:{server.port}") as market:
            stream: Any = getattr(market, kind)(since=past.ids[9], notices=True)
            found: list[Any] = []
            async with asyncio.timeout(WITHIN_S):
                async for item in stream:
                    found += [item] if kind == "ticks" else list(item.ticks)
                    if len(found) >= len(past.ids) - 10:
                        break
        if kind == "ticks":
            assert [tick.id for tick in found] == past.ids[10:]
        else:
            assert [row.tobytes() for row in found] == past.ticks[10:]
        assert stream.id == past.ids[-1]


async def test_redis_is_killed_under_a_running_ingest(
    own_valkey: Valkey, serve: Serve, archive: str
) -> None:
    """Ingest tells where the epoch ended; a client that resumes gets every tick once."""
    rows = dbn_trades(400)
    meta = Metadata("TEST.DATA", None, START)
    params = {"encoding": "binary", "header": 2}
    async with (
        await Store.open(own_valkey.url) as store,
        sending(meta, rows[:100].tobytes()) as feed,
        ingesting(feed, store) as ingest,
        recording(own_valkey.url, archive, rotation=SEEN_EPOCHS) as recorder,
    ):
        await until_records(ingest, 100)
        server = await serve(own_valkey.url, archive=archive)
        client = await server.client()
        begin = await server.beginning(FEED)
        joined = await client.join(REALTIME, {"since": begin, **params})
        await joined.until(has(100))
        await client.close()
        cursor, seen = Cursor(begin), []
        for packed in packed_of(joined):
            cursor.moved_to(packed.epoch, packed.shard, packed.last)
            seen += packed.ticks["sequence"].tolist()
        feed.send(rows[100:200].tobytes())
        await until_records(ingest, 200)
        await eventually(lambda: recorder.metrics.rows >= 200, "all is recorded")
        epoch = ingest.writer.epoch
        own_valkey.kill()
        feed.send(rows[200:300].tobytes())
        await eventually(lambda: int(ingest.states.positions[0]) > 250, "ticks wait")
        own_valkey.start()
        await eventually(lambda: ingest.writer.epoch != epoch, "a new epoch")
        feed.send(rows[300:].tobytes())
        await until_records(ingest, 400)
        await eventually(lambda: server.market.trouble() is None, "the market is loaded")
        log, new = EpochLog(Target(archive)), ingest.writer.epoch
        await eventually(
            lambda: log.ended(Epoch(FEED, epoch, 1), new)[0].is_whole, "the end is recorded"
        )
        joined = await (await server.client()).join(REALTIME, {"since": cursor.id, **params})
        assert joined.response["recovered"] is True
        await joined.until(has(300))
        for packed in packed_of(joined):
            seen += packed.ticks["sequence"].tolist()
        assert seen == list(range(400))
        assert not joined.of("gap")


async def test_instruments_that_the_old_epoch_named_otherwise(
    valkey: Valkey, serve: Serve, archive: str
) -> None:
    """Their ids stand for other symbols now; the table comes before the ticks that need it."""
    async with recorded(valkey, archive) as past:
        past.publish(mixed(50))
        await past.settles()
        await past.begin_epoch({1: "BBB", 2: "CCC"})
        past.publish(mixed(20))
        server = await serve(valkey.url, archive=archive)
        await server.reaches(past.publisher)
        client = await server.client()
        realtime = await client.join(REALTIME, {"since": past.ids[9]})
        await realtime.count("tick", 60)
        symbols = [tick["symbol"] for tick in realtime.of("tick")]
        assert symbols == ["AAA", "BBB"] * 20 + ["BBB", "CCC"] * 10
        one = await client.join("market:BBB", {"since": past.ids[9]})
        await one.count("tick", 30)
        assert one.of("tick") == [t for t in realtime.of("tick") if t["symbol"] == "BBB"]
        packed = {"since": past.ids[9], "encoding": "binary", "header": 2}
        binary = await (await server.client()).join(REALTIME, packed)
        await binary.until(has(120))
        table: dict[int, str] = {}
        named = []
        for kind, payload in binary.events:
            if kind == "instruments":
                rows = payload["instruments"]
                table = {row["instrument_id"]: row["symbol"] for row in rows}
            elif kind == "ticks":
                ticks = Packed(payload).ticks
                ids_of_trades = ticks["instrument_id"][ticks["kind"] == 1].tolist()
                named += [table[key] for key in ids_of_trades]
        assert named == symbols


async def test_what_the_archive_does_not_hold_is_missed(
    valkey: Valkey, serve: Serve, archive: str
) -> None:
    async with recorded(valkey, archive) as past:
        past.publish(trades(300), 100)
        await past.settles()
        old = past.ids[:]
        await past.begin_epoch()
        past.publish(trades(10))
        server = await serve(valkey.url, archive=archive)
        await server.reaches(past.publisher)
        client = await server.client()
        unknown = str(WireId((FeedPositions(new_epoch(FEED), (3,)),)))
        joined = await client.join(REALTIME, {"since": unknown})
        assert joined.response["missed"] == {"from": unknown, "to": past.publisher.id(10)}
        await client.leave(REALTIME)
        refused = await client.join(REALTIME, {"since": f"{old[0]}.1"})
        assert refused.response["reason"] == "since is an id of another number of shards"
        source = source_of(STREAM, bytes.fromhex(old[0][:16]))
        assert Commits(Target(archive), TICKS, source).expire(keep_days=-1)
        joined = await client.join(REALTIME, {"since": old[9]})
        assert joined.response["missed"] == {"from": old[9], "to": past.publisher.id(0)}
        await joined.count("tick", 10)
        assert ids(joined) == past.ids[-10:]


async def test_an_archive_that_does_not_tell_of_epochs_has_their_ticks(
    valkey: Valkey, serve: Serve, archive: str
) -> None:
    """As those of earlier releases: it is not known whether they have the end of an epoch."""
    async with recorded(valkey, archive) as past:
        past.publish(trades(50))
        await past.settles()
        end = past.publisher.id(50)
        await past.begin_epoch()
        past.publish(trades(10))
        await past.settles()
        shutil.rmtree(f"{archive}/_epochs")
        server = await serve(valkey.url, archive=archive)
        await server.reaches(past.publisher)
        joined = await (await server.client()).join(REALTIME, {"since": past.ids[9]})
        assert joined.response["recovered"] is True
        await joined.count("tick", 50)
        assert ids(joined) == past.ids[10:]
        assert joined.of("gap") == [{"from": end, "to": past.publisher.id(0)}]
