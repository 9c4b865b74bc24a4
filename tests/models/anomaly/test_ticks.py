"""Anomalies among trades: what is put in is found and named, and the cut does not matter."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.models.ticks import CENT, SECOND, Ticks, market, trade
from tickfire.base.units import UNDEF_PRICE
from tickfire.models.anomaly.detector import FEATURE_NAMES, Alarm, Limits, TickDetector
from tickfire.store.schema import TICK, TICK_CLEAR

LIMITS = Limits((10.0, 10.0, 10.0, 10.0, 30.0))


def alarms(ticks: Ticks, limits: Limits = LIMITS) -> list[Alarm]:
    return TickDetector(limits).push(ticks)


def test_a_quiet_market_has_no_anomalies() -> None:
    assert alarms(market(20_000)) == []


def test_names_a_huge_volume() -> None:
    ticks = market(2_000)
    at = trade(ticks, 1_000)
    ticks["size"][at] = 2**32 - 1
    (alarm,) = alarms(ticks)
    assert (alarm.tick_index, alarm.feature) == (at, "volume")
    assert alarm.values[1] == pytest.approx(2**32 - 1)
    assert 50 < alarm.expected[1] < 500
    assert alarm.z[1] > 10.0 and alarm.score == pytest.approx(alarm.z[1] / 10.0)


@pytest.mark.parametrize("direction", [1, -1])
def test_names_a_jump_of_the_price(direction: int) -> None:
    ticks = market(2_000)
    at = trade(ticks, 1_000)
    ticks["price"][at:] += direction * 100 * CENT
    (alarm,) = alarms(ticks)
    assert (alarm.tick_index, alarm.feature) == (at, "return")
    assert alarm.values[0] * direction == pytest.approx(100.0, rel=0.1)
    assert np.sign(alarm.z[0]) == direction


def test_names_a_wide_spread() -> None:
    ticks = market(2_000)
    at = trade(ticks, 1_000)
    ticks["price"][at - 1] += 50 * CENT
    (alarm,) = alarms(ticks)
    assert (alarm.tick_index, alarm.feature) == (at, "spread")
    assert alarm.values[2] == pytest.approx(52.0, rel=0.1)


def test_names_a_burst_of_trades() -> None:
    ticks = market(3_000)
    first = trade(ticks, 1_000)
    burst = np.repeat(ticks[first : first + 1], 60)
    burst["ts_event"] += np.arange(60)
    found = alarms(np.concatenate([ticks[:first], burst, ticks[first + 1 :]]), LIMITS)
    assert found[0].feature == "inter_arrival"
    assert first < found[0].tick_index < first + 60
    assert found[0].values[3] < 0.01 < 0.05 < found[0].expected[3]


def test_names_what_is_strange_only_as_a_whole() -> None:
    limits = Limits((1e9, 1e9, 1e9, 1e9, 15.0))
    ticks = market(2_000)
    at = trade(ticks, 1_000)
    ticks["size"][at] = 5_000_000
    ticks["price"][at:] += 20 * CENT
    alarm = max(alarms(ticks, limits), key=lambda alarm: alarm.context)
    assert (alarm.tick_index, alarm.feature) == (at, "context")
    assert alarm.context == pytest.approx(15.0 * alarm.score)


def test_is_quiet_after_an_alarm_and_while_it_learns() -> None:
    ticks = market(2_000)
    for number in (100, 1_000, 1_050, 1_101, 1_102):
        ticks["size"][trade(ticks, number)] = 2**32 - 1
    detector = TickDetector(LIMITS)
    found = [alarm.tick_index for alarm in detector.push(ticks)]
    assert found == [trade(ticks, 1_000), trade(ticks, 1_101)]
    assert detector.quiet == 2
    assert detector.trades == 2_000


def test_a_clear_parts_what_was_from_what_comes() -> None:
    before, after = market(1_000, 1), market(1_000, 2)
    after["price"] += 5_000 * CENT
    after["ts_event"] -= 3600 * SECOND
    clear = np.zeros(1, TICK)
    clear["kind"], clear["price"], clear["instrument_id"] = TICK_CLEAR, UNDEF_PRICE, 1
    assert alarms(np.concatenate([before, clear, after])) == []
    assert alarms(np.concatenate([before, after])) != []


@settings(max_examples=20)
@given(st.lists(st.integers(0, 900), max_size=6), st.integers(0, 5))
def test_the_cut_of_the_stream_does_not_matter(cuts: list[int], seed: int) -> None:
    ticks = market(800, seed, instruments=3)
    limits = Limits((3.0, 3.0, 3.0, 3.0, 9.0), warm_up=20, refractory=5)
    whole = alarms(ticks, limits)
    detector, pieces, at = TickDetector(limits), [], 0
    for step in [*cuts, len(ticks)]:
        found = detector.push(ticks[at : at + step])
        pieces += [alarm._replace(tick_index=alarm.tick_index + at) for alarm in found]
        at = min(at + step, len(ticks))
    assert pieces == whole
    assert whole


def test_instruments_do_not_touch_each_other_however_many() -> None:
    """More than there is room for at first: the tables grow in the middle of a call."""
    limits = Limits((2.0, 2.0, 2.0, 2.0, 6.0), warm_up=5, refractory=0)
    ticks = market(12_000, 3, instruments=900)
    ticks["feed"][ticks["instrument_id"] > 450] = 7
    together = alarms(ticks, limits)
    assert len({(a.feed, a.instrument_id) for a in together}) > 600
    for number in (3, 444, 450, 451, 900):
        mine = np.flatnonzero(ticks["instrument_id"] == number)
        alone = [
            a._replace(tick_index=int(mine[a.tick_index])) for a in alarms(ticks[mine], limits)
        ]
        assert alone == [a for a in together if a.instrument_id == number]


@settings(max_examples=30)
@given(st.binary(max_size=32 * 60))
def test_any_bytes_are_ticks(data: bytes) -> None:
    ticks = np.frombuffer(data[: len(data) // 32 * 32], TICK)
    ticks = np.concatenate([ticks, ticks, ticks])
    limits = Limits((0.5,) * 5, warm_up=0, refractory=0)
    for alarm in TickDetector(limits).push(ticks):
        assert alarm.feature in FEATURE_NAMES
        assert np.isfinite([alarm.score, alarm.context, *alarm.z, *alarm.expected]).all()


@pytest.mark.parametrize(
    "limits",
    [
        {"thresholds": (1.0,) * 4},
        {"thresholds": (0.0,) * 5},
        {"thresholds": (1.0,) * 5, "warm_up": -1},
    ],
)
def test_refuses_limits_that_are_none(limits: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"thresholds|trades"):
        Limits(**limits)  # type: ignore[arg-type]


def test_refuses_what_are_no_ticks() -> None:
    with pytest.raises(TypeError, match="TICK"):
        TickDetector(LIMITS).push(np.zeros(3))
