"""Changes of an instrument's quotes in the simulated market."""

from __future__ import annotations

import math
from typing import Any

from numba import float64, int64

from tickfire.ingest.dbn.layout import (
    ACTION_ADD,
    ACTION_CANCEL,
    ACTION_MODIFY,
    SIDE_ASK,
    SIDE_BID,
)
from tickfire.ingest.gateway.market.draws import draw_size, uniform
from tickfire.ingest.gateway.market.parameters import (
    G_LOG_VOL,
    LEAN,
    P_DEPTH,
    P_LOT,
    P_SPREAD,
    Q_ASK,
    Q_ASK_SIZE,
    Q_BID,
    Q_BID_SIZE,
    SIZE_INERTIA,
    WIDE_SHARE,
    WIDE_VOL,
)
from tickfire.kernels.jit import helper


@helper
def off_middle(quotes: Any, i: Any, price: Any) -> Any:
    """Return how far a price is from the middle of bid and ask, in ticks."""
    return price - 0.5 * float64(quotes[i, Q_BID] + quotes[i, Q_ASK])


@helper
def draw_spread(params: Any, market: Any, ints: Any, i: Any) -> Any:
    """Draw the spread in ticks."""
    spread = int64(params[i, P_SPREAD])
    if uniform(ints) < WIDE_SHARE:
        spread += 1
        if math.exp(market[G_LOG_VOL]) > WIDE_VOL:
            spread += 1
    return spread


@helper
def follow_price(quotes: Any, ints: Any, i: Any, price: Any, spread: Any, depth: Any) -> Any:
    """Move both quotes around a price; return the side that the record names, and the action."""
    bid = max(int64(1), int64(math.floor(price - 0.5 * float64(spread - 1))))
    side = int64(SIDE_ASK) if bid <= quotes[i, Q_BID] else int64(SIDE_BID)
    quotes[i, Q_BID] = bid
    quotes[i, Q_ASK] = bid + spread
    quotes[i, Q_BID_SIZE] = draw_size(depth, ints)
    quotes[i, Q_ASK_SIZE] = draw_size(depth, ints)
    return side, int64(ACTION_ADD)


@helper
def change_spread(quotes: Any, ints: Any, i: Any, spread: Any, depth: Any) -> Any:
    """Move the ask or the bid to a new spread; return the side and the action."""
    bid = quotes[i, Q_BID]
    ask = quotes[i, Q_ASK]
    action = int64(ACTION_CANCEL) if spread > ask - bid else int64(ACTION_ADD)
    if uniform(ints) < 0.5:
        quotes[i, Q_ASK] = bid + spread
        quotes[i, Q_ASK_SIZE] = draw_size(depth, ints)
        return int64(SIDE_ASK), action
    quotes[i, Q_BID] = max(int64(1), ask - spread)
    quotes[i, Q_BID_SIZE] = draw_size(depth, ints)
    return int64(SIDE_BID), action


@helper
def change_size(quotes: Any, ints: Any, i: Any, depth: Any) -> Any:
    """Change the size of one side; return the side and the action."""
    side = int64(SIDE_BID)
    column = int64(Q_BID_SIZE)
    if uniform(ints) < 0.5:
        side = int64(SIDE_ASK)
        column = int64(Q_ASK_SIZE)
    old = quotes[i, column]
    new = SIZE_INERTIA * float64(old) + (1.0 - SIZE_INERTIA) * float64(draw_size(depth, ints))
    quotes[i, column] = max(int64(1), int64(new + 0.5))
    if quotes[i, column] == old:
        quotes[i, column] = old + 1
    action = int64(ACTION_CANCEL) if quotes[i, column] < old else int64(ACTION_ADD)
    return side, action


@helper
def take_liquidity(params: Any, quotes: Any, ints: Any, i: Any, price: Any) -> Any:
    """Draw a trade, and take its size off the quote that it meets.

    Returns whether it is a buy, its price in ticks, its size, and the action on the quote.
    """
    bid = quotes[i, Q_BID]
    ask = quotes[i, Q_ASK]
    off = (price - 0.5 * float64(bid + ask)) / float64(ask - bid)
    is_buy = uniform(ints) < 0.5 + LEAN * min(max(off, -1.0), 1.0)
    column = int64(Q_ASK_SIZE) if is_buy else int64(Q_BID_SIZE)
    left = quotes[i, column]
    size = min(draw_size(float64(int64(params[i, P_LOT])), ints), left)
    action = int64(ACTION_MODIFY)
    quotes[i, column] = left - size
    if size == left:  # the level is gone, and the next one becomes the best
        action = int64(ACTION_CANCEL)
        quotes[i, column] = draw_size(params[i, P_DEPTH], ints)
        if is_buy:
            quotes[i, Q_ASK] = ask + 1
        else:
            quotes[i, Q_BID] = max(int64(1), bid - 1)
    return is_buy, ask if is_buy else bid, size, action
