"""Models where ids get other symbols, and symbols other ids."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.models.bars import MINUTE, START, minute_bars
from tests.support.models.candles import gridded_candles
from tests.support.models.ticks import quiet_market, trade_index
from tickfire.models.anomaly.stream import AnomalyModel
from tickfire.models.infer.closed_bars import ClosedBars
from tickfire.models.infer.instruments import Instruments
from tickfire.models.infer.series_numbers import SeriesNumbers
from tickfire.models.infer.stream_model import StreamModel
from tickfire.models.patterns.stream import PatternsModel
from tickfire.models.records import Signal
from tickfire.models.rules.parse import parse
from tickfire.models.rules.rule_file import Rule
from tickfire.models.signals.stream import SignalsModel
from tickfire.store.schema import BAR_REWIND, TICK, TICK_CLEAR, TICK_TRADE, Instrument

BARS = 400
MIDDLE = START + BARS // 2 * MINUTE


def renamed(bound: int) -> Instruments:
    """Id 21 is AAA until a time, and then BBB."""
    return Instruments([Instrument(0, 21, "AAA", end=bound), Instrument(0, 21, "BBB", start=bound)])


def rolled(bound: int) -> Instruments:
    """ES.c.0 is id 11 until a time, and then 12."""
    return Instruments(
        [
            Instrument(0, 11, "ES.c.0", end=bound, raw_symbol="ESM4", asked="ES.c.0"),
            Instrument(0, 12, "ES.c.0", start=bound, raw_symbol="ESU4", asked="ES.c.0"),
        ]
    )


def same(symbol: str, *ids: int) -> Instruments:
    return Instruments([Instrument(0, number, symbol) for number in ids])


def any_bar(instruments: Instruments) -> SignalsModel:
    return SignalsModel(instruments, [Rule("higher", parse("close > open"))])


def bars(instrument_id: int) -> Any:
    made = minute_bars(np.stack(gridded_candles(11, BARS), axis=1), instrument_id)
    made["volume"] = 1 + np.arange(BARS) % 7
    return made


def given_in_pieces(model: StreamModel, rows: Any, size: int = 7) -> list[Signal]:
    return [
        one for at in range(0, len(rows), size) for one in model.on_bars(0, rows[at : at + size])
    ]


@pytest.mark.parametrize("make", [PatternsModel, any_bar, AnomalyModel])
def test_bars_of_renamed_id_belong_to_two_series(make: Any) -> None:
    rows = bars(21)
    rows["volume"][[150, 350]] = 10**9
    found = given_in_pieces(make(renamed(MIDDLE)), rows)
    first, second = (
        given_in_pieces(make(same(symbol, 21)), rows[chosen])
        for symbol, chosen in (("AAA", rows["start"] < MIDDLE), ("BBB", rows["start"] >= MIDDLE))
    )
    assert first and second
    assert found == [*first, *second]


@pytest.mark.parametrize("make", [PatternsModel, any_bar])
def test_candles_of_continuous_symbol_go_on_across_roll(make: Any) -> None:
    rows, one = bars(11), bars(11)
    rows["instrument_id"][rows["start"] >= MIDDLE] = 12
    other = bars(12)  # it has a name of its own until it is ES.c.0
    both = np.stack([rows, other], axis=1).ravel()
    found = given_in_pieces(make(rolled(MIDDLE)), both)
    # Bars of id 12 after the roll come twice, and count once.
    assert [s for s in found if s.symbol == "ES.c.0"] == given_in_pieces(
        make(same("ES.c.0", 11)), one
    )
    assert {s.symbol for s in found} <= {"ES.c.0", "ESU4"}


def test_price_step_of_roll_is_no_anomaly_of_minute() -> None:
    closes = 100 * np.exp(np.cumsum(np.random.default_rng(1).standard_normal(BARS)) * 1e-4)
    opens = np.roll(closes, 1)
    opens[0] = closes[0]
    sides = np.maximum(opens, closes) + 0.01, np.minimum(opens, closes) - 0.01
    rows = minute_bars(np.stack([opens, *sides, closes], axis=1), 11)
    rows["volume"] = np.where(rows["start"] == MIDDLE, 5_000, 100)
    after = rows["start"] >= MIDDLE
    for name in ("open", "high", "low", "close"):
        rows[name][after] *= 2
    step = [
        s for s in given_in_pieces(AnomalyModel(same("X", 11)), rows) if s.at == MIDDLE + MINUTE
    ]
    assert step
    rows["instrument_id"][after] = 12
    found = given_in_pieces(AnomalyModel(rolled(MIDDLE)), rows)
    assert not [s for s in found if s.at == MIDDLE + MINUTE]


def on_ticks(model: StreamModel, ticks: Any, size: int = 256) -> list[Signal]:
    return [
        signal
        for at in range(0, len(ticks), size)
        for signal in model.on_ticks(0, 1 + at, ticks[at : at + size])
    ]


def huge(ticks: Any, *numbers: int) -> list[int]:
    """Make trades huge; return their positions."""
    at = [trade_index(ticks, number) for number in numbers]
    ticks["size"][at] = 10_000_000
    return [index + 1 for index in at]


def symbols_at(signals: Sequence[Signal], positions: list[int]) -> list[str]:
    return [s.symbol for n in positions for s in signals if s.n == n]


def test_ticks_have_the_symbol_of_their_time() -> None:
    ticks = quiet_market(2_000)
    ticks["instrument_id"] = 21
    positions = huge(ticks, 500, 1_050, 1_500)
    bound = int(ticks["ts_event"][trade_index(ticks, 1_000)])
    found = on_ticks(AnomalyModel(renamed(bound)), ticks)
    # BBB is another instrument: its trade 50 is too early for an alarm.
    assert symbols_at(found, positions) == ["AAA", "BBB"]
    assert not [s for s in found if s.n == positions[1]]


def test_ticks_of_continuous_symbol_go_on_across_roll_without_alarm() -> None:
    ticks = quiet_market(2_000)
    positions = huge(ticks, 500, 1_050)
    roll = trade_index(ticks, 1_000) + 1
    ticks["instrument_id"][:roll], ticks["instrument_id"][roll:] = 11, 12
    ticks["price"][roll:] *= 2
    bound = int(ticks["ts_event"][roll])
    found = on_ticks(AnomalyModel(rolled(bound)), ticks)
    assert symbols_at(found, positions) == ["ES.c.0", "ES.c.0"]
    assert not [
        s for s in found if s.detail["feature"] == "return" and s.n - 1 in range(roll, roll + 9)
    ]


def test_rolled_table_that_comes_later_keeps_what_was_learnt() -> None:
    ticks = quiet_market(2_000)
    positions = huge(ticks, 1_050)
    roll = trade_index(ticks, 1_000) + 1
    ticks["instrument_id"][:roll], ticks["instrument_id"][roll:] = 11, 12
    instruments = same("ES.c.0", 11)
    model = AnomalyModel(instruments)
    on_ticks(model, ticks[:roll])
    instruments.replace(rolled(int(ticks["ts_event"][roll])).mappings)
    found = [
        s
        for at in range(roll, len(ticks), 256)
        for s in model.on_ticks(0, 1 + at, ticks[at : at + 256])
    ]
    assert symbols_at(found, positions) == ["ES.c.0"]


def test_second_round_of_rolled_feed_starts_series_anew_once() -> None:
    closed = ClosedBars()
    first, second = bars(11)[:4], bars(11)[:4]
    second["flags"][[0, 2]] = BAR_REWIND  # the first bar of each id
    assert [closed.take(bar) for bar in [*first, *second]] == [
        *["next"] * 4, "restart", *["next"] * 3,
    ]  # fmt: skip


IDS = st.integers(1, 4)


@given(
    st.lists(st.tuples(IDS, st.sampled_from("ABC"), st.integers(1, 9)), max_size=8),
    st.lists(st.tuples(IDS, st.integers(0, 12), st.booleans()), min_size=1, max_size=40),
    st.lists(st.integers(1, 20), max_size=4),
)
def test_numbers_tell_symbols_apart_and_nothing_else(
    rows: list[tuple[int, str, int]], given_ticks: list[tuple[int, int, bool]], cuts: list[int]
) -> None:
    instruments = Instruments()
    for number, symbol, start in sorted(rows, key=lambda row: row[2]):
        instruments.mappings.add(Instrument(0, number, symbol, start=start))
    ticks = np.zeros(len(given_ticks), TICK)
    ticks["instrument_id"] = [number for number, _, _ in given_ticks]
    ticks["ts_event"] = [at for _, at, _ in given_ticks]
    ticks["kind"] = [TICK_CLEAR if clear else TICK_TRADE for _, _, clear in given_ticks]
    numbers, pieces, held = SeriesNumbers(instruments), [], dict[int, int]()
    for piece in np.split(ticks, sorted(cut for cut in cuts if cut < len(ticks))):
        if not len(piece):
            continue
        parts = list(numbers.parts(piece))
        assert [part.at for part in parts] == np.cumsum([0, *(len(p.ticks) for p in parts)])[
            :-1
        ].tolist()
        for part in parts:
            pieces.append(part.ticks)
            for number in part.moved:
                held.pop(number, None)
    found = np.concatenate(pieces)
    trades = ticks["kind"] == TICK_TRADE
    pairs = {
        (
            instruments.symbol(0, int(a["instrument_id"]), int(a["ts_event"])),
            int(b["instrument_id"]),
        )
        for a, b in zip(ticks[trades], found[trades], strict=True)
    }
    assert (
        len({symbol for symbol, _ in pairs}) == len({number for _, number in pairs}) == len(pairs)
    )
