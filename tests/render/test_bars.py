"""Bars from the tables that users have."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickfire.render import Bars, ChartError
from tickfire.store.schema import BAR

START = 1_719_840_600_000
ROWS: list[dict[str, Any]] = [
    {"time": START, "open": "1.25", "high": "1.5", "low": "1", "close": "1.5", "volume": 7},
    {"time": START + 60_000, "open": 1.5, "high": 2, "low": 1.5, "close": 1.75, "volume": 3},
]
PRICES = [[1.25, 1.5, 1, 1.5], [1.5, 2, 1.5, 1.75]]


def stored() -> Any:
    bars = np.zeros(2, BAR)
    bars["start"] = [START * 1_000_000, (START + 60_000) * 1_000_000]
    for at, name in enumerate(("open", "high", "low", "close")):
        bars[name] = [int(row[at] * 1e9) for row in PRICES]
    bars["volume"] = [7, 3]
    return bars


def frame() -> Any:
    columns = pd.DataFrame(PRICES, columns=["Open", "High", "Low", "Close"])
    columns["Volume"] = [7, 3]
    columns.index = pd.to_datetime([START, START + 60_000], unit="ms", utc=True)
    return columns


@pytest.mark.parametrize(
    "table",
    [
        ROWS,
        iter(ROWS),
        stored(),
        frame(),
        frame().tz_localize(None).rename_axis("date").reset_index(),
        {name: [row[name] for row in ROWS] for name in ROWS[0]},
        [{**row, "time": datetime.fromtimestamp(row["time"] / 1000, UTC)} for row in ROWS],
        [{**row, "time": row["time"] / 1000} for row in ROWS],
        [{**row, "time": f"2024-07-01T13:3{at}"} for at, row in enumerate(ROWS)],
    ],
)
def test_tables_of_all_kinds_give_the_same_bars(table: Any) -> None:
    bars = Bars.of(table)
    assert bars.time.tolist() == [START, START + 60_000]
    assert (bars.prices / 1e9).tolist() == PRICES
    assert bars.volume.tolist() == [7, 3]
    assert bars.interval_ms == 60_000


@given(st.integers(0, 9), st.integers(-(10**9), 10**9))
def test_a_float_is_the_decimal_that_it_is_written_as(decimals: int, units: int) -> None:
    price = units / 10**decimals
    row = {"time": START, "open": price, "high": price, "low": price, "close": price}
    (found,) = {int(each) for each in Bars.of([row]).prices[0]}
    assert found == units * 10 ** (9 - decimals)


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (5, "a table of bars was expected, not int"),
        ({}, "no column open, high, low, close"),
        ([{"open": 1, "high": 1, "low": 1, "close": 1}], "no column of times"),
        ([{**ROWS[0], "time": "soon"}], "'soon' is no time"),
        ([{**ROWS[0], "open": "much"}], "open holds a value that is no price"),
        ([{**ROWS[0], "open": float("nan")}], "open holds a value that is no price"),
        ([{**ROWS[0], "volume": -1}], "no volume"),
        ([{**ROWS[0], "high": 1}], "index 0 has a price beyond its high or low"),
        (ROWS[::-1], "times must ascend"),
        ([ROWS[0], {"time": 1}], "a bar has no open"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(table: Any, words: str) -> None:
    with pytest.raises(ChartError, match="bars: ") as caught:
        Bars.of(table)
    assert words in str(caught.value)
