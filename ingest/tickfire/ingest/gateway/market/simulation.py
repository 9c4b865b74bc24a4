"""A simulated market as a pure function of a seed and a start: batches of DBN records."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tickfire.base.units import NS_PER_S, PRICE_SCALE
from tickfire.ingest.dbn.file import aligned
from tickfire.ingest.gateway.market.halts import Halts
from tickfire.ingest.gateway.market.model_kernel import MOST_PER_EVENT, simulate_until
from tickfire.ingest.gateway.market.parameters import (
    BRANCHING,
    G_RATE,
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
    Q_ASK,
    Q_ASK_SIZE,
    Q_BID,
    Q_BID_SIZE,
    Q_HALTED,
    Q_ID,
    Q_TICK,
    Q_TIME,
    Q_WORDS,
)
from tickfire.ingest.gateway.market.universe import Kind, Listing, listings

DEFAULT_STEP_NS: Final = NS_PER_S
_TRADING_YEAR_S: Final = 252 * 6.5 * 3600
_LEAST_OWN_SHARE: Final = 0.3
"""The minimum share of an instrument's volatility that is its own."""
_SPREAD_S: Final = 0.3
"""Square root of the time, in seconds, in which a price moves by a typical spread."""
_BUFFER_SIZE: Final = 1 << 18
_MIXER: Final = 0x9E3779B97F4A7C15


class Simulation:
    """A simulated market and its state.

    Its records depend on the arguments alone, not on how the time is divided into calls.

    Parameters
    ----------
    seed : int
    start_ns : int
        ns since the Unix epoch: when the market begins.
    instruments : int
        The number of instruments.
    speed : float
        A factor on the rate of events, which leaves the moves of prices as they are.

    Attributes
    ----------
    listings : list of Listing
    halts : Halts
    """

    def __init__(
        self, seed: int, start_ns: int, *, instruments: int = 12, speed: float = 1.0
    ) -> None:
        self.listings = listings(instruments, seed, start_ns)
        self.halts = Halts(seed, start_ns, self.listings)
        kinds = [listing.kind for listing in self.listings]
        self._params = _parameters(kinds)
        self._quotes = _opening_quotes(self.listings, self._params)
        self._market = np.zeros(G_WORDS)
        events_per_s = math.fsum(kind.events_per_s for kind in kinds)
        self._market[G_RATE] = speed * (1.0 - BRANCHING) * events_per_s
        self._ints = np.zeros(I_WORDS, np.int64)
        self._ints[I_RANDOM] = np.uint64((seed * _MIXER) % 2**64).astype(np.int64)
        self._ints[I_BEGIN] = self._ints[I_RECV] = start_ns
        self._ints[I_CANDIDATE] = -1
        self._time = start_ns
        self._out = aligned(_BUFFER_SIZE)

    @property
    def received(self) -> int:
        """The receive time of the last record, in ns since the Unix epoch."""
        return int(self._ints[I_RECV])

    def skip_to(self, ns: int) -> None:
        """Advance to a later time without an event and without a move of prices.

        Parameters
        ----------
        ns : int
            ns since the Unix epoch.
        """
        since = ns - int(self._ints[I_BEGIN])
        self._ints[I_TIME] = self._quotes[:, Q_TIME] = since
        self._ints[I_CANDIDATE] = -1
        self._time = ns

    def advance(self, until_ns: int) -> Iterator[NDArray[np.uint8]]:
        """Yield the records of all events up to a time that were not yielded before.

        Parameters
        ----------
        until_ns : int
            ns since the Unix epoch, exclusive.

        Yields
        ------
        uint8[n]
            Trades and MBP-1 records of DBN version 3; 8-aligned, and owned by the caller.
        """
        while self._time < until_ns:
            end = min(until_ns, self.halts.next_change(self._time))
            halt = self.halts.at(self._time)
            self._quotes[:, Q_HALTED] = 0
            if halt is not None:
                self._quotes[halt.row, Q_HALTED] = 1
            yield from self._advance(end)
            self._time = end

    def _advance(self, until_ns: int) -> Iterator[NDArray[np.uint8]]:
        written = _BUFFER_SIZE
        while written > _BUFFER_SIZE - MOST_PER_EVENT:
            out = self._out
            written = simulate_until(
                self._params,
                self._quotes,
                self._market,
                self._ints,
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
    """Yield the records of a simulated market without end, one batch a step.

    On one machine the same arguments yield the same bytes.

    Parameters
    ----------
    seed : int
    start_ns : int
        ns since the Unix epoch.
    instruments : int
    speed : float
        A factor on the rate of events.
    step_ns : int
        The time that a batch covers, in ns.

    Yields
    ------
    uint8[n]
        Trades and MBP-1 records of DBN version 3.
    """
    simulation = Simulation(seed, start_ns, instruments=instruments, speed=speed)
    until = start_ns
    while True:
        until += step_ns
        batches = list(simulation.advance(until))
        yield np.concatenate(batches) if batches else aligned(0)


def tick_size(kind: Kind) -> int:
    """Return the tick size of a kind of instrument, in 1e-9."""
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


def _opening_quotes(listed: list[Listing], params: NDArray[np.float64]) -> NDArray[np.int64]:
    quotes = np.zeros((len(params), Q_WORDS), np.int64)
    quotes[:, Q_BID] = np.floor(params[:, P_PRICE])
    quotes[:, Q_ASK] = quotes[:, Q_BID] + params[:, P_SPREAD].astype(np.int64)
    quotes[:, Q_BID_SIZE] = quotes[:, Q_ASK_SIZE] = params[:, P_DEPTH].astype(np.int64)
    quotes[:, Q_ID] = [listing.instrument_id for listing in listed]
    quotes[:, Q_TICK] = [tick_size(listing.kind) for listing in listed]
    return quotes
