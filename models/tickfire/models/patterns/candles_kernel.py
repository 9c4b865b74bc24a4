"""Kernel that evaluates all candlestick patterns, candle by candle.

The columns are in the order of `tickfire.models.patterns.catalogue`, and the depths in that of its
``DEPTHS``. The first candles are its lookbacks; the tests compare each column with TA-Lib.
"""

from __future__ import annotations

from typing import Any

from tickfire.kernels.jit import helper, kernel
from tickfire.kernels.pointers import as_f64
from tickfire.models.patterns.candle_five import (
    breakaway,
    concealing_baby_swallow,
    ladder_bottom,
    mat_hold,
    three_black_crows,
    three_line_strike,
    three_methods,
)
from tickfire.models.patterns.candle_one import (
    belt_hold,
    closing_marubozu,
    dragonfly_doji,
    gravestone_doji,
    high_wave,
    long_legged_doji,
    long_line,
    marubozu,
    plain_doji,
    rickshaw_man,
    short_line,
    spinning_top,
    takuri,
)
from tickfire.models.patterns.candle_state import STATE_WORDS, is_candle, take_candle
from tickfire.models.patterns.candle_three import (
    abandoned_baby,
    advance_block,
    evening_doji_star,
    evening_star,
    gap_side_by_side_white,
    gap_three_methods,
    identical_three_crows,
    morning_doji_star,
    morning_star,
    stalled_pattern,
    stick_sandwich,
    tasuki_gap,
    three_inside,
    three_outside,
    three_stars_in_the_south,
    three_white_soldiers,
    tristar,
    two_crows,
    unique_three_river,
    upside_gap_two_crows,
)
from tickfire.models.patterns.candle_two import (
    counterattack,
    dark_cloud_cover,
    doji_star,
    engulfing,
    hammer,
    hanging_man,
    harami,
    harami_cross,
    homing_pigeon,
    in_neck,
    inverted_hammer,
    kicking,
    kicking_by_length,
    matching_low,
    on_neck,
    piercing,
    separating_lines,
    shooting_star,
    thrusting,
)
from tickfire.models.patterns.hikkake import (
    hikkake,
    modified_hikkake,
)


@helper
def one_candle(s: Any, n: Any, row: Any) -> None:
    """Write the columns of the patterns of one candle."""
    if n >= 10:
        row[0] = belt_hold(s, n)
        row[1] = closing_marubozu(s, n)
        row[2] = marubozu(s, n)
        row[3] = plain_doji(s, n)
        row[4] = dragonfly_doji(s, n)
        row[5] = gravestone_doji(s, n)
        row[6] = takuri(s, n)
        row[7] = long_legged_doji(s, n)
        row[8] = rickshaw_man(s, n)
        row[9] = high_wave(s, n)
        row[10] = spinning_top(s, n)
        row[11] = long_line(s, n)
        row[12] = short_line(s, n)


@helper
def two_candles(s: Any, n: Any, row: Any, depths: Any) -> None:
    """Write the columns of the patterns of two candles."""
    if n >= 2:
        row[17] = engulfing(s, n)
    if n >= 6:
        row[30] = matching_low(s, n)
    if n >= 11:
        row[13] = counterattack(s, n)
        row[14] = dark_cloud_cover(s, n, depths[0])
        row[15] = piercing(s, n)
        row[16] = doji_star(s, n)
        row[18] = harami(s, n)
        row[19] = harami_cross(s, n)
        row[20] = homing_pigeon(s, n)
        row[21] = hammer(s, n)
        row[22] = hanging_man(s, n)
        row[23] = inverted_hammer(s, n)
        row[24] = shooting_star(s, n)
        row[25] = in_neck(s, n)
        row[26] = on_neck(s, n)
        row[27] = thrusting(s, n)
        row[28] = kicking(s, n)
        row[29] = kicking_by_length(s, n)
        row[31] = separating_lines(s, n)


@helper
def three_candles(s: Any, n: Any, row: Any, depths: Any) -> None:
    """Write the columns of the patterns of three candles."""
    if n >= 2:
        row[51] = gap_three_methods(s, n)
    if n >= 3:
        row[35] = three_outside(s, n)
    if n >= 7:
        row[45] = gap_side_by_side_white(s, n)
        row[47] = stick_sandwich(s, n)
        row[48] = tasuki_gap(s, n)
    if n >= 12:
        row[32] = two_crows(s, n)
        row[33] = upside_gap_two_crows(s, n)
        row[34] = three_inside(s, n)
        row[36] = three_stars_in_the_south(s, n)
        row[37] = three_white_soldiers(s, n)
        row[38] = advance_block(s, n)
        row[39] = stalled_pattern(s, n)
        row[40] = abandoned_baby(s, n, depths[1])
        row[41] = evening_star(s, n, depths[2])
        row[42] = evening_doji_star(s, n, depths[3])
        row[43] = morning_star(s, n, depths[4])
        row[44] = morning_doji_star(s, n, depths[5])
        row[46] = identical_three_crows(s, n)
        row[49] = tristar(s, n)
        row[50] = unique_three_river(s, n)


@helper
def five_candles(s: Any, n: Any, row: Any, depths: Any) -> None:
    """Write the columns of the patterns of four and five candles."""
    if n >= 8:
        row[52] = three_line_strike(s, n)
    if n >= 13:
        row[53] = three_black_crows(s, n)
        row[54] = concealing_baby_swallow(s, n)
    if n >= 14:
        row[55] = breakaway(s, n)
        row[56] = ladder_bottom(s, n)
        row[57] = mat_hold(s, n, depths[6])
        row[58] = three_methods(s, n)


@helper
def waiting(s: Any, n: Any, row: Any) -> None:
    """Write the columns of the patterns that wait for a confirmation."""
    row[59] = hikkake(s, n)
    row[60] = modified_hikkake(s, n)


@kernel("int64(int64[::1], float64[:, ::1], float64[::1], int64, int16[:, ::1])")
def candle_patterns(series: Any, prices: Any, depths: Any, states: Any, out: Any) -> Any:
    """Take candles into their states and write the patterns' results; return how many were taken.

    A candle with a price that is not finite is skipped: its row is 0 and the state stays as it is.

    Parameters
    ----------
    series : int64[n]
        Index of the state of each candle.
    prices : float64[4, n]
        Opens, highs, lows and closes.
    depths : float64[7]
        Depths of the patterns in ``DEPTHS``.
    states : int64
        Address of `STATE_WORDS` float64 words a series, zero at first.
    out : int16[n, 61]
        Output.
    """
    taken = 0
    for i in range(len(series)):
        row = out[i]
        row[:] = 0
        o, h, l, c = prices[0, i], prices[1, i], prices[2, i], prices[3, i]  # noqa: E741
        if is_candle(o, h, l, c):
            s = as_f64(states + series[i] * (8 * STATE_WORDS))
            n = take_candle(s, o, h, l, c)
            one_candle(s, n, row)
            two_candles(s, n, row, depths)
            three_candles(s, n, row, depths)
            five_candles(s, n, row, depths)
            waiting(s, n, row)
            taken += 1
    return taken
