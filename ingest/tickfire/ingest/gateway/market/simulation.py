"""The simulated market as a pure function of a seed and a start: batches of DBN records."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tickfire.ingest.dbn.file import aligned
from tickfire.ingest.dbn.layout import PRICE_SCALE
from tickfire.ingest.gateway.market.model_kernel import MOST_PER_EVENT, simulate_until
from tickfire.ingest.gateway.market.parameters import (
    B_ASK,
    B_ASK_SIZE,
    B_BID,
    B_BID_SIZE,
    B_TIME,
    B_WORDS,
    BRANCHING,
    G_WORDS,
    I_BEGIN,
    I_CANDIDATE,
    I_RANDOM,
    I_RECV,
    I_TIME,
    I_WORDS,
    MARKET_SIGMA,
    P_BETA,
    P_DEPTH,
    P_LOT,
    P_PRICE,
    P_SHARE,
    P_SIGMA,
    P_SPREAD,
    P_WORDS,
    S_WORDS,
)
from tickfire.ingest.gateway.market.universe import Kind, listings

NS_PER_S: Final = 1_000_000_000
DEFAULT_STEP_NS: Final = NS_PER_S
_TRADING_YEAR_S: Final = 252 * 6.5 * 3600
_LEAST_OWN_SHARE: Final = 0.3
"""Of an instrument's volatility that is its own, at least."""
_SPREAD_S: Final = 0.3
"""A spread is as wide as a price moves in the square of this, in seconds."""
_BUFFER_SIZE: Final = 1 << 18
_MIXER: Final = 0x9E3779B97F4A7C15


class Simulation:
    """A market from its beginning on.

    What it yields depends on its arguments alone, not on where one `advance` ends.

    Parameters
    ----------
    seed : int
    start_ns : int
        ns since the Unix epoch, at which it begins.
    instruments : int
        How many.
    speed : float
        Multiplies the rate of events, not the moves of prices.

    Attributes
    ----------
    listings : list of Listing
    """

    def __init__(
        self, seed: int, start_ns: int, *, instruments: int = 12, speed: float = 1.0
    ) -> None:
        self.listings = listings(instruments, seed, start_ns)
        kinds = [listing.kind for listing in self.listings]
        self._rate = speed * (1.0 - BRANCHING) * math.fsum(kind.events_per_s for kind in kinds)
        self._ids = np.array([listing.instrument_id for listing in self.listings], np.int64)
        self._ticks = np.array([tick_size(kind) for kind in kinds], np.int64)
        self._params = _parameters(kinds)
        self._levels = np.zeros((len(kinds), S_WORDS))
        self._books = _opening_books(self._params)
        self._market = np.zeros(G_WORDS)
        self._ints = np.zeros(I_WORDS, np.int64)
        self._ints[I_RANDOM] = np.uint64((seed * _MIXER) % 2**64).astype(np.int64)
        self._ints[I_BEGIN] = self._ints[I_RECV] = start_ns
        self._ints[I_CANDIDATE] = -1
        self._out = aligned(_BUFFER_SIZE)

    def skip_to(self, ns: int) -> None:
        """Let time pass without an event and without a move, up to a time not yet reached.

        Parameters
        ----------
        ns : int
            ns since the Unix epoch.
        """
        since = ns - int(self._ints[I_BEGIN])
        self._ints[I_TIME] = self._books[:, B_TIME] = since
        self._ints[I_CANDIDATE] = -1

    def advance(self, until_ns: int) -> Iterator[NDArray[np.uint8]]:
        """Yield the records of all events before a time that were not yielded yet.

        Parameters
        ----------
        until_ns : int
            ns since the Unix epoch.

        Yields
        ------
        uint8[n]
            Trades and MBP-1, DBN version 3; 8-aligned; the caller's to keep.
        """
        written = _BUFFER_SIZE
        while written > _BUFFER_SIZE - MOST_PER_EVENT:
            out = self._out
            written = simulate_until(
                self._params,
                self._levels,
                self._books,
                self._market,
                self._ints,
                self._ids,
                self._ticks,
                self._rate,
                until_ns,
                out.view(np.uint32),
                out.view(np.int64),
            )
            if written:
                yield out[:written].copy()


def simulate(
    seed: int,
    start_ns: int,
    *,
    instruments: int = 12,
    speed: float = 1.0,
    step_ns: int = DEFAULT_STEP_NS,
) -> Iterator[NDArray[np.uint8]]:
    """Yield a simulated market from its beginning, without end, a batch a step.

    The same arguments yield the same bytes, on the same machine.

    Parameters
    ----------
    seed : int
    start_ns : int
        ns since the Unix epoch.
    instruments : int
    speed : float
        Multiplies the rate of events.
    step_ns : int
        Time that a batch covers, ns.

    Yields
    ------
    uint8[n]
        Trades and MBP-1, DBN version 3.
    """
    simulation = Simulation(seed, start_ns, instruments=instruments, speed=speed)
    until = start_ns
    while True:
        until += step_ns
        batches = list(simulation.advance(until))
        yield np.concatenate(batches) if batches else aligned(0)


def tick_size(kind: Kind) -> int:
    """Return the smallest step of a price, 1e-9."""
    return round(kind.tick * PRICE_SCALE)


def _parameters(kinds: list[Kind]) -> NDArray[np.float64]:
    params = np.zeros((len(kinds), P_WORDS))
    for row, kind in zip(params, kinds, strict=True):
        total = kind.volatility / math.sqrt(_TRADING_YEAR_S)
        own = total**2 - (kind.beta * MARKET_SIGMA) ** 2
        row[P_PRICE] = kind.price / kind.tick
        row[P_SIGMA] = math.sqrt(max(own, (_LEAST_OWN_SHARE * total) ** 2))
        row[P_BETA] = kind.beta
        row[P_SPREAD] = max(1, round(_SPREAD_S * total * kind.price / kind.tick))
        row[P_LOT] = kind.lot
        row[P_DEPTH] = kind.depth
        row[P_SHARE] = kind.events_per_s
    params[:, P_SHARE] = np.cumsum(params[:, P_SHARE]) / params[:, P_SHARE].sum()
    return params


def _opening_books(params: NDArray[np.float64]) -> NDArray[np.int64]:
    books = np.zeros((len(params), B_WORDS), np.int64)
    books[:, B_BID] = np.floor(params[:, P_PRICE])
    books[:, B_ASK] = books[:, B_BID] + params[:, P_SPREAD].astype(np.int64)
    books[:, B_BID_SIZE] = books[:, B_ASK_SIZE] = params[:, P_DEPTH].astype(np.int64)
    return books
