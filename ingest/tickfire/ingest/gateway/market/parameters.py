"""Words of the simulated market's parameters and state, and the constants of its model."""

from __future__ import annotations

from typing import Final

# --- a row of the parameters: one instrument
P_PRICE: Final = 0
"""Where it starts, in ticks."""
P_SIGMA: Final = 1
"""Of its own part of the price: log units per square root of a second."""
P_BETA: Final = 2
P_SPREAD: Final = 3
"""Usual spread, in ticks."""
P_LOT: Final = 4
"""A usual trade."""
P_DEPTH: Final = 5
"""A usual size at the top of the book."""
P_SHARE: Final = 6
"""Share of all events, of the instruments up to and including this one."""
P_WORDS: Final = 7

# --- a row of the state: one instrument
S_LEVEL: Final = 0
"""Log of the price over where it starts."""
S_FACTOR: Final = 1
"""The market factor at its last turn."""
S_WORDS: Final = 2

B_TIME: Final = 0
"""ns from the beginning to its last turn."""
B_BID: Final = 1
"""Ticks; so the next."""
B_ASK: Final = 2
B_BID_SIZE: Final = 3
B_ASK_SIZE: Final = 4
B_WORDS: Final = 5

# --- the state of the market
G_FACTOR: Final = 0
G_LOG_VOL: Final = 1
G_EXCITED: Final = 2
"""Added to the rate, as a fraction of it."""
G_WORDS: Final = 3

I_RANDOM: Final = 0
I_BEGIN: Final = 1
"""ns since the Unix epoch."""
I_TIME: Final = 2
"""ns from the beginning to the last event that was considered."""
I_CANDIDATE: Final = 3
"""ns from the beginning to the event that may come next; -1: not drawn yet."""
I_RECV: Final = 4
"""ns since the Unix epoch, ts_recv of the last record."""
I_SEQUENCE: Final = 5
I_WORDS: Final = 6

# --- the model
TRADE_SHARE: Final = 0.22
"""Of events; the others change a quote."""
MARKET_SIGMA: Final = 6.0e-5
"""Log units per square root of a second: 15 % a year of 252 days of 6.5 hours."""
PULL_PER_S: Final = 4.0e-6
"""Back to where prices start, so that a market that runs for months stays believable."""
VOL_PULL_PER_S: Final = 1.0 / 150.0
VOL_SIGMA: Final = 0.05
"""Per square root of a second: the logarithm of volatility wanders by 0.43."""
MAX_LOG_VOL: Final = 2.5
MAX_ACTIVE_LOG_VOL: Final = 1.5
"""Beyond, a volatility brings no more events."""
BRANCHING: Final = 0.35
"""Events that an event brings about."""
EXCITED_FADES_PER_S: Final = 2.0
LEAN: Final = 0.4
"""How far the side of a trade goes with where the price is between bid and ask."""
STICKY: Final = 0.3
"""Ticks by which a price must leave its quotes to move them."""
WIDE_VOL: Final = 1.6
"""Volatility over its mean, from which on spreads are wider by a tick at times."""
WIDE_SHARE: Final = 0.15
SIZE_SIGMA: Final = 0.8
"""Of the logarithm of sizes."""
SIZE_INERTIA: Final = 0.7

QUIET_RATE: Final = 0.35
"""Away from the trading day, as a fraction of the busiest rate; so the next."""
MIDDAY_RATE: Final = 0.55
OPEN_S: Final = 52_200.0
"""14:30 UTC."""
CLOSE_S: Final = 75_600.0
"""21:00 UTC."""
RAMP_S: Final = 1800.0
"""Before the open and after the close."""

LATENCY_NS: Final = 40_000.0
"""Least time from an event to its receipt, and the mean of what comes on top."""
LATENCY_TAIL_NS: Final = 60_000.0
MAX_LATENCY_NS: Final = 900_000.0
