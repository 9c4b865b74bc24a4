"""Reading of files is bounded: in time, in requests that wait, and when the server stops."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.support.archived import SOURCE, write_ticks
from tests.support.publisher import trades
from tickfire.archive.target import Target
from tickfire.server.market.epoch import archive as archive_module
from tickfire.server.market.epoch.archive import Archive, ArchiveBusy, ArchiveUnavailable

ENDLESS = "SELECT count(*) FROM range(1000000) a, range(1000000) b WHERE a.range < b.range"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_ticks(Target(str(tmp_path)), [trades(100)])
    return tmp_path


def read_all(reader: Any) -> int:
    return len(reader.all_ticks(SOURCE, 0, 1000)[0])


def read_for_ever(reader: Any) -> Any:
    return reader._table(ENDLESS)


async def test_a_read_that_takes_too_long_is_given_up(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = Archive(str(folder))
    with monkeypatch.context() as patch:
        patch.setattr(archive_module, "READ_S", 0.2)
        with pytest.raises(ArchiveUnavailable, match=r"more than 0\.2 s"):
            await archive.read(read_for_ever)
    assert await archive.read(read_all) == 100
    await archive.close()


async def test_a_server_that_stops_does_not_wait_for_what_is_read(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive_module, "READ_S", 100.0)
    archive = Archive(str(folder))
    reads = [asyncio.create_task(archive.read(read_for_ever)) for _ in range(3)]
    await asyncio.sleep(0)
    async with asyncio.timeout(60):
        await archive.close()
        found = await asyncio.gather(*reads, return_exceptions=True)
    assert [type(one) for one in found] == [ArchiveUnavailable] * 3
    with pytest.raises(ArchiveUnavailable):
        await archive.read(read_all)


async def test_only_so_many_requests_wait(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_module, "MAX_WAITING", 2)
    archive = Archive(str(folder))
    reads = [asyncio.create_task(archive.read(read_all)) for _ in range(3)]
    found = await asyncio.gather(*reads, return_exceptions=True)
    assert [100, 100] == found[:2]
    assert isinstance(found[2], ArchiveBusy)
    await archive.close()
