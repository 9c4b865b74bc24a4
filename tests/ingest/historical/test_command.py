"""`tickfire backfill`, from the historical service to the streams of bars."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from tests.support.cli import run
from tests.support.dbn import mapping, trades
from tests.support.eventually import eventually
from tests.support.historical import KEY, NUMBERS, HistoryServer, records_of
from tests.support.ingest import closed_bars, ingesting, sending, until_records
from tickfire.base.errors import UserError
from tickfire.ingest.adapter.options import AdapterOptions
from tickfire.ingest.backfill import startup
from tickfire.ingest.backfill.cli import backfill as command
from tickfire.ingest.backfill.put import put_history, queue_history
from tickfire.ingest.backfill.startup import StartupHistory
from tickfire.ingest.dbn.metadata import MappingInterval, Metadata, SymbolMapping
from tickfire.ingest.historical.cache import HistoryCache
from tickfire.ingest.historical.fetch import download, make_offer
from tickfire.ingest.historical.request import HistoryRequest, moment
from tickfire.ingest.historical.service import HistoricalService
from tickfire.ingest.recording.adapter import FileAdapter
from tickfire.ingest.redis.server import EmbeddedRedis
from tickfire.ingest.writer.config import IngestConfig
from tickfire.store.backfill import BackfillQueue
from tickfire.store.entries import all_bars_of
from tickfire.store.epoch import instruments_of
from tickfire.store.mappings import Mappings
from tickfire.store.schema import BAR, BAR_LATE, Instrument
from tickfire.store.store import Store

MINUTE = 60 * 1_000_000_000
START, END = moment("2024-07-01T13:30", 0), moment("2024-07-01T15:30", 0)
SPAN = ("--start", "2024-07-01T13:30", "--end", "2024-07-01T15:30")


def backfill(
    server: HistoryServer, cache: HistoryCache, valkey: EmbeddedRedis
) -> subprocess.CompletedProcess[str]:
    return run(
        "backfill", "--symbols", "ESU4,NQU4", *SPAN, "--url", server.url, "--key", KEY,
        "--redis-url", url_of(valkey), "--cache", str(cache.folder), "--yes",
    )  # fmt: skip


def url_of(valkey: EmbeddedRedis) -> str:
    return f"redis://127.0.0.1:{valkey.options.port}/0"


def expected(symbol: str, start: int = START, end: int = END) -> Sequence[tuple[int, ...]]:
    """Return start, open, high, low, close and volume of the bars of the service."""
    names = ("ts_event", "open", "high", "low", "close", "volume")
    found: Sequence[tuple[int, ...]] = records_of("ohlcv-1m", symbol, start, end)[
        list(names)
    ].tolist()
    return found


def written(bars: np.ndarray[Any, Any], symbol: str) -> Sequence[tuple[int, ...]]:
    """Return the same of the minutes of a symbol in a stream."""
    own = bars[(bars["instrument_id"] == NUMBERS[symbol]) & (bars["interval_s"] == 60)]
    names = ["start", "open", "high", "low", "close", "volume"]
    found: Sequence[tuple[int, ...]] = np.sort(own, order="start")[names].tolist()
    return found


async def test_bars_and_instruments_come_into_redis_once(
    server: HistoryServer, cache: HistoryCache, valkey: EmbeddedRedis, client: Any
) -> None:
    first = await asyncio.to_thread(backfill, server, cache, valkey)
    assert first.returncode == 0, first.stderr
    assert "ohlcv-1m of ESU4, NQU4 in GLBX.MDP3 from 2024-07-01T13:30Z to 2024-07-01T15:30Z" in (
        first.stderr
    )
    assert "cost: $0.02" in first.stderr
    bars = await closed_bars(client)
    for symbol in NUMBERS:
        assert written(bars, symbol) == expected(symbol)
    table = instruments_of(await client.hvals("instruments"))
    assert {row.instrument_id: row.symbol for row in table} == {118: "ESU4", 260: "NQU4"}

    again = await asyncio.to_thread(backfill, server, cache, valkey)
    assert "nothing to pay" in again.stderr
    assert np.array_equal(await closed_bars(client), bars)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ((), "costs $0.02, and nobody can be asked; give --yes or --max-cost USD"),
        (("--max-cost", "0.01"), "the cost of $0.02 is more than --max-cost $0.01"),
        (("--yes", "--dataset", "NO.SUCH"), "Unknown dataset: NO.SUCH"),
        (("--yes", "--symbols", "NOPE"), "None of the symbols could be resolved"),
        (("--yes", "--start", "2024-07-02"), "history ends after it begins"),
        (("--yes", "--start", "soon"), "'soon' is not a time"),
        (("--yes", "--symbols", ","), "',' holds no symbols"),
        (("--yes", "--dataset", "../x"), "'../x' is not the name of a dataset"),
        (("--yes", "--key", ""), "there is no API key; give --key or set DATABENTO_API_KEY."),
    ],
)
def test_nothing_is_bought_in_doubt(
    server: HistoryServer, cache: HistoryCache, options: tuple[str, ...], words: str
) -> None:
    usual = ("--symbols", "ESU4,NQU4", *SPAN, "--url", server.url, "--key", KEY)
    folder = ("--cache", str(cache.folder))
    result = CliRunner().invoke(command, [*usual, *folder, *options])
    assert isinstance(result.exception, UserError)
    assert words in str(result.exception)
    assert server.asked("timeseries.get_range") == []


def test_the_cache_can_be_filled_without_redis(server: HistoryServer, cache: HistoryCache) -> None:
    usual = ("--symbols", "ESU4", *SPAN, "--url", server.url, "--key", KEY, "--max-cost", "1")
    result = CliRunner().invoke(command, [*usual, "--cache", str(cache.folder), "--download-only"])
    assert result.exit_code == 0, result.exception
    assert "1 files" in result.stderr


# --- beside a feed
def paths(server: HistoryServer, cache: HistoryCache, schema: str = "ohlcv-1m") -> list[Any]:
    """Return the files of the history of ESU4."""
    ask = HistoryRequest("GLBX.MDP3", schema, ("ESU4",), "raw_symbol", START, END)
    return paths_of(ask, server, cache)


def paths_of(ask: HistoryRequest, server: HistoryServer, cache: HistoryCache) -> list[Any]:
    """Return the files of a request."""

    def service() -> HistoricalService:
        return HistoricalService(KEY, server.url)

    return [path for _, path in download(make_offer(ask, cache, service), cache, service)]


def live_metadata(symbol: str = "ESU4") -> Metadata:
    day = moment("2024-07-01", 0)
    first = datetime.fromtimestamp(day // 10**9, UTC).date()
    mapping = SymbolMapping(symbol, (MappingInterval(first, first + timedelta(days=2), "118"),))
    return Metadata("GLBX.MDP3", None, START, mappings=(mapping,))


async def test_history_is_written_by_a_running_ingest_and_never_over_its_bars(
    server: HistoryServer, cache: HistoryCache, valkey: EmbeddedRedis, store: Store, client: Any
) -> None:
    begin = moment("2024-07-01T14:30:20", 0)
    live = trades(90, 118, begin, MINUTE // 2)
    files = await asyncio.to_thread(paths, server, cache)
    async with (
        sending(live_metadata(), live.tobytes()) as feed,
        ingesting(feed, store) as ingest,
    ):
        await until_records(ingest, len(live))
        await put_history(url_of(valkey), 1, files)
    bars = await closed_bars(client)
    late = bars[bars["flags"] & BAR_LATE != 0]
    own = bars[bars["flags"] & BAR_LATE == 0]
    assert written(late, "ESU4") == expected("ESU4", end=begin - begin % MINUTE)
    assert (own["trades"] > 0).all()
    keys = bars[["interval_s", "start"]]
    assert len(np.unique(keys)) == len(keys)


async def test_history_waits_for_ingest_and_comes_before_its_bars(
    server: HistoryServer, cache: HistoryCache, store: Store, client: Any
) -> None:
    files = await asyncio.to_thread(paths, server, cache, "trades")
    await queue_history(store, 1, files)
    live = trades(20, 118, END, MINUTE // 2)
    async with (
        sending(live_metadata(), live.tobytes()) as feed,
        ingesting(feed, store) as ingest,
    ):
        await until_records(ingest, len(live))
    bars = await closed_bars(client)
    minutes = bars[bars["interval_s"] == 60]
    assert np.all(np.diff(minutes["start"]) == MINUTE)
    assert minutes["start"][0] == START
    assert minutes["start"][-1] >= END
    history = minutes[minutes["start"] < END]
    assert set(history["volume"].tolist()) == {12}


@pytest.mark.parametrize("shards", [1, 3])
async def test_days_of_history_come_one_after_the_other(
    server: HistoryServer, cache: HistoryCache, valkey: EmbeddedRedis, client: Any, shards: int
) -> None:
    begin, end = moment("2024-06-28", 0), moment("2024-07-03", 0)
    ask = HistoryRequest("GLBX.MDP3", "ohlcv-1m", ("ESU4", "NQU4"), "raw_symbol", begin, end)
    files = await asyncio.to_thread(paths_of, ask, server, cache)
    assert len(files) == 5
    await put_history(url_of(valkey), 1, files, shards)
    streams = [await client.xrange(f"bars:{{1.{shard}}}") for shard in range(shards)]
    bars = np.concatenate([all_bars_of(entries) for entries in streams])
    for symbol in NUMBERS:
        assert written(bars, symbol) == expected(symbol, begin, end)
    late = bars["flags"] & BAR_LATE != 0
    assert not late.any()


async def test_a_reused_id_keeps_its_bars(
    server: HistoryServer,
    cache: HistoryCache,
    valkey: EmbeddedRedis,
    store: Store,
    client: Any,
    caplog: pytest.LogCaptureFixture,
) -> None:
    files = await asyncio.to_thread(paths, server, cache)
    live = trades(20, 118, END, MINUTE)
    async with (
        sending(live_metadata("ZNU4"), live.tobytes()) as feed,
        ingesting(feed, store) as ingest,
    ):
        await until_records(ingest, len(live))
        await put_history(url_of(valkey), 1, files)

        async def nothing_waits() -> bool:
            return int(await client.xlen("backfill:{1}")) == 0

        await eventually(nothing_waits, "an empty queue")
    assert "the history of ESU4 is left out from 2024-07-01T00:00:00Z" in caplog.text
    assert "118 is ZNU4 then" in caplog.text
    assert (all_bars_of(await client.xrange("bars:{1.0}"))["start"] >= END).all()


def minutes(instrument_id: int, start: int) -> np.ndarray[Any, Any]:
    """Return an hour of bars."""
    made = np.zeros(60, BAR)
    made["start"] = start + np.arange(60) * MINUTE
    made["open"] = made["high"] = made["low"] = made["close"] = 10**11
    made["volume"], made["interval_s"] = 1, 60
    made["instrument_id"], made["feed"] = instrument_id, 1
    return made


async def test_history_of_stocks_whose_ids_change_each_night(
    valkey: EmbeddedRedis, store: Store, client: Any
) -> None:
    days = [moment("2024-07-01", 0) + day * 86_400 * 10**9 for day in range(4)]
    past = [{"AAPL": 38, "MSFT": 32}, {"AAPL": 39, "MSFT": 38}]
    begin = days[2] + 14 * 60 * MINUTE
    live = trades(20, 32, begin, MINUTE)
    queue = BackfillQueue(store, 1)
    sent = mapping(32, "AAPL", "AAPL") + live.tobytes()
    async with (
        sending(Metadata("XNAS.ITCH", None, begin), sent) as feed,
        ingesting(feed, store) as ingest,
    ):
        await until_records(ingest, len(live))
        for at, ids in enumerate(past):
            rows = [
                Instrument(1, number, symbol, 0, days[at], days[at + 1], raw_symbol=symbol)
                for symbol, number in ids.items()
            ]
            bars = [minutes(number, days[at] + 14 * 60 * MINUTE) for number in ids.values()]
            await queue.put(rows, np.concatenate(bars))

        async def nothing_waits() -> bool:
            return await queue.count() == 0

        await eventually(nothing_waits, "an empty queue")
    table = Mappings(instruments_of((await client.hgetall("instruments")).values()))
    found = all_bars_of(await client.xrange("bars:{1.0}"))
    for symbol, numbers in (("AAPL", [38, 39, 32]), ("MSFT", [32, 38])):
        segments = table.segments(1, symbol)
        assert [one.instrument.instrument_id for one in segments] == numbers
        for one in segments:
            own = found[found["instrument_id"] == one.instrument.instrument_id]
            own = own[(own["start"] >= one.start) & (own["start"] < one.end)]
            starts = own["start"][own["interval_s"] == 60]
            assert (np.diff(starts) == MINUTE).all()
            assert len(starts) == (60 if one.start < days[2] else len(live) - 1)
    assert [row.start for row in table.rows(1, 32)] == [days[0], begin]


# --- at the start of ingest
async def test_history_comes_before_a_feed_that_has_no_data_and_tells_where_to_go_on(
    server: HistoryServer,
    cache: HistoryCache,
    store: Store,
    client: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = moment("2024-07-03T12:30:20", 0)
    monkeypatch.setattr("time.time_ns", lambda: now)
    monkeypatch.setattr(startup, "HistoryCache", lambda: cache)
    options = AdapterOptions(symbols=("ESU4",), dataset="GLBX.MDP3", key=KEY)
    config = IngestConfig(FileAdapter((await asyncio.to_thread(paths, server, cache))[0]))
    past = StartupHistory(options, 86_400, 5, server.url)
    assert await past(store, config) == server.end
    assert await client.xlen("backfill:{1}") == 2
    too_dear = StartupHistory(options, 20 * 86_400, 0.01, server.url)
    assert await too_dear(store, config) is None
