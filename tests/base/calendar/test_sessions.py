"""Trading hours as text, and the file of those that precede the usual ones."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from tickfire.base.calendar.hours import ALWAYS, NAMED, HoursError, TradingHours
from tickfire.base.calendar.sessions import Sessions, read_sessions
from tickfire.base.errors import UsageError


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("cme", "America/Chicago 17:00-16:00 Mon-Fri"),
        ("UTC 00:00-24:00", "UTC 00:00-24:00 Mon-Sun"),
        ("Asia/Dubai 10:00-15:00 Sat-Mon", "Asia/Dubai 10:00-15:00 Mon,Sat,Sun"),
        ("UTC 09:00-17:00 Mon,Wed", "UTC 09:00-17:00 Mon,Wed"),
    ],
)
def test_hours_are_read_and_written(text: str, said: str) -> None:
    hours = TradingHours.parse(text)
    assert str(hours) == said
    assert TradingHours.parse(said) == hours


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("17:00-16:00", "does not state trading hours; write a time zone"),
        ("Mars/Phobos 09:00-17:00", '"Mars/Phobos" is no time zone'),
        ("../etc/passwd 09:00-17:00", "is no time zone"),
        ("UTC 09:60-17:00", '"09:60" is no time of day'),
        ("UTC 09:00-24:01", '"24:01" is no time of day'),
        ("UTC 09:00-17:00 Mon-Fry", '"Fry" is no day of the week'),
    ],
)
def test_what_is_wrong_with_a_text_is_said(text: str, reason: str) -> None:
    with pytest.raises(HoursError, match=reason):
        TradingHours.parse(text)


def test_the_usual_hours_are_those_of_the_dataset() -> None:
    sessions = Sessions()
    assert str(sessions.of("GLBX.MDP3", "ESU4")) == NAMED["cme"]
    assert str(sessions.of("EQUS.MINI", "AAPL")) == NAMED["us-equities-extended"]
    assert sessions.of("", "AAA") == ALWAYS


def written(folder: Path, text: str) -> Path:
    path = folder / "sessions.toml"
    path.write_text(text)
    return path


def test_a_file_chooses_hours_by_dataset_and_symbol(tmp_path: Path) -> None:
    sessions = read_sessions(
        written(
            tmp_path,
            'holidays = [2024-12-25]\n[sessions]\n"GLBX.MDP3/ZC*" = '
            '"America/Chicago 19:00-13:20 Mon-Fri"\n"XNAS.*" = "us-equities"\n',
        )
    )
    assert sessions.of("GLBX.MDP3", "ZCZ4").closes == 13 * 60 + 20
    assert sessions.of("GLBX.MDP3", "ESZ4").closes == 16 * 60
    assert str(sessions.of("XNAS.ITCH", "AAPL")) == NAMED["us-equities"]
    assert not sessions.of("XNAS.ITCH", "AAPL").is_trade_date(date(2024, 12, 25))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("session = 1", '"session" is not known; there are holidays and sessions'),
        ("sessions = 1", '"sessions" must be a table of trading hours'),
        ("[sessions]\nx = 1", 'trading hours of "x" must be text, not 1'),
        ('[sessions]\nx = "UTC 9-17"', '"x": "UTC 9-17" does not state trading hours'),
        ("holidays = ['2024-12-25']", "must be dates such as 2024-12-25, not '2024-12-25'"),
        ("holidays", "is not TOML"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        read_sessions(written(tmp_path, text))


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.toml cannot be read: No such file"):
        read_sessions(tmp_path / "none.toml")
