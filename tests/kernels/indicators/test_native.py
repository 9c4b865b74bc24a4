"""The native interface: arrays in, arrays out, state kept, wrong use refused by a message."""

from __future__ import annotations

import numpy as np
import pytest

from tests.support.kernels import own_kernel
from tickfire.kernels import averages, native

CLOSE = 100.0 + np.cumsum(np.random.default_rng(1).standard_normal(60))


def test_one_result_is_an_array_and_several_have_names() -> None:
    assert native.sma(CLOSE, 20).shape == CLOSE.shape
    bands = native.bollinger(CLOSE, period=20, width=2.0)
    assert bands._fields == ("middle", "upper", "lower")
    np.testing.assert_allclose(bands.middle, native.sma(CLOSE, 20))


def test_pushing_piece_by_piece_gives_the_whole() -> None:
    live = native.macd.start(fast=3, slow=6, signal=4)
    pieces = [live.push(CLOSE[:10]), live.push(CLOSE[10]), live.push(CLOSE[11:])]
    lines = np.concatenate([piece.line for piece in pieces])
    np.testing.assert_array_equal(lines, native.macd(CLOSE, 3, 6, 4).line)


def test_peeking_shows_what_would_come_and_keeps_the_state() -> None:
    live = native.sma.start(period=3)
    live.push(CLOSE[:10])
    assert live.peek(5.0) == live.peek(5.0)
    np.testing.assert_array_equal(live.push(CLOSE[10:12]), native.sma(CLOSE[:12], 3)[10:])


def test_takes_lists_integers_and_arrays_that_cannot_be_written() -> None:
    frozen = CLOSE.copy()
    frozen.flags.writeable = False
    np.testing.assert_array_equal(native.ema(frozen, 5), native.ema(CLOSE, 5))
    assert native.sma([1, 2, 3], 3)[-1] == 2.0
    np.testing.assert_array_equal(native.ema(CLOSE[::2], 5), native.ema(CLOSE[::2].copy(), 5))


def test_wrong_use_is_told_in_words() -> None:
    with pytest.raises(ValueError, match="atr: the arrays differ in length"):
        native.atr(CLOSE, CLOSE[1:], CLOSE, 14)
    with pytest.raises(TypeError, match="sma needs period"):
        native.sma(CLOSE)
    with pytest.raises(TypeError, match="sma takes no other length"):
        native.sma(CLOSE, 3, length=3)
    with pytest.raises(TypeError, match="sma takes src, period"):
        native.sma(CLOSE, 3, 4)
    with pytest.raises(ValueError, match="sma: period is 4294967310, beyond int32"):
        native.sma(CLOSE, 2**32 + 14)
    with pytest.raises(AttributeError, match="there is no kernel smma"):
        _ = native.smma
    with pytest.raises(TypeError, match="volume_profile: profile must be an array of float64"):
        native.volume_profile(CLOSE, CLOSE, 0.0, 1.0, [0.0])


def test_compiles_a_kernel_of_ones_own() -> None:
    kernel = native.compile_native(own_kernel.midpoint)
    assert kernel([3.0, 4.0], [1.0, 2.0]).tolist() == [2.0, 3.0]


def test_a_kernel_stays_plain_python() -> None:
    out = [0.0] * 3
    assert averages.sma([1.0, 2.0, 3.0], 2, [0.0] * averages.sma_words(2), out) == 3
    assert out[1:] == [1.5, 2.5]
