"""Statistics of the simulated market's sessions, which are days of UTC."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tickfire.base.calendar.bounds import DAY_NS
from tickfire.base.units import PRICE_SCALE, UNDEF_PRICE
from tickfire.ingest.dbn.layout import RTYPE_STATISTICS, RTYPE_TRADE, UNDEF_TIMESTAMP
from tickfire.ingest.dbn.report_names import STATISTICS, code_of
from tickfire.ingest.gateway.market.reports.records import NO_REPORTS, blank_reports
from tickfire.ingest.gateway.market.simulation import tick_size
from tickfire.ingest.gateway.market.universe import FUTURE, Listing
from tickfire.ingest.gateway.segment import Segment

OPEN: Final = "opening_price"
HIGH: Final = "trading_session_high_price"
LOW: Final = "trading_session_low_price"
SETTLEMENT: Final = "settlement_price"
CLOSE: Final = "close_price"
OPEN_INTEREST: Final = "open_interest"
OF_THE_DAY_BEFORE: Final = (SETTLEMENT, CLOSE, OPEN_INTEREST)
CONTRACTS_PER_DEPTH: Final = 35_000
"""Typical open interest, for each contract of the typical size at the top of the book."""
OPEN_INTEREST_SIGMA: Final = 0.02
"""Standard deviation of a day's change of the open interest, as a fraction."""
FINAL_FLAG: Final = 1
"""Marks a settlement price as final."""
_UNKNOWN: Final = UNDEF_PRICE


class SessionStatistics:
    """The statistics of each instrument in the present session.

    Futures have the settlement and the open interest of the day before, stocks its close.

    Parameters
    ----------
    listings : list of Listing
        Instruments with consecutive ids.
    seed : int

    Attributes
    ----------
    last : int64[n]
        The price of each instrument's last trade, 1e-9; before the first one, its price at the
        beginning of the market.
    """

    def __init__(self, listings: list[Listing], seed: int) -> None:
        kinds = [listing.kind for listing in listings]
        self._ids = np.array([listing.instrument_id for listing in listings], np.int64)
        self._ticks = np.array([tick_size(kind) for kind in kinds], np.int64)
        self._is_future = np.array([kind.instrument_class == FUTURE for kind in kinds])
        self._depths = np.array([kind.depth for kind in kinds], np.int64)
        self._day_sigmas = np.array([kind.volatility / math.sqrt(252) for kind in kinds])
        self._seed = seed % 2**64
        self._day = -1
        self._values = {
            name: np.full(len(kinds), _UNKNOWN, np.int64)
            for name in (SETTLEMENT, CLOSE, OPEN_INTEREST, OPEN, HIGH, LOW)
        }
        self.last = self._on_tick(np.array([kind.price * PRICE_SCALE for kind in kinds]))

    def begin_session(self, ns: int, received: int) -> NDArray[np.uint8]:
        """Begin the session of a time, unless it has begun; return its first records."""
        day = ns // DAY_NS
        if day == self._day:
            return NO_REPORTS
        draw = np.random.default_rng([self._seed, day])
        before = self.last
        if self._day < 0:
            moves = draw.normal(size=len(before)) * self._day_sigmas
            before = self._on_tick(before * np.exp(-moves))
        self._day = day
        self._values[SETTLEMENT][:] = np.where(self._is_future, before, _UNKNOWN)
        self._values[CLOSE][:] = np.where(self._is_future, _UNKNOWN, before)
        self._draw_open_interest(draw)
        for name in (OPEN, HIGH, LOW):
            self._values[name][:] = _UNKNOWN
        return self.present(ns, received)

    def after_trades(self, segment: Segment) -> NDArray[np.uint8]:
        """Return the records of what the trades of a segment have changed."""
        trades = np.flatnonzero(segment.rtypes == RTYPE_TRADE)
        if not len(trades):
            return NO_REPORTS
        words = segment.data.view(np.int64)
        starts = segment.offsets[trades] >> 3
        prices = words[starts + 2]
        rows = segment.instrument_ids[trades].astype(np.int64) - self._ids[0]
        self.last[rows] = prices
        if not self._has_new_extreme(rows, prices):
            return NO_REPORTS
        received = int(words[(segment.offsets[-2] >> 3) + 4])
        times = int(words[starts[-1] + 1]), received
        opened = self._open(rows, prices)
        before = self._values[HIGH].copy(), self._values[LOW].copy()
        np.maximum.at(self._values[HIGH], rows, prices)
        np.minimum.at(self._values[LOW], rows, prices)
        higher = opened | (self._values[HIGH] != before[0])
        lower = opened | (self._values[LOW] != before[1])
        return np.concatenate(
            [
                self._records(name, np.flatnonzero(changed), *times)
                for name, changed in ((OPEN, opened), (HIGH, higher), (LOW, lower))
            ]
        )

    def present(self, ns: int, received: int) -> NDArray[np.uint8]:
        """Return records of all statistics that are known."""
        return np.concatenate(
            [
                self._records(name, np.flatnonzero(values != _UNKNOWN), ns, received)
                for name, values in self._values.items()
            ]
        )

    def _has_new_extreme(self, rows: NDArray[np.int64], prices: NDArray[np.int64]) -> bool:
        """Return whether a price is above or below all before it in its session.

        A first price is: the low is then the undefined price, which is above all others.
        """
        is_higher = prices > self._values[HIGH][rows]
        return bool((is_higher | (prices < self._values[LOW][rows])).any())

    def _open(self, rows: NDArray[np.int64], prices: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Take the first prices of the session; return which instruments had theirs, bool[n]."""
        unopened: NDArray[np.bool_] = self._values[OPEN] == _UNKNOWN
        if not unopened.any():
            return unopened
        first = self._values[OPEN].copy()
        first[rows[::-1]] = prices[::-1]
        opened: NDArray[np.bool_] = unopened & (first != _UNKNOWN)
        for name in (OPEN, HIGH, LOW):
            self._values[name][opened] = first[opened]
        return opened

    def _draw_open_interest(self, draw: np.random.Generator) -> None:
        values = self._values[OPEN_INTEREST]
        known = np.where(values == _UNKNOWN, self._depths * CONTRACTS_PER_DEPTH, values)
        changes = np.exp(OPEN_INTEREST_SIGMA * draw.normal(size=len(known)))
        drawn = np.rint(known * changes).astype(np.int64)
        values[:] = np.where(self._is_future, drawn, _UNKNOWN)

    def _records(
        self, name: str, rows: NDArray[np.int64], ts_event: int, ts_recv: int
    ) -> NDArray[np.uint8]:
        if not len(rows):
            return NO_REPORTS
        records = blank_reports(RTYPE_STATISTICS, self._ids[rows], ts_event, ts_recv)
        values = self._values[name][rows]
        is_quantity = name == OPEN_INTEREST
        records["price"] = _UNKNOWN if is_quantity else values
        records["quantity"] = values if is_quantity else _UNKNOWN
        is_old = name in OF_THE_DAY_BEFORE
        records["ts_ref"] = (self._day - 1) * DAY_NS if is_old else UNDEF_TIMESTAMP
        records["stat_type"] = code_of(STATISTICS, name)
        records["update_action"] = 1
        records["stat_flags"] = FINAL_FLAG if name == SETTLEMENT else 0
        return records.view(np.uint8)

    def _on_tick(self, prices: NDArray[np.float64]) -> NDArray[np.int64]:
        return np.rint(prices / self._ticks).astype(np.int64) * self._ticks
