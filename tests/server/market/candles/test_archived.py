"""Bars of files, page by page: all of them, of no more files than a page may open."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.publisher import DAY
from tickfire.base.calendar.bounds import DAY_NS, bounds_of
from tickfire.base.calendar.hours import ALWAYS, TradingHours
from tickfire.base.units import NS_PER_S
from tickfire.server.market.candles.archived import bars_before
from tickfire.server.market.candles.pieces import whole_bars
from tickfire.server.market.candles.series import START, VOLUME, fold
from tickfire.store.schema import BAR, INTERVALS_S, MINUTE_S, Rows

HOURS = (ALWAYS, TradingHours.parse("cme"))
NS_PER_M = MINUTE_S * NS_PER_S


def bars_of(minutes: Sequence[int], interval_s: int = MINUTE_S) -> Rows:
    """Return BAR[n] of one trade each, at some minutes after `DAY`."""
    rows = np.zeros(len(minutes), BAR)
    rows["start"] = DAY + np.array(minutes, np.int64) * NS_PER_M
    for name in ("open", "high", "low", "close", "vwap"):
        rows[name] = 100 * NS_PER_S
    rows["volume"], rows["trades"], rows["interval_s"] = 1, 1, interval_s
    rows["instrument_id"], rows["feed"] = 1, 1
    return rows


class Files:
    """The files of one symbol: one for each day and epoch."""

    def __init__(self, *epochs: Rows, others: Sequence[int] = ()) -> None:
        self.epochs = epochs
        self.opened = 0
        starts = np.concatenate([rows["start"] for rows in epochs])
        self._days = {int(day) * DAY_NS: 1 for day in np.unique(starts // DAY_NS)}
        self._days |= {day: 0 for day in others if day not in self._days}

    def days(self, until: int) -> Iterator[tuple[int, int]]:
        for day in sorted(self._days, reverse=True):
            if day <= until:
                yield day, self._days[day]

    def bars(self, intervals_s: Sequence[int], begin: int, end: int) -> list[Rows]:
        in_range = [day for day in self._days if begin - DAY_NS < day < end]
        self.opened += sum(self._days[day] for day in in_range)
        return [
            rows[(rows["start"] >= begin) & (rows["start"] < end)
                 & np.isin(rows["interval_s"], intervals_s)]
            for rows in self.epochs
        ]  # fmt: skip


def pages(
    files: Files, interval_s: int, limit: int, hours: TradingHours, most: int = 1000
) -> list[list[int]]:
    """Return all bars, from the newest page to the oldest."""
    found: list[list[int]] = []
    before, more = DAY + 1_000_000 * NS_PER_M, True
    while more:
        bars, more, reached = bars_before(files, interval_s, before, limit, hours, most)
        assert len(bars) <= limit
        assert reached < before
        assert not len(bars) or bars[0, START] >= reached
        found = bars.tolist() + found
        before = reached
    return found


@settings(max_examples=60)
@given(
    st.lists(st.integers(0, 60 * 24 * 60), min_size=1, max_size=60, unique=True),
    st.sampled_from(["1m", "15m", "1h", "1d", "1w"]),
    st.sampled_from([1, 3, 50]),
    st.sampled_from(HOURS),
    st.sampled_from([1, 5, 1000]),
)
def test_pages_have_every_bar_once(
    minutes: list[int], interval: str, limit: int, hours: TradingHours, most: int
) -> None:
    interval_s, pieces = INTERVALS_S[interval], bars_of(sorted(minutes))
    (group,) = whole_bars(pieces)
    expected = fold(group.bars, bounds_of(interval_s, hours).starts_of(group.bars[:, START]))
    assert pages(Files(pieces), interval_s, limit, hours, most) == expected.tolist()


@pytest.mark.parametrize(("interval", "limit", "files"), [("1m", 500, 4), ("1h", 48, 8)])
def test_a_page_opens_the_files_that_it_needs(interval: str, limit: int, files: int) -> None:
    archive = Files(bars_of(range(0, 365 * 24 * 60, 5)))
    bars, more, _ = bars_before(archive, INTERVALS_S[interval], DAY + 365 * DAY_NS, limit, ALWAYS)
    assert (len(bars), more) == (limit, True)
    assert archive.opened <= files


def test_a_page_is_cut_short_rather_than_open_too_many_files() -> None:
    sparse = Files(bars_of(range(0, 365 * 24 * 60, 24 * 60)))
    bars, more, reached = bars_before(sparse, MINUTE_S, DAY + 365 * DAY_NS, 500, ALWAYS, 100)
    assert more
    assert 40 < len(bars) < 200
    assert sparse.opened < 200
    assert reached == bars[0, START]
    assert len(pages(sparse, MINUTE_S, 500, ALWAYS, 100)) == 365


def test_days_without_files_count_as_work() -> None:
    others = [DAY + day * DAY_NS for day in range(1, 300)]
    files = Files(bars_of([0]), others=others)
    bars, more, reached = bars_before(files, MINUTE_S, DAY + 400 * DAY_NS, 500, ALWAYS, 100)
    assert (len(bars), more, reached) == (0, True, DAY + 200 * DAY_NS)
    assert len(pages(files, MINUTE_S, 500, ALWAYS, 100)) == 1


def test_of_one_time_the_bar_of_the_latest_epoch_counts() -> None:
    earlier, later = bars_of(range(0, 10 * 24 * 60, 60)), bars_of(range(0, 2 * 24 * 60, 60))
    later["volume"] = 7
    found = pages(Files(earlier, later), MINUTE_S, 10, ALWAYS)
    assert [row[START] for row in found] == earlier["start"].tolist()
    assert [row[VOLUME] for row in found] == [7] * 48 + [1] * 192
