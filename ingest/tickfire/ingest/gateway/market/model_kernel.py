"""Kernel that simulates a market's events and writes them as DBN records.

Events follow a self-exciting process: each event makes others likelier for a while, and the rate
depends on the time of day and on volatility. Between two events the market factor and the
logarithm of volatility drift; the latter reverts to its mean within minutes, so that volatility
clusters. The price of the event's instrument moves with the market factor and by a random walk of
its own. Its quotes follow that price on the tick grid; trades hit the bid or lift the ask.

The state includes the random number generator, so the records do not depend on how the time is
divided into calls.
"""

from __future__ import annotations

import math
from typing import Any

from numba import float64, int64

from tickfire.ingest.dbn.layout import (
    ACTION_TRADE,
    FLAG_LAST,
    RTYPE_MBP_1,
    RTYPE_TRADE,
    SIDE_ASK,
    SIDE_BID,
    SIZE_MBP_1,
    SIZE_TRADE,
)
from tickfire.ingest.gateway.market.draws import normal, uniform
from tickfire.ingest.gateway.market.parameters import (
    BRANCHING,
    CLOSE_S,
    EXCITED_FADES_PER_S,
    G_EXCITED,
    G_FACTOR,
    G_LOG_VOL,
    G_RATE,
    I_BEGIN,
    I_CANDIDATE,
    I_RECV,
    I_TIME,
    LATENCY_NS,
    LATENCY_TAIL_NS,
    MARKET_SIGMA,
    MAX_ACTIVE_LOG_VOL,
    MAX_LATENCY_NS,
    MAX_LOG_VOL,
    MIDDAY_RATE,
    OPEN_S,
    P_BETA,
    P_DEPTH,
    P_FACTOR,
    P_LEVEL,
    P_LOT,
    P_PRICE,
    P_SHARE,
    P_SIGMA,
    PULL_PER_S,
    Q_ASK,
    Q_ASK_SIZE,
    Q_BID,
    Q_BID_SIZE,
    Q_HALTED,
    Q_ID,
    Q_TICK,
    Q_TIME,
    QUIET_RATE,
    RAMP_S,
    STICKY,
    TRADE_SHARE,
    VOL_PULL_PER_S,
    VOL_SIGMA,
)
from tickfire.ingest.gateway.market.quotes import (
    change_size,
    change_spread,
    draw_spread,
    follow_price,
    off_middle,
    take_liquidity,
)
from tickfire.ingest.gateway.market.records import write_base, write_event, write_top
from tickfire.kernels.jit import helper, kernel

DAY_NS = 86_400_000_000_000
MOST_PER_EVENT = SIZE_TRADE + 2 * SIZE_MBP_1


@helper
def time_of_day(ns: Any) -> Any:
    """Return the rate of events at a time as a fraction of the busiest one."""
    second = float64(ns % int64(DAY_NS)) * 1e-9
    if second < OPEN_S - RAMP_S or second > CLOSE_S + RAMP_S:
        return QUIET_RATE
    if second < OPEN_S:
        return QUIET_RATE + (1.0 - QUIET_RATE) * (second - OPEN_S + RAMP_S) / RAMP_S
    if second > CLOSE_S:
        return QUIET_RATE + (1.0 - QUIET_RATE) * (CLOSE_S + RAMP_S - second) / RAMP_S
    middle = 2.0 * (second - OPEN_S) / (CLOSE_S - OPEN_S) - 1.0
    return MIDDAY_RATE + (1.0 - MIDDAY_RATE) * middle * middle


@helper
def next_event(market: Any, ints: Any, end: Any) -> Any:
    """Advance the market to its next event; return whether there is one before the end.

    By thinning: candidates are drawn at an upper bound of the rate, and each is accepted with the
    ratio of the rate at its time to that bound.
    """
    rate = market[G_RATE]
    while True:
        log_vol = market[G_LOG_VOL]
        active = math.exp(0.5 * min(max(log_vol, -MAX_ACTIVE_LOG_VOL), MAX_ACTIVE_LOG_VOL))
        excited = market[G_EXCITED]
        if ints[I_CANDIDATE] < 0:
            wait = -math.log(uniform(ints)) / (rate * active * (1.0 + excited))
            ints[I_CANDIDATE] = ints[I_TIME] + int64(wait * 1e9) + 1
        time = ints[I_CANDIDATE]
        if time >= end:
            return False
        ints[I_CANDIDATE] = -1
        dt = float64(time - ints[I_TIME]) * 1e-9
        ints[I_TIME] = time
        root = math.sqrt(dt)
        log_vol += VOL_SIGMA * root * normal(ints) - VOL_PULL_PER_S * log_vol * dt
        log_vol = min(max(log_vol, -MAX_LOG_VOL), MAX_LOG_VOL)
        market[G_LOG_VOL] = log_vol
        factor = market[G_FACTOR]
        factor += MARKET_SIGMA * math.exp(log_vol) * root * normal(ints) - PULL_PER_S * factor * dt
        market[G_FACTOR] = factor
        faded = excited * math.exp(-EXCITED_FADES_PER_S * dt)
        market[G_EXCITED] = faded
        share = time_of_day(time + ints[I_BEGIN]) * (1.0 + faded) / (1.0 + excited)
        if uniform(ints) < share:
            market[G_EXCITED] = faded + BRANCHING * EXCITED_FADES_PER_S / rate
            return True


@helper
def pick_instrument(params: Any, draw: Any) -> Any:
    """Return the index of the first instrument whose cumulative share reaches a draw."""
    low = 0
    high = len(params) - 1
    while low < high:
        half = (low + high) >> 1
        if params[half, P_SHARE] < draw:
            low = half + 1
        else:
            high = half
    return low


@helper
def move_price(params: Any, quotes: Any, market: Any, ints: Any, i: Any) -> Any:
    """Move an instrument's price to the time of the event; return it in ticks."""
    since = float64(ints[I_TIME] - quotes[i, Q_TIME]) * 1e-9
    quotes[i, Q_TIME] = ints[I_TIME]
    level = params[i, P_LEVEL] + params[i, P_BETA] * (market[G_FACTOR] - params[i, P_FACTOR])
    vol = math.exp(market[G_LOG_VOL])
    level += params[i, P_SIGMA] * vol * math.sqrt(since) * normal(ints) - PULL_PER_S * level * since
    params[i, P_LEVEL] = level
    params[i, P_FACTOR] = market[G_FACTOR]
    return params[i, P_PRICE] * math.exp(level)


@helper
def draw_delay(ints: Any) -> Any:
    """Draw the time (ns) from the event to its receipt, and set the receive time."""
    delay = min(LATENCY_NS - LATENCY_TAIL_NS * math.log(uniform(ints)), MAX_LATENCY_NS)
    ints[I_RECV] = max(ints[I_BEGIN] + ints[I_TIME] + int(delay), ints[I_RECV])
    return delay


@helper
def emit_quote(
    params: Any,
    quotes: Any,
    market: Any,
    ints: Any,
    i: Any,
    price: Any,
    delay: Any,
    out: Any,
    at: Any,
) -> Any:
    """Change the quotes of an instrument, and write the MBP-1 record; return the next offset."""
    depth = params[i, P_DEPTH]
    spread = draw_spread(params, market, ints, i)
    width = quotes[i, Q_ASK] - quotes[i, Q_BID]
    if abs(off_middle(quotes, i, price)) > 0.5 * float64(width) + STICKY:
        side, action = follow_price(quotes, ints, i, price, spread, depth)
    elif spread != width and uniform(ints) < 0.5:
        side, action = change_spread(quotes, ints, i, spread, depth)
    else:
        side, action = change_size(quotes, ints, i, depth)
    quote = quotes[i, Q_BID]
    size = quotes[i, Q_BID_SIZE]
    if side == SIDE_ASK:
        quote = quotes[i, Q_ASK]
        size = quotes[i, Q_ASK_SIZE]
    write_base(out, at, SIZE_MBP_1, RTYPE_MBP_1, quotes[i, Q_ID], ints, delay)
    write_event(out, at, quote * quotes[i, Q_TICK], size, action, side, FLAG_LAST)
    write_top(out, at, quotes, i, int64(params[i, P_LOT]))
    return at + SIZE_MBP_1


@helper
def emit_trade(
    params: Any, quotes: Any, ints: Any, i: Any, price: Any, delay: Any, out: Any, at: Any
) -> Any:
    """Make a trade, and write its record and the MBP-1 record after it; return the next offset."""
    is_buy, hit, size, action = take_liquidity(params, quotes, ints, i, price)
    aggressor = int64(SIDE_BID) if is_buy else int64(SIDE_ASK)
    resting = int64(SIDE_ASK) if is_buy else int64(SIDE_BID)
    money = hit * quotes[i, Q_TICK]
    write_base(out, at, SIZE_TRADE, RTYPE_TRADE, quotes[i, Q_ID], ints, delay)
    write_event(out, at, money, size, ACTION_TRADE, aggressor, 0)
    at += SIZE_TRADE
    write_base(out, at, SIZE_MBP_1, RTYPE_MBP_1, quotes[i, Q_ID], ints, delay)
    write_event(out, at, money, size, action, resting, FLAG_LAST)
    write_top(out, at, quotes, i, int64(params[i, P_LOT]))
    return at + SIZE_MBP_1


@kernel(
    "int64(float64[:, ::1], int64[:, ::1], float64[::1], int64[::1], int64, uint32[::1],"
    " int64[::1])"
)
def simulate_until(
    params: Any, quotes: Any, market: Any, ints: Any, until: Any, out4: Any, out8: Any
) -> Any:
    """Write the records of all events before a time, except those of halted instruments.

    Parameters
    ----------
    params, quotes : float64[n, P_WORDS], int64[n, Q_WORDS], in and out
        One row of each an instrument.
    market, ints : float64[G_WORDS], int64[I_WORDS], in and out
        The market as a whole.
    until : int64
        ns since the Unix epoch, exclusive.
    out4, out8 : uint32[m / 4], int64[m / 8], out
        Two views of the same memory.

    Returns
    -------
    int64
        The bytes written. If that is within `MOST_PER_EVENT` of m, there may be more: call again.
    """
    at = 0
    size = len(out8) * 8
    out = out4, out8
    end = until - ints[I_BEGIN]
    while at + MOST_PER_EVENT <= size and next_event(market, ints, end):
        i = pick_instrument(params, uniform(ints))
        if quotes[i, Q_HALTED]:
            continue
        price = move_price(params, quotes, market, ints, i)
        delay = draw_delay(ints)
        is_trade = uniform(ints) < TRADE_SHARE
        width = float64(quotes[i, Q_ASK] - quotes[i, Q_BID])
        is_far = abs(off_middle(quotes, i, price)) > 0.5 * width + 1.0
        if is_far or not is_trade:
            at = emit_quote(params, quotes, market, ints, i, price, delay, out, at)
        if is_trade:
            at = emit_trade(params, quotes, ints, i, price, delay, out, at)
    return at
