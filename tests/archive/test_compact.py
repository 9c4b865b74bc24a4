"""The small files of a past day are merged, with the same rows, however often it is killed."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from tests.support.archived import AAA, SOURCE, write_ticks
from tests.support.eventually import eventually
from tests.support.publisher import DAY, SECOND, Publisher, mixed
from tests.support.recording import recording, rows_of
from tests.support.valkey import Valkey
from tickfire.archive import compact as compact_module
from tickfire.archive import recorder as recorder_module
from tickfire.archive.commits import Commits
from tickfire.archive.compact import compact_day
from tickfire.archive.partition import instruments_in
from tickfire.archive.reading import ArchiveReader
from tickfire.archive.tables import TICKS
from tickfire.archive.target import Target
from tickfire.base.calendar.bounds import DAY_NS

DATE = "2023-11-14"
COUNT = 320
BATCH = 40


def batches(count: int = COUNT) -> list[Any]:
    """Return batches of the ticks of two instruments over one day."""
    ticks = mixed(count // 2)
    ticks["ts_event"] = DAY + np.arange(count) * SECOND
    return [ticks[at : at + BATCH] for at in range(0, count, BATCH)]


def files(folder: Path) -> list[Path]:
    return sorted(folder.glob("ticks/*/*/*.parquet"))


def positions(folder: Path) -> list[int]:
    rows = rows_of(folder, "SELECT position FROM ticks ORDER BY position")
    return [position for (position,) in rows]


def resumed(folder: Path, limit: int = 70) -> list[int]:
    """Return the positions of all ticks, as a client that resumes reads them."""
    reader = ArchiveReader(Target(str(folder)))
    found: list[int] = []
    while True:
        _, places, _ = reader.all_ticks(SOURCE, found[-1] if found else 0, limit)
        if not len(places):
            return found
        found += places.tolist()


def of_symbol(folder: Path, limit: int) -> list[int]:
    """Return the positions of the ticks of AAA, page by page."""
    reader = ArchiveReader(Target(str(folder)))
    found, after = list[int](), 0
    while True:
        own = reader.files(TICKS, AAA.symbol)
        part = reader.ticks(own, SOURCE, after, 0, 2**62, limit)
        found += part.positions.tolist()
        if part.reached is None:
            return found
        after = part.reached


def test_each_symbol_of_a_day_has_one_file_then(tmp_path: Path) -> None:
    target = Target(str(tmp_path))
    write_ticks(target, batches())
    before = rows_of(tmp_path, "SELECT * FROM ticks ORDER BY position")
    opened = pq.ParquetFile(files(tmp_path)[0])
    assert compact_day(target, TICKS, DATE) == 2 * COUNT // BATCH
    assert len(files(tmp_path)) == 2
    assert rows_of(tmp_path, "SELECT * FROM ticks ORDER BY position") == before
    assert resumed(tmp_path) == list(range(1, COUNT + 1))
    assert of_symbol(tmp_path, 30) == of_symbol(tmp_path, 1000)
    assert opened.read().num_rows == BATCH // 2  # it was open already
    (row,) = instruments_in(pq.read_schema(files(tmp_path)[0]).metadata)
    assert row.symbol == "AAA"
    named = {name for one in Commits(target, TICKS, SOURCE).all() for name in one.files}
    assert named == {str(path.relative_to(tmp_path)) for path in files(tmp_path)}
    assert compact_day(target, TICKS, DATE) == 0


def test_files_that_come_later_are_merged_with_it(tmp_path: Path) -> None:
    target = Target(str(tmp_path))
    first, *others = batches()
    write_ticks(target, [first, *others[:3]])
    compact_day(target, TICKS, DATE)
    write_ticks(target, others[3:], first=4 * BATCH + 1)
    assert len(files(tmp_path)) > 2
    compact_day(target, TICKS, DATE)
    assert len(files(tmp_path)) == 2
    assert positions(tmp_path) == resumed(tmp_path) == list(range(1, COUNT + 1))


class Killed(BaseException):
    """The end of the process."""


class Mortal(Target):
    """A target whose process is killed at one of its steps."""

    def __init__(self, url: str, steps: int) -> None:
        super().__init__(url)
        self.steps = steps

    def _step(self) -> None:
        self.steps -= 1
        if self.steps < 0:
            raise Killed

    def write(self, name: str, data: Any) -> None:
        self._step()
        super().write(name, data)

    def remove(self, name: str) -> None:
        self._step()
        super().remove(name)


@pytest.mark.timeout(600)
def test_wherever_it_is_killed_nothing_is_missing_or_twice(tmp_path: Path) -> None:
    steps, has_ended = 0, False
    while not has_ended:
        folder = tmp_path / str(steps)
        write_ticks(Target(str(folder)), batches(3 * BATCH))
        try:
            compact_day(Mortal(str(folder), steps), TICKS, DATE)
            has_ended = True
        except Killed:
            pass
        expected = list(range(1, 3 * BATCH + 1))
        assert positions(folder) == resumed(folder) == expected, steps
        assert of_symbol(folder, 30) == [p for p in expected if (p - 1) // 2 % 2 == 0], steps
        compact_day(Target(str(folder)), TICKS, DATE)
        assert positions(folder) == expected, steps
        assert len(files(folder)) == 2
        steps += 1
    assert steps > 2 * 3 + 2  # each file was removed at a step of its own


def test_a_merged_file_expires_with_its_last_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def at(day: int) -> None:
        monkeypatch.setattr(time, "time_ns", lambda: day * DAY_NS)

    target = Target(str(tmp_path))
    *earlier, latest = batches()
    at(1)
    write_ticks(target, earlier)
    at(10)
    write_ticks(target, [latest], first=COUNT - BATCH + 1)
    compact_day(target, TICKS, DATE)
    commits = Commits(target, TICKS, SOURCE)
    assert commits.expire(5) == 0
    assert positions(tmp_path) == resumed(tmp_path)[-COUNT:] == list(range(1, COUNT + 1))
    at(20)
    assert commits.expire(5) == 2
    assert not files(tmp_path)


def test_large_files_are_left_as_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = Target(str(tmp_path))
    write_ticks(target, batches())
    size = files(tmp_path)[0].stat().st_size
    monkeypatch.setattr(compact_module, "MAX_SIZE", size * 5 // 2)
    compact_day(target, TICKS, DATE)
    assert 2 < len(files(tmp_path)) <= COUNT // BATCH
    assert positions(tmp_path) == resumed(tmp_path) == list(range(1, COUNT + 1))


def test_a_broken_file_leaves_its_partition_as_it_is(tmp_path: Path) -> None:
    target = Target(str(tmp_path))
    write_ticks(target, batches())
    files(tmp_path)[0].write_bytes(b"no Parquet file")
    assert compact_day(target, TICKS, DATE) == COUNT // BATCH
    assert len(files(tmp_path)) == COUNT // BATCH + 1


async def test_a_recorder_merges_the_files_of_past_days(
    valkey: Valkey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder_module, "COMPACT_S", 0.05)
    publisher = Publisher(valkey.client)
    publisher.instruments({1: "AAA", 2: "BBB"})
    async with recording(valkey.url, str(tmp_path), compact_after_s=0.01) as recorder:
        for batch in batches():
            publisher.publish(batch)
            rows = recorder.metrics.rows
            await eventually(lambda: recorder.metrics.rows > rows, "a batch is written")  # noqa: B023
        await eventually(lambda: len(files(tmp_path)) == 2, "its files are merged")
        publisher.publish(batches()[0])

        async def goes_on() -> bool:  # in a thread, so that the recorder is not held up
            return (await asyncio.to_thread(positions, tmp_path))[-1:] == [COUNT + BATCH]

        await eventually(goes_on, "and it goes on")
        await eventually(lambda: len(files(tmp_path)) == 2, "and merges again")
    assert positions(tmp_path) == list(range(1, COUNT + BATCH + 1))
