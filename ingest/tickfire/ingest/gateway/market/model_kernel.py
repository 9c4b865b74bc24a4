"""The simulated market's events, one after the other, written as DBN records.

Events come by a self-exciting process: each makes the next likelier for a while, the rate follows
the time of day and the volatility. Between two events, the market factor and the logarithm of
volatility drift (the latter comes back to its mean within minutes: volatility clusters); the
price of the instrument whose turn it is moves with the market factor and by itself since its last
turn. Its quotes follow that price on the tick grid; trades hit the bid or lift the ask.

The state holds all that is to come, the random numbers included: where one call ends and the next
begins makes no difference.
"""

from __future__ import annotations

import math
from typing import Any

from numba import float64, int64, uint32, uint64

from tickfire.ingest.dbn.layout import (
    ACTION_ADD,
    ACTION_CANCEL,
    ACTION_MODIFY,
    ACTION_TRADE,
    FLAG_LAST,
    RTYPE_MBP_1,
    RTYPE_TRADE,
    SIDE_ASK,
    SIDE_BID,
    SIZE_MBP_1,
    SIZE_TRADE,
)
from tickfire.ingest.gateway.market.parameters import (
    B_ASK,
    B_ASK_SIZE,
    B_BID,
    B_BID_SIZE,
    B_TIME,
    BRANCHING,
    CLOSE_S,
    EXCITED_FADES_PER_S,
    G_EXCITED,
    G_FACTOR,
    G_LOG_VOL,
    I_BEGIN,
    I_CANDIDATE,
    I_RANDOM,
    I_RECV,
    I_SEQUENCE,
    I_TIME,
    LATENCY_NS,
    LATENCY_TAIL_NS,
    LEAN,
    MARKET_SIGMA,
    MAX_ACTIVE_LOG_VOL,
    MAX_LATENCY_NS,
    MAX_LOG_VOL,
    MIDDAY_RATE,
    OPEN_S,
    P_BETA,
    P_DEPTH,
    P_LOT,
    P_PRICE,
    P_SHARE,
    P_SIGMA,
    P_SPREAD,
    PULL_PER_S,
    QUIET_RATE,
    RAMP_S,
    S_FACTOR,
    S_LEVEL,
    SIZE_INERTIA,
    SIZE_SIGMA,
    STICKY,
    TRADE_SHARE,
    VOL_PULL_PER_S,
    VOL_SIGMA,
    WIDE_SHARE,
    WIDE_VOL,
)
from tickfire.kernels.jit import helper, kernel

DAY_NS = 86_400_000_000_000
MOST_PER_EVENT = SIZE_TRADE + 2 * SIZE_MBP_1


@helper
def uniform(ints: Any) -> Any:
    """Draw from (0, 1): splitmix64."""
    state = uint64(ints[I_RANDOM]) + uint64(0x9E3779B97F4A7C15)
    ints[I_RANDOM] = int64(state)
    z = (state ^ (state >> uint64(30))) * uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> uint64(27))) * uint64(0x94D049BB133111EB)
    z = z ^ (z >> uint64(31))
    return (float64(z >> uint64(11)) + 0.5) * (1.0 / 9007199254740992.0)


@helper
def normal(ints: Any) -> Any:
    """Draw from the standard normal distribution: Box and Muller."""
    radius = math.sqrt(-2.0 * math.log(uniform(ints)))
    return radius * math.cos(2.0 * math.pi * uniform(ints))


@helper
def draw_size(typical: Any, ints: Any) -> Any:
    """Draw a size, most often about the typical one, at times far larger."""
    return max(int64(1), int64(typical * math.exp(SIZE_SIGMA * normal(ints)) + 0.5))


@helper
def time_of_day(ns: Any) -> Any:
    """Return the rate at a time as a fraction of the busiest: high at open and close."""
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
def next_event(market: Any, ints: Any, rate: Any, end: Any) -> Any:
    """Move the market to its next event; return whether there is one before the end.

    Thinning: candidates come at a rate that is never exceeded, and are taken with the share of it
    that holds at their time.
    """
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
def whose_turn(params: Any, draw: Any) -> Any:
    """Return the first instrument whose share reaches a draw."""
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
def price_now(params: Any, levels: Any, books: Any, market: Any, ints: Any, i: Any) -> Any:
    """Move an instrument's price to now; return it in ticks."""
    since = float64(ints[I_TIME] - books[i, B_TIME]) * 1e-9
    books[i, B_TIME] = ints[I_TIME]
    level = levels[i, S_LEVEL] + params[i, P_BETA] * (market[G_FACTOR] - levels[i, S_FACTOR])
    vol = math.exp(market[G_LOG_VOL])
    level += params[i, P_SIGMA] * vol * math.sqrt(since) * normal(ints) - PULL_PER_S * level * since
    levels[i, S_LEVEL] = level
    levels[i, S_FACTOR] = market[G_FACTOR]
    return params[i, P_PRICE] * math.exp(level)


@helper
def write_base(
    out4: Any, out8: Any, at: Any, size: Any, rtype: Any, iid: Any, ints: Any, delay: Any
) -> None:
    """Write header, times and sequence of a record."""
    w = at >> 2
    q = at >> 3
    time = ints[I_BEGIN] + ints[I_TIME]
    ints[I_SEQUENCE] += 1
    out4[w] = uint32(size >> 2 | rtype << 8)
    out4[w + 1] = uint32(iid)
    out8[q + 1] = time
    out8[q + 4] = ints[I_RECV]
    out4[w + 10] = uint32(delay)
    out4[w + 11] = uint32(ints[I_SEQUENCE])


@helper
def write_event(
    out4: Any, out8: Any, at: Any, price: Any, size: Any, action: Any, side: Any, flags: Any
) -> None:
    """Write what happened: price in 1e-9, size, action, side, flags; depth 0."""
    out8[(at >> 3) + 2] = price
    out4[(at >> 2) + 6] = uint32(size)
    out4[(at >> 2) + 7] = uint32(action | side << 8 | flags << 16)


@helper
def write_book(out4: Any, out8: Any, at: Any, books: Any, i: Any, tick: Any, lot: Any) -> None:
    """Write the top of the book."""
    q = at >> 3
    w = at >> 2
    out8[q + 6] = books[i, B_BID] * tick
    out8[q + 7] = books[i, B_ASK] * tick
    out4[w + 16] = uint32(books[i, B_BID_SIZE])
    out4[w + 17] = uint32(books[i, B_ASK_SIZE])
    out4[w + 18] = uint32(1 + books[i, B_BID_SIZE] // (2 * lot))
    out4[w + 19] = uint32(1 + books[i, B_ASK_SIZE] // (2 * lot))


@kernel(
    "int64(float64[:, ::1], float64[:, ::1], int64[:, ::1], float64[::1], int64[::1],"
    " int64[::1], int64[::1], float64, int64, uint32[::1], int64[::1])"
)
def simulate_until(
    params: Any,
    levels: Any,
    books: Any,
    market: Any,
    ints: Any,
    ids: Any,
    ticks: Any,
    rate: Any,
    until: Any,
    out4: Any,
    out8: Any,
) -> Any:
    """Write the records of all events before a time.

    Parameters
    ----------
    params, levels, books : float64[n, P_WORDS], float64[n, S_WORDS], int64[n, B_WORDS]
    market, ints : float64[G_WORDS], int64[I_WORDS]
    ids, ticks : int64[n]
        Instrument ids; tick sizes in 1e-9.
    rate : float64
        Events a second at the busiest time of day, before they bring about others.
    until : int64
        ns since the Unix epoch, exclusive.
    out4, out8 : uint32[m / 4], int64[m / 8], out
        The same memory.

    Returns
    -------
    int64
        Bytes written. If within `MOST_PER_EVENT` of m, there may be more: call again.
    """
    at = 0
    size = len(out8) * 8
    end = until - ints[I_BEGIN]
    while at + MOST_PER_EVENT <= size and next_event(market, ints, rate, end):
        i = whose_turn(params, uniform(ints))
        price = price_now(params, levels, books, market, ints, i)
        vol = math.exp(market[G_LOG_VOL])
        lot = int64(params[i, P_LOT])
        depth = params[i, P_DEPTH]
        tick = ticks[i]
        delay = min(LATENCY_NS - LATENCY_TAIL_NS * math.log(uniform(ints)), MAX_LATENCY_NS)
        time = ints[I_BEGIN] + ints[I_TIME]
        ints[I_RECV] = max(time + int(delay), ints[I_RECV])
        is_trade = uniform(ints) < TRADE_SHARE

        bid = books[i, B_BID]
        ask = books[i, B_ASK]
        width = float64(ask - bid)
        off = price - 0.5 * float64(bid + ask)  # ticks from the middle
        is_far = abs(off) > 0.5 * width + 1.0
        if not is_trade or is_far:
            spread = int64(params[i, P_SPREAD])
            if uniform(ints) < WIDE_SHARE:
                spread += 1
                if vol > WIDE_VOL:
                    spread += 1
            action = int64(ACTION_ADD)
            side = int64(SIDE_BID)
            if abs(off) > 0.5 * width + STICKY:  # the quotes follow the price
                new_bid = max(int64(1), int64(math.floor(price - 0.5 * float64(spread - 1))))
                if new_bid <= bid:
                    side = int64(SIDE_ASK)
                books[i, B_BID] = new_bid
                books[i, B_ASK] = new_bid + spread
                books[i, B_BID_SIZE] = draw_size(depth, ints)
                books[i, B_ASK_SIZE] = draw_size(depth, ints)
            elif spread != ask - bid and uniform(ints) < 0.5:  # the ask, or the bid, gives way
                if uniform(ints) < 0.5:
                    side = int64(SIDE_ASK)
                    books[i, B_ASK] = bid + spread
                    books[i, B_ASK_SIZE] = draw_size(depth, ints)
                else:
                    books[i, B_BID] = max(int64(1), ask - spread)
                    books[i, B_BID_SIZE] = draw_size(depth, ints)
                if spread > ask - bid:
                    action = int64(ACTION_CANCEL)
            else:  # only a size changes
                column = int64(B_BID_SIZE)
                if uniform(ints) < 0.5:
                    side = int64(SIDE_ASK)
                    column = int64(B_ASK_SIZE)
                old = books[i, column]
                new = SIZE_INERTIA * float64(old)
                new += (1.0 - SIZE_INERTIA) * float64(draw_size(depth, ints))
                books[i, column] = max(int64(1), int64(new + 0.5))
                if books[i, column] == old:
                    books[i, column] = old + 1
                if books[i, column] < old:
                    action = int64(ACTION_CANCEL)
            quote = books[i, B_BID]
            quantity = books[i, B_BID_SIZE]
            if side == SIDE_ASK:
                quote = books[i, B_ASK]
                quantity = books[i, B_ASK_SIZE]
            write_base(out4, out8, at, SIZE_MBP_1, RTYPE_MBP_1, ids[i], ints, delay)
            write_event(out4, out8, at, quote * tick, quantity, action, side, FLAG_LAST)
            write_book(out4, out8, at, books, i, tick, lot)
            at += SIZE_MBP_1

        if is_trade:
            bid = books[i, B_BID]
            ask = books[i, B_ASK]
            off = (price - 0.5 * float64(bid + ask)) / float64(ask - bid)
            is_buy = uniform(ints) < 0.5 + LEAN * min(max(off, -1.0), 1.0)
            column = int64(B_ASK_SIZE) if is_buy else int64(B_BID_SIZE)
            hit = ask if is_buy else bid
            left = books[i, column]
            quantity = min(draw_size(float64(lot), ints), left)
            aggressor = int64(SIDE_BID) if is_buy else int64(SIDE_ASK)
            resting = int64(SIDE_ASK) if is_buy else int64(SIDE_BID)
            write_base(out4, out8, at, SIZE_TRADE, RTYPE_TRADE, ids[i], ints, delay)
            write_event(out4, out8, at, hit * tick, quantity, ACTION_TRADE, aggressor, 0)
            at += SIZE_TRADE
            action = int64(ACTION_MODIFY)
            books[i, column] = left - quantity
            if quantity == left:  # the level is gone, the next behind it is the best now
                action = int64(ACTION_CANCEL)
                books[i, column] = draw_size(depth, ints)
                if is_buy:
                    books[i, B_ASK] = ask + 1
                else:
                    books[i, B_BID] = max(int64(1), bid - 1)
            write_base(out4, out8, at, SIZE_MBP_1, RTYPE_MBP_1, ids[i], ints, delay)
            write_event(out4, out8, at, hit * tick, quantity, action, resting, FLAG_LAST)
            write_book(out4, out8, at, books, i, tick, lot)
            at += SIZE_MBP_1
    return at
