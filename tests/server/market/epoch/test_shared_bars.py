"""Bars in which epochs end and begin, from the files of their ticks alone."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.archived import STREAM, write_ticks
from tests.support.publisher import DAY, SECOND, trades
from tickfire.archive.names import source_of
from tickfire.archive.target import Target
from tickfire.base.calendar.hours import ALWAYS
from tickfire.base.units import decimal
from tickfire.ingest.archived.dbn import dbn_of
from tickfire.ingest.kernel.bars import file_bars
from tickfire.server.market.candles.series import START, TRADES, VOLUME
from tickfire.server.market.epoch.archive import Archive
from tickfire.store.schema import INTERVALS_S

pytestmark = pytest.mark.usefixtures("own_cache")

ROWS = trades(200, start=DAY + 3600 * SECOND, step=SECOND)
END = DAY + 7200 * SECOND
FIELDS = ("open", "high", "low", "close")


@contextlib.asynccontextmanager
async def archive_of(*epochs: Any) -> AsyncIterator[tuple[Archive, str]]:
    """Yield an archive of the ticks of some epochs, and its folder."""
    with tempfile.TemporaryDirectory() as folder:
        for number, rows in enumerate(epochs, 1):
            write_ticks(Target(folder), [rows], source=source_of(STREAM, b"\x01epoch%02d" % number))
        archive = Archive(folder)
        try:
            yield archive, folder
        finally:
            await archive.close()


async def bars(archive: Archive, interval: str) -> list[list[Any]]:
    older, _ = await archive.bars_before(1, "AAA", INTERVALS_S[interval], END, 500, ALWAYS)
    return [
        [row[START], *map(decimal, row[START + 1 : START + 5]), row[VOLUME], row[TRADES]]
        for row in older.bars.tolist()
    ]


@pytest.mark.parametrize("interval", ["1s", "1m", "1h"])
@settings(max_examples=6, deadline=None)
@given(cuts=st.sets(st.integers(1, 199), min_size=1, max_size=4))
async def test_they_have_the_trades_of_all_epochs(interval: str, cuts: set[int]) -> None:
    """As the bars that `tickfire bars` makes of all ticks."""
    async with archive_of(*np.split(ROWS, sorted(cuts))) as (archive, folder):
        expected = [
            [bar["ts"], *(bar[name] for name in FIELDS), bar["volume"], bar["trades"]]
            for bar in file_bars(dbn_of(folder), interval)
        ]
        assert await bars(archive, interval) == expected
    assert sum(bar[5] for bar in expected) == ROWS["size"].sum()


@pytest.mark.parametrize("interval", ["1s", "1m", "1h"])
async def test_those_of_a_replay_are_in_place_of_those_before(interval: str) -> None:
    async with (
        archive_of(ROWS[:30], ROWS) as (archive, _),
        archive_of(ROWS) as (other, _),
    ):
        assert await bars(archive, interval) == await bars(other, interval)
