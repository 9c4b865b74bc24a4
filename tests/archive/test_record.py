"""`tickfire record` and `tickfire query` on a real Valkey."""

from __future__ import annotations

import asyncio
import errno
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import fsspec
import msgspec
import numpy as np
import pyarrow.parquet as pq
import pytest

from tests.support.eventually import eventually, wait_until
from tests.support.http import http_client
from tests.support.publisher import DAY, SECOND, Publisher, mixed, tick, trades
from tests.support.recording import QUICK, record_process, recording, rows_of, ticks_of_file
from tests.support.valkey import Valkey
from tickfire.archive import naming, process
from tickfire.archive.commits import RecordedElsewhere
from tickfire.archive.epoch_log import EpochLog
from tickfire.archive.metrics import RecordMetrics
from tickfire.archive.names import source_of
from tickfire.archive.partition import instruments_in
from tickfire.archive.pending import Rotation
from tickfire.archive.recorder import RecordConfig
from tickfire.archive.tables import TABLE
from tickfire.archive.target import Target
from tickfire.archive.writer import TableWriter
from tickfire.base.endpoint import Endpoint
from tickfire.base.errors import UserError
from tickfire.base.exposition import serving
from tickfire.base.ports import free_ports
from tickfire.ingest.archived.dbn import dbn_of
from tickfire.ingest.kernel.bars import file_bars
from tickfire.store.epoch import Epoch
from tickfire.store.mappings import Mappings
from tickfire.store.schema import BOOK, SIGNALS_KEY, TICK_TRADE, TOP, books_key, ticks_key, tops_key
from tickfire.store.store import Store

POSITIONS = "SELECT position FROM ticks ORDER BY position"


@pytest.fixture
def publisher(valkey: Valkey) -> Publisher:
    made = Publisher(valkey.client)
    made.instruments({1: "AAA", 2: "B/B:C"})
    return made


def positions(target: Path | str) -> list[int]:
    return [position for (position,) in rows_of(target, POSITIONS)]


def files(target: Path, pattern: str = "ticks/*/*/*") -> list[Path]:
    return sorted(target.glob(pattern))


def holds(target: Path | str, count: int) -> Callable[[], bool]:
    return lambda: len(positions(target)) >= count


def has(target: Path | str, count: int) -> Callable[[], Awaitable[bool]]:
    """Look in a thread: a query that holds up the loop would hold up the recorder, too."""
    return lambda: asyncio.to_thread(holds(target, count))


async def test_every_tick_is_kept_by_day_and_symbol(
    valkey: Valkey, publisher: Publisher, tmp_path: Path
) -> None:
    ticks = mixed(3000, start=DAY + 86_400 * SECOND - 100 * SECOND)
    publisher.publish(ticks)
    async with recording(valkey.url, str(tmp_path)):
        await eventually(has(tmp_path, len(ticks)), "all is recorded")
    rows = rows_of(tmp_path, "SELECT ts_event, symbol, kind, size, position FROM ticks ORDER BY 5")
    symbols = {1: "AAA", 2: "B/B:C"}
    kinds = {1: "trade", 2: "bid"}
    assert rows == [
        (int(t["ts_event"]), symbols[t["instrument_id"]], kinds[t["kind"]], int(t["size"]), at + 1)
        for at, t in enumerate(ticks)
    ]
    folders = {str(path.parent.relative_to(tmp_path)) for path in files(tmp_path)}
    assert folders == {
        f"ticks/day={day}/symbol={symbol}"
        for day in ("2023-11-14", "2023-11-15")
        for symbol in ("AAA", "B%2FB%3AC")
    }
    name = next(path for path in files(tmp_path) if "AAA" in str(path))
    (row,) = instruments_in(pq.read_schema(name).metadata)
    assert (row.symbol, row.tick_size) == ("AAA", 10_000_000)


async def test_a_recorder_goes_on_where_its_files_end(
    valkey: Valkey, publisher: Publisher, tmp_path: Path
) -> None:
    for _ in range(3):
        before = len(positions(tmp_path))
        publisher.publish(trades(1500))
        async with recording(valkey.url, str(tmp_path)):
            await eventually(has(tmp_path, before + 1000), "a part is recorded")
    assert positions(tmp_path) == list(range(1, 4501))


def test_a_killed_recorder_leaves_nothing_twice(
    valkey: Valkey, publisher: Publisher, tmp_path: Path
) -> None:
    publisher.publish(trades(5000))
    options = ("--rotate-rows", "500", "--rotate-seconds", "0.1")
    with record_process(valkey.url, tmp_path, *options):
        wait_until(lambda: any(tmp_path.glob("_commits/ticks/*/*.intent")), "a batch begins")
    intent = tmp_path / "ticks" / "day=2023-11-14"
    half = next(intent.glob("*/*"), None)
    assert half is not None or not intent.exists()
    with record_process(valkey.url, tmp_path, *options) as process:
        wait_until(holds(tmp_path, 5000), "all is recorded")
        process.terminate()
        process.wait()
    assert positions(tmp_path) == list(range(1, 5001))
    assert not list(tmp_path.rglob("*.intent"))


async def test_files_of_an_unfinished_batch_are_removed(
    valkey: Valkey, publisher: Publisher, tmp_path: Path
) -> None:
    publisher.publish(trades(100))
    async with recording(valkey.url, str(tmp_path)):
        await eventually(has(tmp_path, 100), "all is recorded")
    (commit,) = files(tmp_path, "_commits/ticks/*/*.json")
    commit.rename(commit.with_suffix(".intent"))  # as if killed before the commit
    async with recording(valkey.url, str(tmp_path)):
        await eventually(lambda: commit.exists(), "the batch is written again")
    assert positions(tmp_path) == list(range(1, 101))


async def test_other_streams_are_kept_too(
    valkey: Valkey, publisher: Publisher, tmp_path: Path
) -> None:
    publisher.publish(trades(200))
    publisher.headline(1)
    stream = publisher.stream(0)
    book, top = np.zeros(1, BOOK), np.zeros(1, TOP)
    for rows in (book, top):
        rows["instrument_id"], rows["feed"], rows["ts_event"] = 1, publisher.feed, DAY
    book["bid_price"], book["ask_price"] = 2**63 - 1, 2**63 - 1
    book["bid_price"][0, 0], book["bid_size"][0, 0] = 99 * SECOND, 7
    top["bid_price"], top["ask_price"] = 99 * SECOND, 2**63 - 1
    valkey.client.xadd(books_key(stream), {"d": book.tobytes()})
    valkey.client.xadd(tops_key(stream), {"d": top.tobytes()})
    signal = {"event": "anomaly", "symbol": "AAA", "at": DAY, "detail": {"z": 4.5}, "n": 7}
    valkey.client.xadd(SIGNALS_KEY, {"d": msgspec.msgpack.encode(signal)})
    valkey.client.xadd(SIGNALS_KEY, {"d": b"\xff"})
    async with recording(valkey.url, str(tmp_path)) as recorder:
        await eventually(lambda: recorder.metrics.rows == 223, "all is recorded")
    assert rows_of(tmp_path, "SELECT count(*), sum(trades) FROM bars") == [(19, 190)]
    assert rows_of(tmp_path, "SELECT symbol, bid_price[1], ask_price FROM books") == [
        ("AAA", 99.0, [])
    ]
    assert rows_of(tmp_path, "SELECT symbol, bid_price, ask_price FROM tops") == [
        ("AAA", 99.0, None)
    ]
    assert rows_of(tmp_path, "SELECT id, title, symbols FROM news") == [("h1", "Title 1", ["AAA"])]
    assert rows_of(tmp_path, "SELECT symbol, event, detail, position FROM signals") == [
        ("AAA", "anomaly", '{"z":4.5}', 7)
    ]


async def test_trimmed_ticks_are_a_gap(
    valkey: Valkey, publisher: Publisher, tmp_path: Path
) -> None:
    publisher.publish(trades(512))
    async with recording(valkey.url, str(tmp_path)):
        await eventually(has(tmp_path, 512), "all is recorded")
    publisher.publish(trades(1024))
    valkey.client.xtrim(ticks_key(publisher.stream(0)), maxlen=2, approximate=False)
    async with recording(valkey.url, str(tmp_path)) as recorder:
        await eventually(has(tmp_path, 1024), "the rest is recorded")
        await eventually(lambda: recorder.metrics.missing == 512, "the gap is counted")
    assert positions(tmp_path) == [*range(1, 513), *range(1025, 1537)]
    sql = "SELECT first, last FROM gaps WHERE \"table\" = 'ticks'"
    assert rows_of(tmp_path, sql) == [(513, 1024)]


async def test_a_new_epoch_is_kept_beside_the_old(
    valkey: Valkey, publisher: Publisher, tmp_path: Path
) -> None:
    old = publisher.epoch.hex()
    publisher.publish(trades(300))
    async with recording(valkey.url, str(tmp_path)):
        await eventually(has(tmp_path, 300), "the old epoch is recorded")
        publisher.begin_epoch()
        publisher.instruments({1: "AAA"})
        publisher.publish(trades(200))
        await eventually(has(tmp_path, 500), "the new epoch is recorded")
    sql = "SELECT epoch, count(*), max(position) FROM ticks GROUP BY epoch ORDER BY 2"
    assert rows_of(tmp_path, sql) == [(publisher.epoch.hex(), 200, 200), (old, 300, 300)]


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, bool]]:
    """A disk that is full while ``is_full`` says so."""
    disk = {"is_full": False}
    write = Target.write

    def refusing(self: Target, name: str, data: Any) -> None:
        if disk["is_full"]:
            raise OSError(errno.ENOSPC, "No space left on device")
        write(self, name, data)

    monkeypatch.setattr(Target, "write", refusing)
    yield disk


async def asked(metrics: RecordMetrics) -> tuple[bool, str | None]:
    """Return what /readyz of the metrics port says."""
    with serving(
        metrics.registry, Endpoint("127.0.0.1", 0), trouble=lambda: metrics.trouble
    ) as port:
        async with http_client() as http:
            answer = await http.get(f"http://127.0.0.1:{port}/readyz")
            assert (await http.get(f"http://127.0.0.1:{port}/other")).status_code == 404
    body = answer.json()
    assert (answer.status_code == 200) == body["ready"]
    return body["ready"], body["why"]


async def test_a_standby_says_so_until_it_takes_over(
    valkey: Valkey, publisher: Publisher, tmp_path: Path
) -> None:
    publisher.publish(trades(10))
    config = RecordConfig(str(tmp_path), rotation=QUICK)
    ports = free_ports(2)

    async def writers() -> list[float]:
        async with http_client() as http:
            texts = [(await http.get(f"http://127.0.0.1:{port}/metrics")).text for port in ports]
        name = f'tickfire_record_writer{{archive="{tmp_path}"}} '
        return [float(text.partition(name)[2].split()[0]) for text in texts]

    async with asyncio.TaskGroup() as tasks:
        first, second = (
            tasks.create_task(process.record(config, valkey.url, Endpoint("127.0.0.1", port)))
            for port in ports
        )
        await eventually(has(tmp_path, 10), "all is recorded")

        async def are_two() -> bool:
            return sorted(await writers()) == [0, 1]

        await eventually(are_two, "one records, the other waits")
        writing, waiting = (first, second) if (await writers())[0] else (second, first)
        writing.cancel()
        await asyncio.wait([writing])
        ports.remove(ports[0 if writing is first else 1])

        async def has_taken_over() -> bool:
            return await writers() == [1]

        await eventually(has_taken_over, "the standby records")
        waiting.cancel()


async def test_a_full_disk_pauses_recording(
    valkey: Valkey,
    publisher: Publisher,
    tmp_path: Path,
    full_disk: dict[str, bool],
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with recording(valkey.url, str(tmp_path)) as recorder:
        full_disk["is_full"] = True
        publisher.publish(trades(2500))
        await eventually(lambda: recorder.metrics.is_paused, "recording is paused")
        assert caplog.text.count("there is no room left") == 1
        sample = recorder.metrics.registry.get_sample_value
        assert sample("tickfire_record_waiting_rows")
        assert sample("tickfire_record_waiting_seconds")
        ready, why = await asked(recorder.metrics)
        assert not ready and f"cannot write to {tmp_path} (there is no room left)" in str(why)
        full_disk["is_full"] = False
        await eventually(has(tmp_path, 2500), "recording goes on")
        await eventually(lambda: not recorder.metrics.is_paused, "recording is not paused")
        assert await asked(recorder.metrics) == (True, None)
        await eventually(lambda: sample("tickfire_record_waiting_rows") == 0, "no row waits")
        assert sample("tickfire_record_waiting_seconds") == 0
    assert positions(tmp_path) == list(range(1, 2501))


async def test_files_are_removed_when_they_are_old(
    valkey: Valkey, publisher: Publisher, tmp_path: Path
) -> None:
    publisher.publish(trades(300))
    async with recording(valkey.url, str(tmp_path)):
        await eventually(has(tmp_path, 300), "all is recorded")
    async with recording(valkey.url, str(tmp_path), keep_days=1e-9):
        await eventually(lambda: not files(tmp_path), "old files are removed")
        publisher.publish(trades(10))
    found = positions(tmp_path)
    assert not found or found == list(range(301, 311))


async def test_any_target_of_fsspec(valkey: Valkey, publisher: Publisher) -> None:
    publisher.publish(trades(2000))
    target = "memory://bucket/archive"
    async with recording(valkey.url, target):
        await eventually(has(target, 1000), "a part is recorded")
    assert positions(target) == list(range(1, 2001))
    fsspec.filesystem("memory").rm("/bucket", recursive=True)


async def test_another_recorder_of_the_same_target_is_refused(
    valkey: Valkey, publisher: Publisher, tmp_path: Path
) -> None:
    source = source_of(publisher.stream(0), publisher.epoch)
    other = TableWriter(Target(str(tmp_path)), TABLE["ticks"], source)
    publisher.publish(trades(100))
    async with recording(valkey.url, str(tmp_path)):
        await eventually(has(tmp_path, 100), "all is recorded")
    with pytest.raises(RecordedElsewhere):
        other.write(valkey.client.xrange(ticks_key(publisher.stream(0))), Mappings())
    assert positions(tmp_path) == list(range(1, 101))


async def test_a_clear_is_kept_without_a_price(
    valkey: Valkey, publisher: Publisher, tmp_path: Path
) -> None:
    publisher.publish(tick("clear"))
    async with recording(valkey.url, str(tmp_path)):
        await eventually(has(tmp_path, 1), "all is recorded")
    assert rows_of(tmp_path, "SELECT kind, price FROM ticks") == [("clear", None)]


async def test_bars_and_replays_read_what_was_recorded(
    valkey: Valkey, publisher: Publisher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publisher.publish(mixed(400))
    target = tmp_path / "archive"
    async with recording(valkey.url, str(target)):
        await eventually(has(target, 800), "all is recorded")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    file = dbn_of(target)
    found = ticks_of_file(file)
    kept = rows_of(target, "SELECT ts_event, instrument_id, size FROM trades ORDER BY position")
    read = found[found["kind"] == TICK_TRADE][["ts_event", "instrument_id", "size"]].tolist()
    assert read == kept
    bars = list(file_bars(file, "1m"))
    assert {bar["symbol"] for bar in bars} == {"AAA", "B/B:C"}
    assert sum(bar["trades"] for bar in bars) == 400
    assert dbn_of(target) == file
    with pytest.raises(UserError, match="has no ticks"):
        dbn_of(tmp_path / "none")


def test_a_second_recorder_takes_over(valkey: Valkey, publisher: Publisher, tmp_path: Path) -> None:
    options = ("--rotate-seconds", "0.1")
    publisher.publish(trades(100))
    with record_process(valkey.url, tmp_path, *options) as first:
        wait_until(holds(tmp_path, 100), "the first records")
        with record_process(valkey.url, tmp_path, *options) as second:
            assert second.stderr is not None
            said = next(line for line in second.stderr if "standby" in line or "stand" in line)
            assert "the archive" in said
            first.kill()
            publisher.publish(trades(100))
            wait_until(holds(tmp_path, 200), "the second records")
    assert positions(tmp_path) == list(range(1, 201))


async def test_an_outage_of_redis_may_be_long(
    tmp_path: Path, valkey: Valkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    failures = iter(range(2 * sys.getrecursionlimit()))

    async def read_hash(*_: object) -> dict[bytes, bytes]:
        if next(failures, None) is not None:
            raise ConnectionError("out of reach")
        return {}

    monkeypatch.setattr(naming, "read_hash", read_hash)
    monkeypatch.setattr(naming, "RETRY_S", 0.0)
    async with await Store.open(valkey.url) as store:
        assert (await naming.Naming(store).present()).named(1, 7, 0).symbol
    assert next(failures, None) is None


async def test_the_end_of_an_epoch_has_the_names_of_its_time(
    valkey: Valkey, tmp_path: Path
) -> None:
    """They are written once the next epoch is there, with other names."""
    late = Rotation(age_s=3600)
    publisher = Publisher(valkey.client)
    publisher.instruments({1: "AAA"})
    old = publisher.epoch
    async with recording(valkey.url, str(tmp_path), rotation=late, tables=("ticks",)) as recorder:
        publisher.publish(trades(100))
        await eventually(lambda: recorder._waiting() == 100, "all is read")
        publisher.status("session")
        await eventually(lambda: recorder._feeds[1][1][0].lane.saw_all, "the epoch is seen")
        valkey.client.flushall()
        publisher.begin_epoch()
        publisher.instruments({1: "BBB"})
        await eventually(has(tmp_path, 100), "the old epoch is recorded")
        log = EpochLog(Target(str(tmp_path)))
        await eventually(
            lambda: log.ended(Epoch(1, old, 1), publisher.epoch)[0].is_whole, "its end is noted"
        )
    assert rows_of(tmp_path, "SELECT symbol, count(*) FROM ticks GROUP BY 1") == [("AAA", 100)]


async def test_files_of_ended_epochs_are_removed_too(
    valkey: Valkey, publisher: Publisher, tmp_path: Path
) -> None:
    publisher.publish(trades(300))
    async with recording(valkey.url, str(tmp_path)):
        await eventually(has(tmp_path, 300), "all is recorded")
    publisher.begin_epoch()
    async with recording(valkey.url, str(tmp_path), keep_days=1e-9):
        await eventually(lambda: not files(tmp_path), "old files are removed")
