"""Words of the simulated market's model and state, and the constants of its model."""

from __future__ import annotations

from typing import Final

# --- a row of floats: one instrument
P_PRICE: Final = 0
"""Starting price, in ticks."""
P_SIGMA: Final = 1
"""Volatility of its own part of the price: log units per square root of a second."""
P_BETA: Final = 2
"""Sensitivity to the market factor."""
P_SPREAD: Final = 3
"""Typical spread, in ticks."""
P_LOT: Final = 4
"""Typical size of a trade."""
P_DEPTH: Final = 5
"""Typical size at the top of the book."""
P_SHARE: Final = 6
"""Share of all events, of the instruments up to and including this one."""
P_LEVEL: Final = 7
"""State: logarithm of the price over the starting price."""
P_FACTOR: Final = 8
"""State: the market factor at its last event."""
P_WORDS: Final = 9

# --- a row of integers: one instrument
Q_TIME: Final = 0
"""ns from the beginning to its last event."""
Q_BID: Final = 1
"""Ticks; so the next."""
Q_ASK: Final = 2
Q_BID_SIZE: Final = 3
Q_ASK_SIZE: Final = 4
Q_ID: Final = 5
"""Instrument id."""
Q_TICK: Final = 6
"""Tick size, 1e-9."""
Q_HALTED: Final = 7
"""1 while it is halted, otherwise 0."""
Q_WORDS: Final = 8

# --- floats of the market as a whole
G_FACTOR: Final = 0
G_LOG_VOL: Final = 1
"""Logarithm of volatility over its mean."""
G_EXCITED: Final = 2
"""Addition to the rate of events, as a fraction of it."""
G_RATE: Final = 3
"""Events a second at the busiest time of day, before those that events bring about."""
G_WORDS: Final = 4

# --- integers of the market as a whole
I_RANDOM: Final = 0
"""State of the random number generator."""
I_BEGIN: Final = 1
"""ns since the Unix epoch."""
I_TIME: Final = 2
"""ns from the beginning to the last candidate event."""
I_CANDIDATE: Final = 3
"""ns from the beginning to the next candidate event; -1 if it was not drawn yet."""
I_RECV: Final = 4
"""ns since the Unix epoch: ts_recv of the last record."""
I_SEQUENCE: Final = 5
I_WORDS: Final = 6

# --- the model
TRADE_SHARE: Final = 0.22
"""Share of events that are trades; the others change a quote."""
MARKET_SIGMA: Final = 6.0e-5
"""Log units per square root of a second: 15 % a year of 252 days of 6.5 hours."""
PULL_PER_S: Final = 4.0e-6
"""Pull back to the starting price, so that a market that runs for months stays plausible."""
VOL_PULL_PER_S: Final = 1.0 / 150.0
VOL_SIGMA: Final = 0.05
"""Per square root of a second; the logarithm of volatility has a standard deviation of 0.43."""
MAX_LOG_VOL: Final = 2.5
MAX_ACTIVE_LOG_VOL: Final = 1.5
"""Above this, a higher volatility brings no more events."""
BRANCHING: Final = 0.35
"""Mean number of events that an event brings about."""
EXCITED_FADES_PER_S: Final = 2.0
LEAN: Final = 0.4
"""Weight of the price between bid and ask in the side of a trade."""
STICKY: Final = 0.3
"""Ticks by which a price must leave its quotes before they follow."""
WIDE_VOL: Final = 1.6
"""Volatility, over its mean, above which spreads are at times wider by another tick."""
WIDE_SHARE: Final = 0.15
SIZE_SIGMA: Final = 0.8
"""Standard deviation of the logarithm of sizes."""
SIZE_INERTIA: Final = 0.7

QUIET_RATE: Final = 0.35
"""Rate outside the trading day, as a fraction of the busiest rate; so the next."""
MIDDAY_RATE: Final = 0.55
OPEN_S: Final = 52_200.0
"""14:30 UTC."""
CLOSE_S: Final = 75_600.0
"""21:00 UTC."""
RAMP_S: Final = 1800.0
"""Length of the rise before the open and of the fall after the close."""

LATENCY_NS: Final = 40_000.0
"""Minimum time from an event to its receipt."""
LATENCY_TAIL_NS: Final = 60_000.0
"""Mean of the exponential part on top of it."""
MAX_LATENCY_NS: Final = 900_000.0
