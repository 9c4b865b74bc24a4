"""Beginnings of days and weeks, against a plain reference by the clock of the zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickfire.base.calendar.bounds import DAY_S, WEEK_S, bounds_of
from tickfire.base.calendar.hours import ALWAYS, TradingHours
from tickfire.base.calendar.venues import VENUES
from tickfire.base.units import NS_PER_S

HOURS = (
    "cme",
    "us-equities",
    "us-equities-extended",
    "24/7",
    "Europe/London 01:00-23:00 Mon-Fri",
    "Asia/Tokyo 17:00-15:15 Mon-Fri",
    "Pacific/Auckland 10:00-17:00 Mon-Fri",
    "America/Sao_Paulo 00:00-24:00 Mon-Sun",
    "Australia/Lord_Howe 02:00-01:30 Sun-Thu",
)
SPRING, AUTUMN = date(2024, 3, 10), date(2024, 11, 3)  # when the clocks of Chicago change


def at(zone: str, *fields: int) -> int:
    return int(datetime(*fields, tzinfo=ZoneInfo(zone)).timestamp()) * NS_PER_S  # type: ignore[arg-type,misc]


def midnight(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * NS_PER_S


def reference(hours: TradingHours, ns: int) -> date:
    """Return the first trade date whose session closes after a time, counting day by day."""
    day = datetime.fromtimestamp(ns // NS_PER_S, UTC).date() - timedelta(3)
    while True:
        closes = datetime.combine(day, datetime.min.time(), ZoneInfo(hours.time_zone))
        closes += timedelta(minutes=hours.closes)  # by the clock of the zone
        if day.weekday() in hours.days and closes.timestamp() > ns / NS_PER_S:
            return day
        day += timedelta(1)


times = st.one_of(
    st.integers(0, 2**62),
    st.builds(
        lambda day, s: midnight(day) + s * NS_PER_S,
        st.sampled_from([SPRING, AUTUMN, date(2024, 10, 6), date(2024, 4, 7), date(2023, 12, 30)]),
        st.integers(-3 * DAY_S, 3 * DAY_S),
    ),
)


@given(st.sampled_from(HOURS), st.lists(times.map(lambda ns: ns - ns % NS_PER_S), max_size=5))
def test_a_trade_belongs_to_the_first_trade_date_that_closes_after_it(
    text: str, given: list[int]
) -> None:
    hours = TradingHours.parse(text)
    days, weeks = bounds_of(DAY_S, hours), bounds_of(WEEK_S, hours)
    want = [reference(hours, ns) for ns in given]
    mondays = [day - timedelta(day.weekday()) for day in want]
    array = np.array(given, np.int64)
    assert days.starts_of(array).tolist() == [midnight(day) for day in want]
    assert weeks.starts_of(array).tolist() == [midnight(day) for day in mondays]
    assert [days.start_of(ns) for ns in given] == [midnight(day) for day in want]
    assert [weeks.start_of(ns) for ns in given] == [midnight(day) for day in mondays]


@given(st.sampled_from(HOURS), st.sampled_from([60, 3_600, DAY_S, WEEK_S]), times)
def test_a_bar_holds_the_time_from_its_begin_to_its_end(
    text: str, interval_s: int, ns: int
) -> None:
    bounds = bounds_of(interval_s, TradingHours.parse(text))
    start = bounds.start_of(ns)
    begin, end = bounds.begin(start), bounds.end(start)
    assert begin <= ns < end
    assert bounds.start_of(begin) == bounds.start_of(end - 1) == start
    assert bounds.start_of(begin - 1) < start < bounds.start_of(end)
    assert bounds.begin(start + 1) == end


def test_a_cme_day_is_named_by_its_trade_date_and_has_23_hours_of_trading() -> None:
    days = bounds_of(DAY_S, TradingHours.parse("cme"))
    friday, monday = date(2024, 6, 28), date(2024, 7, 1)
    assert days.start_of(at("America/Chicago", 2024, 6, 27, 17)) == midnight(friday)
    assert days.start_of(at("America/Chicago", 2024, 6, 28, 15, 59)) == midnight(friday)
    # From the close on, trades belong to the next trade date, over the weekend too.
    for fields in ((28, 16), (29, 12), (30, 17)):
        assert days.start_of(at("America/Chicago", 2024, 6, *fields)) == midnight(monday)
    hours = TradingHours.parse("cme")
    assert hours.closing(monday) - hours.opening(monday) == 23 * 3_600 * NS_PER_S


@pytest.mark.parametrize(("day", "hours"), [(SPRING, 71), (AUTUMN, 73)])
def test_the_day_after_the_clock_changes_is_an_hour_shorter_or_longer(
    day: date, hours: int
) -> None:
    days = bounds_of(DAY_S, TradingHours.parse("cme"))
    monday = midnight(day + timedelta(1))
    assert days.end(monday) - days.begin(monday) == hours * 3_600 * NS_PER_S


def test_what_is_traded_on_a_holiday_belongs_to_the_next_trade_date() -> None:
    hours = TradingHours.parse("us-equities", frozenset({date(2024, 7, 4)}))
    days = bounds_of(DAY_S, hours)
    assert days.start_of(at("America/New_York", 2024, 7, 4, 10)) == midnight(date(2024, 7, 5))


def test_days_of_a_market_that_never_closes_are_those_of_utc() -> None:
    days = bounds_of(DAY_S, ALWAYS)
    ns = 1_720_000_000 * NS_PER_S
    assert days.start_of(ns) == ns - ns % (DAY_S * NS_PER_S)


@pytest.mark.parametrize("dataset", VENUES)
def test_each_venue_trades_from_monday_to_friday_by_a_known_clock(dataset: str) -> None:
    hours = VENUES[dataset].hours
    assert hours.days == (0, 1, 2, 3, 4)
    assert ZoneInfo(hours.time_zone).key == VENUES[dataset].time_zone
