"""`tickfire record` in a test: as a process, and within the test's own loop."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from tests.support.cli import TICKFIRE
from tickfire.archive.pending import Rotation
from tickfire.archive.recorder import RecordConfig, Recorder
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


def rows_of(target: Path | str, sql: str) -> list[tuple[Any, ...]]:
    """Return the rows of a query on an archive."""
    with contextlib.closing(open_views(Target(str(target)))) as connection:
        rows: list[tuple[Any, ...]] = connection.sql(sql).fetchall()
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
