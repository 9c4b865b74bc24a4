"""`tickfire record` in a test: as a process, and within the test's own loop."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from tests.support.cli import TICKFIRE
from tests.support.eventually import eventually
from tests.support.publisher import Publisher
from tests.support.valkey import Valkey
from tickfire.archive.names import Id
from tickfire.archive.pending import Rotation
from tickfire.archive.recorder import RecordConfig, Recorder
from tickfire.archive.tables import TICKS
from tickfire.archive.target import Target
from tickfire.archive.views import open_views
from tickfire.ingest.dbn.file import open_dbn
from tickfire.ingest.kernel.parse import Parser
from tickfire.ingest.kernel.state import InstrumentStates
from tickfire.store.schema import TICK_CLEAR, Rows
from tickfire.store.store import Store

QUICK = Rotation(rows=1000, age_s=0.05)


@contextlib.asynccontextmanager
async def recording(url: str, target: str, **options: Any) -> AsyncIterator[Recorder]:
    """Record while the context lasts; what was read is written at its end."""
    options.setdefault("rotation", QUICK)
    async with await Store.open(url) as store:
        recorder = Recorder(RecordConfig(target, **options), store)
        task = asyncio.create_task(recorder.run())
        try:
            yield recorder
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            if not task.cancelled() and (error := task.exception()):
                raise error


SEEN_EPOCHS = Rotation(rows=1_000_000, age_s=0.05)
"""Batches are written for their age alone, so that reading never waits for them."""
SYMBOLS = {1: "AAA", 2: "BBB"}


def newest_id(client: Any, key: bytes) -> Id:
    """Return the id of the newest entry of a stream, (0, 0) if it is empty."""
    entries = client.xrevrange(key, count=1)
    if not entries:
        return 0, 0
    major, minor = entries[0][0].split(b"-")
    return int(major), int(minor)


class Recorded:
    """A Redis that is recorded, with the ids of all trades in all epochs."""

    def __init__(self, publisher: Publisher, recorder: Recorder) -> None:
        self.publisher, self.recorder = publisher, recorder
        self.ids: list[str] = []
        self.ticks: list[bytes] = []

    def publish(self, ticks: Any, entry_size: int = 50) -> None:
        at = self.publisher.positions[0]
        self.publisher.publish(ticks, entry_size)
        kinds = ticks["kind"].tolist()
        self.ids += [self.publisher.id(at + 1 + n) for n, kind in enumerate(kinds) if kind == 1]
        own = ticks.copy()
        own["feed"] = self.publisher.feed
        self.ticks += [row.tobytes() for row in own]

    async def settles(self, *others: Publisher) -> None:
        """Wait until all is recorded, and the recorder has seen the epochs since."""
        publishers = self.publisher, *others

        def is_recorded() -> bool:
            self.publisher.status("session")
            return all(self._is_recorded(each) for each in publishers)

        await eventually(is_recorded, "all is recorded")

    def _is_recorded(self, publisher: Publisher) -> bool:
        epoch, running = self.recorder._feeds.get(publisher.feed, (None, []))
        if epoch is None or epoch.key != publisher.epoch:
            return False
        lanes = [each.lane for each in running]
        written = [lane.last_tick for lane in lanes]
        if written != publisher.positions or not all(lane.saw_all for lane in lanes):
            return False
        sources = [(key, one.last) for lane in lanes for key, one in lane._writers.items()]
        return all(newest_id(publisher.client, key) == last for key, last in sources)

    async def begin_epoch(self, symbols: dict[int, str] = SYMBOLS) -> None:
        """Empty Redis, and begin a new epoch, of which the recorder learns."""
        self.publisher.client.flushall()
        self.publisher.begin_epoch()
        self.publisher.instruments(symbols)
        key = self.publisher.epoch
        await eventually(
            lambda: any(epoch.key == key for epoch, _ in self.recorder._feeds.values()),
            "the new epoch is recorded",
        )


@contextlib.asynccontextmanager
async def recorded(
    valkey: Valkey, archive: str, shards: int = 1, tables: tuple[str, ...] = (TICKS,)
) -> AsyncIterator[Recorded]:
    """Record epochs of the instruments AAA and BBB."""
    publisher = Publisher(valkey.client, shards)
    publisher.instruments(SYMBOLS)
    async with recording(valkey.url, archive, rotation=SEEN_EPOCHS, tables=tables) as recorder:
        yield Recorded(publisher, recorder)


@contextlib.contextmanager
def record_process(url: str, target: Path | str, *options: str) -> Iterator[subprocess.Popen[str]]:
    """Run `tickfire record`; it is killed at the end, unless it has ended."""
    process = subprocess.Popen(
        [*TICKFIRE, "record", str(target), "--redis-url", url, *options],
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def has_all(recorder: Recorder, client: Any) -> bool:
    """Return whether every entry of the streams of feeds that are recorded is written."""
    lanes = [each.lane for _, running in recorder._feeds.values() for each in running]
    writers = [pair for lane in lanes for pair in lane._writers.items()]
    return bool(writers) and all(
        b"%d-%d" % writer.last == newest
        for key, writer in writers
        for newest, _ in client.xrevrange(key, count=1)
    )


def rows_of(target: Path | str, sql: str) -> list[tuple[Any, ...]]:
    """Return the rows of a query on an archive."""
    while True:
        try:
            with contextlib.closing(open_views(Target(str(target)))) as connection:
                rows: list[tuple[Any, ...]] = connection.sql(sql).fetchall()
        except duckdb.IOException:  # a file was merged meanwhile
            continue
        return rows


def ticks_of_file(path: Path) -> Rows:
    """Return the trades and quotes of a file, by the parse kernel."""
    states = InstrumentStates()
    file = open_dbn(path)
    states.use_schema(file.metadata.schema)
    parser = Parser(states)
    batches = [b.ticks.copy() for chunk in file.chunks(1 << 20) for b in parser.feed(chunk)]
    ticks = np.concatenate(batches)
    kept: Rows = ticks[ticks["kind"] != TICK_CLEAR]
    return kept
