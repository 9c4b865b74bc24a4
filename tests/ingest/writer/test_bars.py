"""Bars that ingest writes: each once, however the feed ends and repeats them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.support.bars import bar_volumes
from tests.support.dbn import START, rows, trades
from tests.support.eventually import eventually
from tests.support.ingest import closed_bars, ingesting, sending, until_records
from tests.support.publisher import STREAM
from tickfire.ingest.dbn.control import SystemMsg, encode_control
from tickfire.ingest.dbn.layout import (
    RTYPE_OHLCV_1D,
    RTYPE_OHLCV_1H,
    RTYPE_OHLCV_1M,
    RTYPE_OHLCV_1S,
    RTYPE_OHLCV_EOD,
    SYSTEM_END_OF_INTERVAL,
    UNDEF_TIMESTAMP,
)
from tickfire.ingest.dbn.metadata import Metadata
from tickfire.ingest.kernel.context import COUNT_RECORDS
from tickfire.ingest.kernel.merge import merge
from tickfire.ingest.redis.server import EmbeddedRedis
from tickfire.store.schema import bars_key, shard_of, snapshots_key, ticks_key
from tickfire.store.store import Store

S = 10**9
MINUTE = START - START % (86_400 * S)
"""The start of a minute, an hour and a day."""
META = Metadata("TEST.DATA", None, START)
SPANS = {
    RTYPE_OHLCV_1S: 1,
    RTYPE_OHLCV_1M: 60,
    RTYPE_OHLCV_1H: 3600,
    RTYPE_OHLCV_1D: 86_400,
    RTYPE_OHLCV_EOD: 86_400,
}


def feed_bars(rtype: int, count: int, instrument_id: int = 1, volume: int = 10) -> list[bytes]:
    """Return consecutive bars of a feed."""
    made = rows(
        rtype,
        count,
        instrument_id=instrument_id,
        ts_event=MINUTE + np.arange(count) * SPANS[rtype] * S,
        open=100 * S,
        high=102 * S,
        low=99 * S,
        close=101 * S,
        volume=volume + np.arange(count),
    )
    return [row.tobytes() for row in made]


def end_of_interval(ts: int) -> bytes:
    return encode_control(SystemMsg("End of interval", SYSTEM_END_OF_INTERVAL, ts))


def volumes(pieces: np.ndarray[Any, Any], interval_s: int) -> list[tuple[int, int, int]]:
    """Return instrument, seconds from `MINUTE` and volume of each piece."""
    of = pieces[pieces["interval_s"] == interval_s]
    columns = (of["instrument_id"], (of["start"] - MINUTE) // S, of["volume"])
    return [(int(i), int(s), int(v)) for i, s, v in zip(*columns, strict=True)]


@pytest.mark.parametrize("rtype", SPANS)
async def test_an_end_of_interval_repeats_no_bar_of_the_feed(
    rtype: int, client: Any, store: Store
) -> None:
    both = zip(feed_bars(rtype, 4), feed_bars(rtype, 4, 2), strict=True)
    pieces = [bar for pair in both for bar in pair]
    ends = [end_of_interval(MINUTE + SPANS[rtype] * S * i) for i in range(6)]
    for at, end in enumerate(ends):
        pieces.insert(3 * at, end)
    async with (
        sending(META, b"".join(pieces)) as feed,
        ingesting(feed, store) as ingest,
    ):
        await until_records(ingest, len(pieces))
    written = volumes(await closed_bars(client), SPANS[rtype])
    assert written == [(n, SPANS[rtype] * i, 10 + i) for i in range(4) for n in (1, 2)]


async def test_an_end_of_interval_closes_bars_of_trades_once(client: Any, store: Store) -> None:
    traded = trades(40, start=MINUTE, step=S // 4)
    seconds = {12: 4, 25: 6, 39: 30}
    ends = {at: MINUTE + second * S for at, second in seconds.items()}
    ends |= {20: UNDEF_TIMESTAMP, 30: 0}
    data = b"".join(
        row.tobytes() + (end_of_interval(ends[i]) if i in ends else b"")
        for i, row in enumerate(traded)
    )
    async with sending(META, data) as feed, ingesting(feed, store) as ingest:
        await until_records(ingest, len(traded) + len(ends))
    pieces = await closed_bars(client)
    expected = [int(traded["size"][i : i + 4].sum()) for i in range(0, 40, 4)]
    assert volumes(pieces, 1) == [(1, at, volume) for at, volume in enumerate(expected)]
    assert not pieces["flags"].any()
    assert merge(pieces[pieces["interval_s"] == 1], 60)["volume"].tolist() == [sum(expected)]


@pytest.mark.parametrize("rtype", SPANS)
async def test_bars_of_a_feed_that_begins_again_do_not_add_up(
    rtype: int, client: Any, store: Store
) -> None:
    bars = feed_bars(rtype, 4) + feed_bars(rtype, 1, 2)
    data = b"".join(bars)
    async with sending(META, data, data, data, data) as feed, ingesting(feed, store) as ingest:
        await until_records(ingest, 4 * len(bars))
        epoch = ingest.writer.epoch
    # A second process goes on with the epoch, though the last session may have had no ticks.
    async with sending(META, data) as feed, ingesting(feed, store) as ingest:
        await until_records(ingest, len(bars))
        assert ingest.writer.epoch == epoch
    volumes_held = bar_volumes(await closed_bars(client))
    wanted = {(1, SPANS[rtype], MINUTE + i * SPANS[rtype] * S): 10 + i for i in range(4)}
    wanted[2, SPANS[rtype], MINUTE] = 10
    assert {k: v for k, v in volumes_held.items() if k[1] == SPANS[rtype]} == wanted


@pytest.mark.parametrize("shards", [1, 4])
async def test_a_restart_keeps_bars_of_which_there_are_no_ticks(
    shards: int, client: Any, store: Store
) -> None:
    bars = feed_bars(RTYPE_OHLCV_1M, 3)
    async with sending(META, b"".join(bars)) as feed, ingesting(feed, store, shards) as ingest:
        await until_records(ingest, len(bars))
        epoch = ingest.writer.epoch
    later = b"".join(feed_bars(RTYPE_OHLCV_1M, 5)[3:])
    async with sending(META, later) as feed, ingesting(feed, store, shards) as ingest:
        await until_records(ingest, 2)
        assert ingest.writer.epoch == epoch
    pieces = await closed_bars(client, shard_of(1, 1, shards))
    assert volumes(pieces, 60) == [(1, 60 * i, 10 + i) for i in range(5)]


async def test_bars_after_a_lost_epoch_are_all_written(
    valkey: EmbeddedRedis, client: Any, store: Store
) -> None:
    bars = feed_bars(RTYPE_OHLCV_1M, 12)
    async with sending(META, b"".join(bars[:6])) as feed, ingesting(feed, store) as ingest:
        await until_records(ingest, 6)
        epoch = ingest.writer.epoch
        await valkey.stop()
        for bar in bars[6:9]:
            feed.send(bar)
        await eventually(lambda: ingest.states.count(COUNT_RECORDS) >= 9, "bars that wait")
        await valkey.start()
        await eventually(lambda: ingest.writer.epoch != epoch, "a new epoch")
        for bar in bars[9:]:
            feed.send(bar)
        await until_records(ingest, 12)
    assert volumes(await closed_bars(client), 60) == [(1, 60 * i, 10 + i) for i in range(6, 12)]


async def test_ticks_that_are_gone_begin_a_new_epoch(client: Any, store: Store) -> None:
    data = trades(3).tobytes()
    async with sending(META, data) as feed, ingesting(feed, store) as ingest:
        await until_records(ingest, 3)
        await eventually(lambda: client.hexists(snapshots_key(STREAM), "n"), "a snapshot")
        epoch = ingest.writer.epoch
    await client.delete(ticks_key(STREAM))
    async with sending(META, data) as feed, ingesting(feed, store) as ingest:
        await until_records(ingest, 3)
        assert ingest.writer.epoch != epoch


async def test_the_last_bars_are_closed_although_the_feed_is_quiet(
    client: Any, store: Store
) -> None:
    traded = trades(3, start=MINUTE + 59 * S, step=S // 4)
    own = feed_bars(RTYPE_OHLCV_1S, 60, 2)
    data = b"".join(own) + traded.tobytes()

    async def is_closed() -> bool:
        return bool(await client.exists(bars_key(STREAM))) and {1, 2} <= {
            number for number, *_ in volumes(await closed_bars(client), 60)
        }

    async with sending(META, data) as feed, ingesting(feed, store) as ingest:
        await until_records(ingest, 63)
        await eventually(is_closed, "the closing of the last bars")
    pieces = await closed_bars(client)
    assert (1, 59, 6) in volumes(pieces, 1)
    assert sorted(volumes(pieces, 60)) == [(1, 0, 6), (2, 0, 60 * 10 + 59 * 30)]
    assert not pieces["flags"].any()
