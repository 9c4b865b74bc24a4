"""Trading status of the simulated market's instruments."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from tickfire.ingest.dbn.layout import RTYPE_STATUS
from tickfire.ingest.dbn.report_names import STATUS_REASONS, STATUSES, code_of
from tickfire.ingest.gateway.market.halts import Halt
from tickfire.ingest.gateway.market.reports.records import NO_REPORTS, blank_reports
from tickfire.ingest.gateway.market.universe import Listing

TRADING: Final = code_of(STATUSES, "trading")
SCHEDULED: Final = code_of(STATUS_REASONS, "scheduled")
_NONE: Final = 0


class Statuses:
    """The trading status of each instrument: it trades, but for halts.

    Parameters
    ----------
    listings : list of Listing
    """

    def __init__(self, listings: list[Listing]) -> None:
        self._ids = np.array([listing.instrument_id for listing in listings], np.int64)
        self._statuses = np.full(len(listings), TRADING, np.int64)
        self._reasons = np.full(len(listings), SCHEDULED, np.int64)
        self._halt: Halt | None = None

    def follow(self, halt: Halt | None, ns: int, received: int) -> NDArray[np.uint8]:
        """Note which halt is in force, if any; return the records of what that changes."""
        if halt == self._halt:
            return NO_REPORTS
        rows = []
        if self._halt is not None:
            rows.append(self._set(self._halt.row, TRADING, _NONE))
        if halt is not None:
            status, reason = code_of(STATUSES, halt.status), code_of(STATUS_REASONS, halt.reason)
            rows.append(self._set(halt.row, status, reason))
        self._halt = halt
        return self._records(np.unique(rows), ns, received)

    def present(self, ns: int, received: int) -> NDArray[np.uint8]:
        """Return a record of each instrument's status."""
        return self._records(np.arange(len(self._ids)), ns, received)

    def _set(self, row: int, status: int, reason: int) -> int:
        self._statuses[row], self._reasons[row] = status, reason
        return row

    def _records(self, rows: NDArray[np.int64], ts_event: int, ts_recv: int) -> NDArray[np.uint8]:
        records = blank_reports(RTYPE_STATUS, self._ids[rows], ts_event, ts_recv)
        records["action"] = self._statuses[rows]
        records["reason"] = self._reasons[rows]
        trades = np.where(self._statuses[rows] == TRADING, ord("Y"), ord("N"))
        records["is_trading"] = records["is_quoting"] = trades
        records["is_short_sell_restricted"] = ord("N")
        return records.view(np.uint8)
