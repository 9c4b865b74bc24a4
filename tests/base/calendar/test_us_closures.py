"""Holidays and half days of US exchanges, beside the calendars that the NYSE has published."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from tickfire.base.calendar.hours import TradingHours
from tickfire.base.calendar.us_closures import half_days, holidays
from tickfire.base.calendar.venues import VENUES

PUBLISHED = {
    2021: ("01-01 01-18 02-15 04-02 05-31 07-05 09-06 11-25 12-24", "11-26"),
    2022: ("01-17 02-21 04-15 05-30 06-20 07-04 09-05 11-24 12-26", "11-25"),
    2023: ("01-02 01-16 02-20 04-07 05-29 06-19 07-04 09-04 11-23 12-25", "07-03 11-24"),
    2024: ("01-01 01-15 02-19 03-29 05-27 06-19 07-04 09-02 11-28 12-25", "07-03 11-29 12-24"),
    2025: ("01-01 01-20 02-17 04-18 05-26 06-19 07-04 09-01 11-27 12-25", "07-03 11-28 12-24"),
    2026: ("01-01 01-19 02-16 04-03 05-25 06-19 07-03 09-07 11-26 12-25", "11-27 12-24"),
}


def days(year: int, text: str) -> frozenset[date]:
    return frozenset(date.fromisoformat(f"{year}-{day}") for day in text.split())


@pytest.mark.parametrize("year", PUBLISHED)
def test_the_days_are_those_that_were_published(year: int) -> None:
    closed, early = PUBLISHED[year]
    assert holidays(year) == days(year, closed)
    assert half_days(year) == days(year, early)


@pytest.mark.parametrize("year", range(1990, 2100))
def test_no_day_is_of_a_weekend_and_none_is_both(year: int) -> None:
    assert not holidays(year) & half_days(year)
    assert all(day.weekday() < 5 for day in holidays(year) | half_days(year))


def new_york(text: str) -> int:
    local = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("America/New_York"))
    return int(local.timestamp()) * 10**9


@pytest.mark.parametrize(
    ("dataset", "open_until"),
    [("XNAS.ITCH", "17:00"), ("OPRA.PILLAR", "13:15")],
)
def test_a_venue_closes_early_on_half_days_and_all_day_on_holidays(
    dataset: str, open_until: str
) -> None:
    hours = VENUES[dataset].hours
    close = new_york(f"2024-11-29T{open_until}")
    assert hours.is_open(close - 1) and not hours.is_open(close)
    assert not hours.is_open(new_york("2024-11-28T12:00"))
    assert hours.is_open(new_york("2024-11-27T16:00"))


def test_hours_of_ones_own_are_kept_on_holidays() -> None:
    own = TradingHours.parse("America/New_York 09:30-16:00 Mon-Fri")
    assert own.is_open(new_york("2024-11-28T12:00"))
    assert not TradingHours.parse("us-equities").is_open(new_york("2024-11-28T12:00"))
    assert not TradingHours.parse("us-equities").is_open(new_york("2024-11-29T13:00"))
