"""Rows that come again in other entries, and files of releases that kept no ids of signals."""

from __future__ import annotations

import errno
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
import pyarrow.parquet as pq
import pytest

from tests.support.publisher import DAY
from tests.support.recording import rows_of
from tickfire.archive import writer as writer_module
from tickfire.archive.commits import Commit
from tickfire.archive.compact import compact_day
from tickfire.archive.names import SHARED_SOURCE
from tickfire.archive.reading import ArchiveReader
from tickfire.archive.tables import NEWS, SENTIMENT, SIGNALS, TABLE
from tickfire.archive.target import Target
from tickfire.archive.writer import TableWriter
from tickfire.models.records import Signal
from tickfire.store.entries import Entry
from tickfire.store.mappings import Mappings

NEWEST = (2**63 - 1, 0)


def opened(folder: Path) -> TableWriter:
    """Return a writer of signals, as after a start."""
    writer = TableWriter(Target(str(folder)), TABLE[SIGNALS], SHARED_SOURCE)
    writer.recover()
    return writer


def entries(first: int, names: Iterable[str]) -> list[Entry]:
    """Return entries of signals by these names; a name may be empty."""
    signals = (Signal("signal", "AAA", DAY, {}, "m/1", id=name) for name in names)
    return [
        (b"%d-0" % (first + at), {b"d": msgspec.msgpack.encode(signal)})
        for at, signal in enumerate(signals)
    ]


def write(writer: TableWriter, first: int, names: Iterable[str]) -> Commit:
    commit = writer.write(entries(first, names), Mappings([]))
    assert commit is not None
    return commit


def ids(folder: Path) -> list[Any]:
    return [name for (name,) in rows_of(folder, "SELECT id FROM signals ORDER BY id")]


def test_a_signal_is_recorded_once_through_restarts(tmp_path: Path) -> None:
    writer = opened(tmp_path)
    assert write(writer, 1, "abb").repeated == 1
    commit = write(writer, 11, "bc")
    assert (commit.rows, commit.repeated, commit.last) == (1, 1, (12, 0))
    writer = opened(tmp_path)
    commit = write(writer, 21, "abc")  # of these nothing is left
    assert (commit.rows, commit.files, commit.repeated, commit.last) == (0, (), 3, (23, 0))
    assert write(opened(tmp_path), 31, "cd").rows == 1
    assert ids(tmp_path) == ["a", "b", "c", "d"]


def test_only_signals_that_are_recorded_are_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = opened(tmp_path)
    put = Target.write

    def full(self: Target, name: str, data: Any) -> None:
        if name.endswith(".parquet"):
            raise OSError(errno.ENOSPC, "No space left on device")
        put(self, name, data)

    with monkeypatch.context() as patched:
        patched.setattr(Target, "write", full)
        with pytest.raises(OSError, match="No space"):
            write(writer, 1, "ab")
    assert write(writer, 1, "ab").rows == 2
    monkeypatch.setattr(writer_module, "MAX_KNOWN", 1)
    writer = opened(tmp_path)  # remembers the newest alone
    assert write(writer, 11, "bc").rows == 1


def test_headlines_and_sentiments_that_are_written_again(tmp_path: Path) -> None:
    """A simulated newswire that begins anew uses the same ids for other headlines."""
    target = Target(str(tmp_path))
    for name, others in ((NEWS, ("published", DAY + 1)), (SENTIMENT, ("label", "neutral"))):
        row: dict[str, Any] = {
            **{"id": "h1", "title": "T", "source": "s", "published": DAY, "received": 7},
            **{"headline": "h1", "label": "bullish", "probabilities": (0.1, 0.2, 0.7)},
            **{"abstained": False, "model": "sentiment/1"},
        }
        rows = (row, row | {"received": 9}, row | dict([others]))
        writer = TableWriter(target, TABLE[name], SHARED_SOURCE)
        writer.recover()
        packed = ((b"%d-0" % at, {b"d": msgspec.msgpack.encode(r)}) for at, r in enumerate(rows, 1))
        commit = writer.write(list(packed), Mappings([]))
        assert commit is not None and (commit.rows, commit.repeated) == (2, 1)


def test_files_without_ids_are_read_and_merged_with_others(tmp_path: Path) -> None:
    writer = opened(tmp_path)
    write(writer, 1, ["", ""])
    for path in tmp_path.rglob("*.parquet"):
        rows = pq.read_table(path, partitioning=None)
        pq.write_table(rows.drop_columns(["id"]), path)
    assert ids(tmp_path) == ["1-0", "2-0"]
    reader = ArchiveReader(Target(str(tmp_path)))

    def read() -> list[Any]:
        rows, _ = reader.records(SIGNALS, "AAA", NEWEST, 0, 2**62, 10)
        return [row["id"] for row in rows.to_pylist()]

    assert read() == [None, None]
    write(writer, 11, ["a", ""])
    for _ in range(2):
        assert read() == ["12-0", "a", None, None]
        assert ids(tmp_path) == ["1-0", "12-0", "2-0", "a"]
        compact_day(Target(str(tmp_path)), SIGNALS, "2023-11-14")
    assert len(list(tmp_path.rglob("*.parquet"))) == 1
