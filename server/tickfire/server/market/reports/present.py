"""`PresentReports`: the newest reports of each instrument. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import msgspec

from tickfire.store.reports import Imbalance, Report, Statistic, TradingStatus

UNCHANGED: Final = frozenset(("none", "ssr_change"))
"""Statuses of records that tell of an event or a short sale restriction alone."""

type Key = tuple[int, int]
"""feed and instrument_id."""


@dataclass(slots=True)
class InstrumentReports:
    """The newest reports of one instrument, whichever publisher they are from.

    Attributes
    ----------
    stats : dict of str to Statistic
        By name; a statistic that was withdrawn is not there.
    status : TradingStatus or None
    imbalance : Imbalance or None
    """

    stats: dict[str, Statistic] = field(default_factory=dict)
    status: TradingStatus | None = None
    imbalance: Imbalance | None = None

    def take(self, report: Report) -> None:
        """Put a report in the place of its predecessor."""
        if isinstance(report, TradingStatus):
            self.status = report if self.status is None else _next(self.status, report)
        elif isinstance(report, Imbalance):
            self.imbalance = report
        elif report.deleted:
            self.stats.pop(report.name, None)
        else:
            self.stats[report.name] = report


def _next(present: TradingStatus, report: TradingStatus) -> TradingStatus:
    """Return a status, with that of its predecessor if the report is only of something else."""
    if report.status not in UNCHANGED:
        return report
    return msgspec.structs.replace(
        report, status=present.status, reason=present.reason, is_trading=present.is_trading,
        is_quoting=present.is_quoting,
    )  # fmt: skip


class PresentReports:
    """The newest reports of all instruments."""

    def __init__(self) -> None:
        self._by_key: dict[Key, InstrumentReports] = {}

    def of(self, feed: int, instrument_id: int) -> InstrumentReports:
        """Return the reports of an instrument, none if there are none."""
        return self._by_key.get((feed, instrument_id)) or InstrumentReports()

    def take(self, report: Report) -> InstrumentReports:
        """Put a report in the place of its predecessor; return those of its instrument."""
        key = report.feed, report.instrument_id
        reports = self._by_key.setdefault(key, InstrumentReports())
        reports.take(report)
        return reports

    def is_next(self, report: Report) -> bool:
        """Return whether a report is newer than the one in whose place it comes."""
        present = self.of(report.feed, report.instrument_id)
        before: Report | None = present.imbalance
        if isinstance(report, TradingStatus):
            before = present.status
        elif isinstance(report, Statistic):
            before = present.stats.get(report.name)
        return before is None or report.received > before.received

    def load(self, reports: list[Report]) -> None:
        """Take the present reports of a feed, in any order."""
        for report in sorted(reports, key=lambda report: report.received):
            self.take(report)

    def forget(self, feed: int) -> None:
        """Forget the reports of a feed."""
        for key in [key for key in self._by_key if key[0] == feed]:
            del self._by_key[key]
