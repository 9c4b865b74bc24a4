"""Auctions of the simulated market's stocks: at every quarter of an hour, and after a halt.

Before an auction its state is told every few seconds: orders pair more and more, and the surplus
of one side melts.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from tickfire.base.calendar.bounds import DAY_S
from tickfire.base.units import NS_PER_S
from tickfire.ingest.dbn.layout import RTYPE_IMBALANCE, SIDE_ASK, SIDE_BID, SIDE_NONE
from tickfire.ingest.gateway.market.halts import Halt
from tickfire.ingest.gateway.market.parameters import CLOSE_S, OPEN_S
from tickfire.ingest.gateway.market.reports.records import NO_REPORTS, blank_reports
from tickfire.ingest.gateway.market.simulation import tick_size
from tickfire.ingest.gateway.market.universe import STOCK, Listing

PERIOD_S: Final = 900
"""The time, in seconds, from one auction of all stocks to the next."""
AHEAD_S: Final = 120
"""The time, in seconds, before an auction from which on its state is told; so every `STEP_S`."""
STEP_S: Final = 5
PAIRED_LOTS: Final = 400
"""The mean paired quantity at an auction, in typical trades."""
SURPLUS_LOTS: Final = 60
"""The mean surplus of one side when an auction is first told of, in typical trades."""
COLLAR: Final = 0.05
"""The distance of the price limits from the reference price, as a fraction."""
_OPENING, _CLOSING, _HALT, _INTRADAY = (ord(code) for code in "OCHI")


class Auctions:
    """The auctions of a market.

    Parameters
    ----------
    listings : list of Listing
    seed : int
    """

    def __init__(self, listings: list[Listing], seed: int) -> None:
        kinds = [listing.kind for listing in listings]
        self._ids = np.array([listing.instrument_id for listing in listings], np.int64)
        self._ticks = np.array([tick_size(kind) for kind in kinds], np.int64)
        self._lots = np.array([kind.lot for kind in kinds], np.int64)
        self._is_stock = np.array([kind.instrument_class == STOCK for kind in kinds])
        self._seed = seed % 2**64

    def told_at(
        self, ns: int, received: int, prices: NDArray[np.int64], halt: Halt | None
    ) -> NDArray[np.uint8]:
        """Return the records of the auctions' states that are told at a time.

        Parameters
        ----------
        ns, received : int
            ns since the Unix epoch.
        prices : int64[n]
            The last price of each instrument, 1e-9.
        halt : Halt or None
            The halt that is in force.
        """
        second = ns // NS_PER_S
        if second % STEP_S:
            return NO_REPORTS
        rows = np.flatnonzero(self._is_stock)
        halted = np.zeros(0, np.int64)
        parts = []
        if halt is not None and self._is_stock[halt.row]:
            halted = np.array([halt.row])
            parts.append((halted, halt.begin // NS_PER_S, halt.end // NS_PER_S, _HALT))
        due = (second // PERIOD_S + 1) * PERIOD_S
        if due - second <= AHEAD_S:
            parts.append((np.setdiff1d(rows, halted), due - AHEAD_S, due, _kind_of(due)))
        return np.concatenate(
            [
                NO_REPORTS,
                *(
                    self._records(ids, begin, end, kind, ns, received, prices)
                    for ids, begin, end, kind in parts
                ),
            ]
        )

    def _records(
        self,
        rows: NDArray[np.int64],
        begin_s: int,
        due_s: int,
        kind: int,
        ts_event: int,
        ts_recv: int,
        prices: NDArray[np.int64],
    ) -> NDArray[np.uint8]:
        draw = np.random.default_rng([self._seed, due_s])
        stated = draw.exponential(size=len(self._ids))[rows]
        surplus = draw.normal(size=len(self._ids))[rows]
        noise = np.random.default_rng([self._seed, due_s, ts_event // NS_PER_S])
        wobble = noise.normal(size=len(self._ids))[rows]
        gone = (ts_event // NS_PER_S - begin_s) / (due_s - begin_s)
        lots = self._lots[rows]
        signed = (surplus * (1.0 - gone) + 0.15 * wobble) * SURPLUS_LOTS * lots
        imbalance = np.rint(np.abs(signed)).astype(np.int64)
        side = np.where(imbalance == 0, SIDE_NONE, np.where(signed > 0, SIDE_BID, SIDE_ASK))
        reference = prices[rows]
        ticks = self._ticks[rows]
        clearing = reference + np.rint(2.0 * surplus + wobble).astype(np.int64) * ticks
        records = blank_reports(RTYPE_IMBALANCE, self._ids[rows], ts_event, ts_recv)
        records["ref_price"] = reference
        records["auction_time"] = due_s * NS_PER_S
        records["auct_interest_clr_price"] = clearing
        records["cont_book_clr_price"] = (reference + clearing) // 2 // ticks * ticks
        records["ind_match_price"] = records["cont_book_clr_price"]
        records["ssr_filling_price"] = records["cont_book_clr_price"]
        records["upper_collar"] = np.rint(reference * (1 + COLLAR) / ticks) * ticks
        records["lower_collar"] = np.rint(reference * (1 - COLLAR) / ticks) * ticks
        records["paired_qty"] = np.rint((0.3 + stated) * (0.2 + gone) * PAIRED_LOTS * lots)
        records["total_imbalance_qty"] = records["unpaired_qty"] = imbalance
        records["auction_type"] = kind
        records["side"] = records["unpaired_side"] = side
        records["significant_imbalance"] = ord("~")
        return records.view(np.uint8)


def _kind_of(due_s: int) -> int:
    time_of_day = due_s % DAY_S
    if time_of_day == OPEN_S:
        return _OPENING
    return _CLOSING if time_of_day == CLOSE_S else _INTRADAY
