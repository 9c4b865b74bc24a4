"""Log and percent scales: the numbers of the browser's chart, and its refusals."""

from __future__ import annotations

import json
import subprocess
from typing import Any, Final

import numpy as np
import pytest

from tests.support.browser.built import built_package
from tickfire.render.scene.candles import Candles
from tickfire.render.scene.geometry import PaneSize, View, lay_out
from tickfire.render.scene.log_scale import LogMapping
from tickfire.render.scene.price_mapping import records_of, to_record
from tickfire.render.scene.price_scale import FIRST_IS_0, NOT_ABOVE_0, ScaleKind
from tickfire.render.scene.scale_ticks import axis_text, scale_ticks

RUN: Final = """
import { logMapping } from "./log-scale.js";
const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const [base, ...units] = new Float64Array(new Uint8Array(Buffer.concat(chunks)).buffer);
const mapping = logMapping(base);
const records = Float32Array.from(units, (each) => mapping.toPosition(each) - mapping.base);
process.stdout.write(new Uint8Array(records.buffer));
"""
TICKS: Final = """
import { logMapping } from "./log-scale.js";
const { ticks } = logMapping(1);
const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const given = JSON.parse(Buffer.concat(chunks).toString());
process.stdout.write(JSON.stringify(given.map((each) => ticks(...each))));
"""
PANE: Final = PaneSize(900, 600, 1)


def by_node(script: str, given: bytes) -> bytes:
    """Run a script beside the modules of the package."""
    return subprocess.run(
        ["node", "--input-type=module", "-e", script],
        cwd=built_package(), input=given, stdout=subprocess.PIPE, check=True,
    ).stdout  # fmt: skip


def candles_of(prices: list[int]) -> Candles:
    """Return candles of one price each, in units of 0.01."""
    columns = np.array(prices, np.int64)[:, None] * np.full((1, 4), 10_000_000)
    time = np.arange(len(prices)) * 60_000
    return Candles.of(time, columns, np.ones(len(prices)), 10_000_000)


def view_of(count: int, kind: ScaleKind) -> View:
    return View(PANE.width / (count + 6), 6, kind)


@pytest.mark.parametrize("base", [1.0, 7.0, 552_450.0, 2.0**53 - 1])
def test_records_on_a_log_scale_have_the_bits_of_the_browser(base: float) -> None:
    rng = np.random.default_rng(int(base) % 1_000)
    units = np.concatenate((
        base * np.exp(rng.normal(0, 0.01, 40_000)),
        rng.integers(1, 2**53, 40_000).astype(np.float64),
        rng.integers(1, 10**6, 40_000).astype(np.float64),
        np.exp(rng.uniform(-740, 709, 40_000)),
        [1, 2**0.5, 0.5**0.5, 2.0**-1022, 5e-324, np.inf, 0, -0.0, -3, np.nan],
    ))  # fmt: skip
    theirs = np.frombuffer(by_node(RUN, np.insert(units, 0, base).tobytes()), np.float32)
    ours = to_record(LogMapping.around(base), units)
    known = ~np.isnan(ours)
    assert (theirs[known].view(np.int32) == ours[known].view(np.int32)).all()
    assert np.isnan(theirs[~known]).all()
    assert (~known).sum() == 1


def test_ticks_on_a_log_scale_are_those_of_the_browser() -> None:
    rng = np.random.default_rng(5)
    given = []
    for _ in range(3_000):
        bottom = float(np.exp(rng.uniform(0, 20)))
        top = bottom * float(np.exp(rng.uniform(0.001, 12)))
        gap = float(np.log(top / bottom) / rng.uniform(2, 15))
        given.append((bottom, top, gap, float(rng.choice([1, 5, 25, 15_625]))))
    theirs = json.loads(by_node(TICKS, json.dumps(given).encode()))
    mapping = LogMapping.around(1.0)
    assert [mapping.ticks(*each) for each in given] == theirs


def test_a_candle_that_falls_by_less_than_the_precision_falls() -> None:
    prices = np.array([[2**52 + 1, 2**52 + 1, 2**52, 2**52]], np.int64)
    candles = Candles.of(np.zeros(1, np.int64), prices, np.ones(1))
    opened, _, _, close, _ = records_of(candles, LogMapping.around(2.0**52))[0]
    assert close < opened


def test_equal_ratios_take_equal_heights_on_a_log_scale() -> None:
    geometry = lay_out(candles_of([1, 100_000_000]), view_of(2, "log"), PANE)
    rows = [geometry.row_of(100.0**power) for power in range(5)]
    assert np.ptp(np.diff(rows)) <= 1


@pytest.mark.parametrize(
    ("prices", "kind", "fault"),
    [
        ([100, 0, 300], "log", NOT_ABOVE_0),
        ([100, -3700, 300], "log", NOT_ABOVE_0),
        ([0, 100], "percent", FIRST_IS_0),
        ([100, 300], "log", None),
        ([-200, 100], "percent", None),
        ([], "log", None),
    ],
)
def test_a_scale_that_cannot_be_is_linear_and_says_so(
    prices: list[int], kind: ScaleKind, fault: str | None
) -> None:
    geometry = lay_out(candles_of(prices), view_of(len(prices), kind), PANE)
    assert geometry.fault == fault
    if fault is not None:
        assert (geometry.mapping.kind, geometry.reference) == ("linear", None)


@pytest.mark.parametrize(
    ("prices", "text"),
    [([200, 250], "+25.00%"), ([-200, -250], "\N{MINUS SIGN}25.00%"), ([250, 500], "+100.00%")],
)
def test_percent_counts_from_the_first_close_in_sight(prices: list[int], text: str) -> None:
    candles = candles_of(prices)
    geometry = lay_out(candles, view_of(2, "percent"), PANE)
    assert axis_text(candles, geometry, prices[1]) == text


def test_labels_of_a_percent_scale_are_round() -> None:
    candles = candles_of(list(range(20_000, 30_000, 100)))
    geometry = lay_out(candles, view_of(len(candles), "percent"), PANE)
    ticks: Any = scale_ticks(geometry, 46, candles.tick_units)
    texts = [axis_text(candles, geometry, each) for each in ticks]
    assert texts[:5] == ["\N{MINUS SIGN}10.00%", "0.00%", "+10.00%", "+20.00%", "+30.00%"]
