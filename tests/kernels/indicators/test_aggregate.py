"""Bars from ticks and from shorter bars: the reference's, in pieces too, and ingest's own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.support.kernels.cases import quick, tick_words
from tests.support.reference.indicators.volume import bars as reference_bars
from tickfire.kernels import aggregate, native
from tickfire.kernels.bars import SECOND_NS, WORDS, bar_add, bar_open, bar_vwap
from tickfire.kernels.jit import kernel

type Array = NDArray[Any]
type Row = tuple[float, ...]

pytestmark = pytest.mark.timeout(300)

FLOAT_COLUMNS = 6


def ticks(n: int, seed: int, step: int = 1) -> tuple[Array, Array, Array]:
    """Return instants that never fall, prices in quarters, sizes."""
    rng = np.random.default_rng(seed)
    ts = 1_700_000_000_000_000_000 + np.cumsum(rng.integers(0, 6, n)) * step
    price = 100.0 + 0.25 * np.cumsum(rng.integers(-3, 4, n))
    return ts, price, rng.integers(0, 9, n).astype(float)


def rows_of(capacity: int) -> tuple[Array, ...]:
    return (np.zeros(capacity, np.int64), *(np.zeros(capacity) for _ in range(FLOAT_COLUMNS)))


def fold(
    kernel: native.NativeKernel, inputs: tuple[Array, ...], interval: int, capacity: int
) -> list[Row]:
    """Fold everything, a call at a time, and return all bars, the running one last."""
    running = kernel.fresh_state({})
    out: list[Row] = []
    at, n = 0, len(inputs[0])
    while True:
        rows = rows_of(capacity)
        closed = kernel.raw(*(column[at:] for column in inputs), interval, running, *rows)
        assert closed >= 0
        out += [tuple(column[i].item() for column in rows) for i in range(closed)]
        at += int(running[aggregate.TAKEN])
        if at == n:
            last = tuple(column[closed].item() for column in rows)
            return [*out, last] if last[0] else out


@quick
@given(
    st.integers(0, 70), st.integers(0, 2**32 - 1), st.integers(1, 20), st.sampled_from([2, 3, 100])
)
def test_bars_are_the_references_whatever_room_there_is(
    n: int, seed: int, interval: int, capacity: int
) -> None:
    ts, price, size = ticks(n, seed)
    expected = reference_bars(ts.tolist(), price.tolist(), size.tolist(), interval)
    made = fold(native.bars, (ts, price, size), interval, capacity)
    np.testing.assert_allclose(made, np.reshape(expected, (-1, 7)), 1e-12) if expected else None
    assert len(made) == len(expected)


@quick
@given(st.integers(0, 70), st.integers(0, 2**32 - 1), st.integers(1, 5), st.integers(1, 5))
def test_longer_bars_of_bars_are_longer_bars_of_ticks(
    n: int, seed: int, interval: int, times: int
) -> None:
    ts, price, size = ticks(n, seed)
    short = fold(native.bars, (ts, price, size), interval, 100)
    columns = [np.array(c) for c in zip(*short, strict=True)] or list(rows_of(0))
    columns[0] = columns[0].astype(np.int64)
    made = fold(native.longer_bars, tuple(columns), interval * times, 100)
    expected = fold(native.bars, (ts, price, size), interval * times, 100)
    assert len(made) == len(expected)
    if expected:
        np.testing.assert_allclose(made, expected, 1e-12)


@kernel("void(int64[::1], int64, int64, int64)")
def take_trade(words: Array, start: int, price: int, size: int) -> None:
    if words[0] == start:
        bar_add(words, np.uint64(0), price, size)
    else:
        bar_open(words, np.uint64(0), start, price, size)


@kernel("int64(int64[::1])")
def vwap_of(words: Array) -> Any:
    return bar_vwap(words, np.uint64(0))


def test_bars_are_those_that_ingest_closes() -> None:
    ts, price, size = ticks(500, 3, step=70_000_000)
    made = fold(native.bars, (ts, price, size), SECOND_NS, 1_000)
    expected: list[Row] = []
    words = np.zeros(WORDS, np.int64)
    for t, p, s in zip(ts.tolist(), (price * 1e9).astype(np.int64), size, strict=True):
        start = t // SECOND_NS * SECOND_NS
        if words[0] not in (0, start):
            expected.append(ingest_row(words))
        take_trade(words, start, int(p), int(s))
    expected.append(ingest_row(words))
    np.testing.assert_allclose(made, expected, 1e-9)


def ingest_row(words: Array) -> Row:
    prices = [words[i] / 1e9 for i in (1, 2, 3, 4)]
    return (int(words[0]), *prices, float(words[5]), vwap_of(words) / 1e9)


def test_what_comes_late_goes_into_the_running_bar() -> None:
    ts = np.array([100, 125, 105, 131])
    price = np.array([1.0, 2.0, 9.0, 3.0])
    made = fold(native.bars, (ts, price, np.ones(4)), 10, 10)
    assert [row[:5] for row in made] == [
        (100, 1.0, 1.0, 1.0, 1.0),
        (120, 2.0, 9.0, 2.0, 9.0),
        (130, 3.0, 3.0, 3.0, 3.0),
    ]


@pytest.mark.parametrize("interval", [0, -1, 2**62, -(2**63)])
def test_an_interval_that_is_none_gives_no_bars(interval: int) -> None:
    ts, price, size = ticks(10, 1)
    rows = rows_of(20)
    assert native.bars(ts, price, size, interval, *rows) == 0
    assert all(np.isnan(column[0]) for column in rows[1:])


def test_trades_are_taken_out_of_packed_ticks() -> None:
    words = tick_words(50, np.random.default_rng(5))
    packed = np.frombuffer(
        words.tobytes(),
        dtype=[("ts", "<i8"), ("price", "<i8"), ("size", "<u4"), ("id", "<u4"), ("seq", "<u4"),
               ("kind", "u1"), ("side", "u1"), ("flags", "u1"), ("feed", "u1")],
    )  # fmt: skip
    wanted = packed[packed["kind"] == 1]
    ts, price, size = np.zeros(50, np.int64), np.zeros(50), np.zeros(50)
    assert native.trades(words, ts, price, size) == len(wanted)
    count = len(wanted)
    assert ts[:count].tolist() == wanted["ts"].tolist()
    assert price[:count].tolist() == [p / 1e9 for p in wanted["price"].tolist()]
    assert size[:count].tolist() == wanted["size"].tolist()
