"""Anomalies among trades: injected ones are found and named, however ticks are split."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.models.ticks import CENT, Ticks, quiet_market, trade_index
from tickfire.base.units import NS_PER_S, UNDEF_PRICE
from tickfire.models.anomaly.detector import FEATURE_NAMES, Alarm, Limits, TickDetector
from tickfire.store.schema import TICK, TICK_CLEAR

LIMITS = Limits((10.0, 10.0, 10.0, 10.0, 30.0))


def alarms(ticks: Ticks, limits: Limits = LIMITS) -> list[Alarm]:
    return TickDetector(limits).push(ticks)


def test_quiet_market_has_no_anomalies() -> None:
    assert alarms(quiet_market(20_000)) == []


def test_huge_size_is_a_volume_anomaly() -> None:
    ticks = quiet_market(2_000)
    at = trade_index(ticks, 1_000)
    ticks["size"][at] = 2**32 - 1
    (alarm,) = alarms(ticks)
    assert (alarm.tick_index, alarm.feature) == (at, "volume")
    assert alarm.values[1] == pytest.approx(2**32 - 1)
    assert 50 < alarm.expected[1] < 500
    assert alarm.z[1] > 10.0 and alarm.score == pytest.approx(alarm.z[1] / 10.0)


@pytest.mark.parametrize("direction", [1, -1])
def test_price_jump_is_a_return_anomaly(direction: int) -> None:
    ticks = quiet_market(2_000)
    at = trade_index(ticks, 1_000)
    ticks["price"][at:] += direction * 100 * CENT
    (alarm,) = alarms(ticks)
    assert (alarm.tick_index, alarm.feature) == (at, "return")
    assert alarm.values[0] * direction == pytest.approx(100.0, rel=0.1)
    assert np.sign(alarm.z[0]) == direction


def test_wide_spread_is_a_spread_anomaly() -> None:
    ticks = quiet_market(2_000)
    at = trade_index(ticks, 1_000)
    ticks["price"][at - 1] += 50 * CENT
    (alarm,) = alarms(ticks)
    assert (alarm.tick_index, alarm.feature) == (at, "spread")
    assert alarm.values[2] == pytest.approx(52.0, rel=0.1)


def test_burst_is_an_inter_arrival_anomaly() -> None:
    ticks = quiet_market(3_000)
    first = trade_index(ticks, 1_000)
    burst = np.repeat(ticks[first : first + 1], 60)
    burst["ts_event"] += np.arange(60)
    found = alarms(np.concatenate([ticks[:first], burst, ticks[first + 1 :]]), LIMITS)
    assert found[0].feature == "inter_arrival"
    assert first < found[0].tick_index < first + 60
    assert found[0].values[3] < 0.01 < 0.05 < found[0].expected[3]


def test_unusual_combination_is_a_context_anomaly() -> None:
    limits = Limits((1e9, 1e9, 1e9, 1e9, 15.0))
    ticks = quiet_market(2_000)
    at = trade_index(ticks, 1_000)
    ticks["size"][at] = 5_000_000
    ticks["price"][at:] += 20 * CENT
    alarm = max(alarms(ticks, limits), key=lambda alarm: alarm.context)
    assert (alarm.tick_index, alarm.feature) == (at, "context")
    assert alarm.context == pytest.approx(15.0 * alarm.score)


def test_no_alarms_in_warm_up_and_refractory_period() -> None:
    ticks = quiet_market(2_000)
    for number in (100, 1_000, 1_050, 1_101, 1_102):
        ticks["size"][trade_index(ticks, number)] = 2**32 - 1
    detector = TickDetector(LIMITS)
    found = [alarm.tick_index for alarm in detector.push(ticks)]
    assert found == [trade_index(ticks, 1_000), trade_index(ticks, 1_101)]
    assert detector.quiet == 2
    assert detector.trades == 2_000


def test_clear_separates_trades_before_and_after() -> None:
    before, after = quiet_market(1_000, 1), quiet_market(1_000, 2)
    after["price"] += 5_000 * CENT
    after["ts_event"] -= 3600 * NS_PER_S
    clear = np.zeros(1, TICK)
    clear["kind"], clear["price"], clear["instrument_id"] = TICK_CLEAR, UNDEF_PRICE, 1
    assert alarms(np.concatenate([before, clear, after])) == []
    assert alarms(np.concatenate([before, after])) != []


@settings(max_examples=20)
@given(st.lists(st.integers(0, 900), max_size=6), st.integers(0, 5))
def test_result_does_not_depend_on_how_ticks_are_split(cuts: list[int], seed: int) -> None:
    ticks = quiet_market(800, seed, instruments=3)
    limits = Limits((3.0, 3.0, 3.0, 3.0, 9.0), warm_up=20, refractory=5)
    whole = alarms(ticks, limits)
    detector, pieces, at = TickDetector(limits), [], 0
    for step in [*cuts, len(ticks)]:
        found = detector.push(ticks[at : at + step])
        pieces += [alarm._replace(tick_index=alarm.tick_index + at) for alarm in found]
        at = min(at + step, len(ticks))
    assert pieces == whole
    assert whole


def test_many_instruments_are_independent() -> None:
    """There are more than fit at first, so the tables grow in the middle of a call."""
    limits = Limits((2.0, 2.0, 2.0, 2.0, 6.0), warm_up=5, refractory=0)
    ticks = quiet_market(12_000, 3, instruments=900)
    ticks["feed"][ticks["instrument_id"] > 450] = 7
    together = alarms(ticks, limits)
    assert len({(a.feed, a.instrument_id) for a in together}) > 600
    for number in (3, 444, 450, 451, 900):
        mine = np.flatnonzero(ticks["instrument_id"] == number)
        alone = [
            a._replace(tick_index=int(mine[a.tick_index])) for a in alarms(ticks[mine], limits)
        ]
        assert alone == [a for a in together if a.instrument_id == number]


def sound_alarms(data: bytes) -> int:
    """Return the number of alarms that any bytes raise as ticks, all of them checked."""
    ticks = np.frombuffer(data[: len(data) // 32 * 32], TICK)
    limits = Limits((0.5,) * 5, warm_up=0, refractory=0)
    found = TickDetector(limits).push(np.concatenate([ticks, ticks, ticks]))
    for alarm in found:
        assert alarm.feature in FEATURE_NAMES
        assert np.isfinite([alarm.score, alarm.context, *alarm.z, *alarm.expected]).all()
    return len(found)


@settings(max_examples=30)
@given(st.binary(max_size=32 * 60))
def test_any_bytes_are_accepted_as_ticks(data: bytes) -> None:
    sound_alarms(data)


def test_bytes_of_ticks_raise_alarms() -> None:
    assert sound_alarms(quiet_market(20).tobytes()) > 0


@pytest.mark.parametrize(
    "limits",
    [
        {"thresholds": (1.0,) * 4},
        {"thresholds": (0.0,) * 5},
        {"thresholds": (1.0,) * 5, "warm_up": -1},
    ],
)
def test_invalid_limits_are_refused(limits: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"thresholds|trades"):
        Limits(**limits)  # type: ignore[arg-type]


def test_other_records_are_refused() -> None:
    with pytest.raises(TypeError, match="TICK"):
        TickDetector(LIMITS).push(np.zeros(3))
