"""Ended epochs whose ticks the archive lacks, has in the next epoch too, or names otherwise."""

from __future__ import annotations

import shutil

from tests.support.publisher import FEED, STREAM, mixed, trades
from tests.support.recording import SYMBOLS, recorded, recording
from tests.support.resumed import has, ids
from tests.support.server import Serve
from tests.support.valkey import Valkey
from tickfire.archive.commits import Commits
from tickfire.archive.names import source_of
from tickfire.archive.tables import TICKS
from tickfire.archive.target import Target
from tickfire.client.market.packed import Packed
from tickfire.server.market.ticks.positions import FeedPositions, WireId
from tickfire.server.market.ticks.views import REALTIME
from tickfire.store.epoch import ENDED, Ended
from tickfire.store.schema import META_KEY, meta_field, new_epoch


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
