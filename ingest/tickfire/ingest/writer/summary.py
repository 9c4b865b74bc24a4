"""`Summary`: the figures of a feed in a sentence, for the log."""

from __future__ import annotations

from collections.abc import Callable

from tickfire.base.units import NS_PER_MS
from tickfire.ingest.writer.figures import Figures


class Summary:
    """Maker of summaries.

    Parameters
    ----------
    figures : Figures
    clock : callable
        Returns seconds of a steady clock.
    """

    def __init__(self, figures: Figures, clock: Callable[[], float]) -> None:
        self._figures, self._clock = figures, clock
        self._began = self._at = clock()
        self._records = 0

    def since_last(self) -> str:
        """Return a sentence on the time since the last one."""
        now, records = self._clock(), self._figures.records
        rate = (records - self._records) / max(now - self._at, 1e-9)
        self._at, self._records = now, records
        _, p50, p99 = self._figures.acknowledged()
        return (
            f"{rate:,.0f} records/s, {self._figures.instruments:,} instruments; Redis acknowledges"
            f" in {p50 / NS_PER_MS:.1f} ms ({p99 / NS_PER_MS:.1f} ms at most, but for 1 %)"
            f"{self._troubles()}"
        )

    def of_all(self) -> str:
        """Return a sentence on the whole time."""
        figures, lasted = self._figures, self._clock() - self._began
        sessions = _counted(figures.sessions.count, "session", "sessions")
        return (
            f"{figures.records:,} records ({figures.received_bytes:,} bytes) in {lasted:,.0f} s and"
            f" {sessions} became {figures.ticks:,} ticks{self._troubles()}"
        )

    def _troubles(self) -> str:
        figures = self._figures
        found = (
            (sum(figures.gaps_by_reason().values()), "gap", "gaps"),
            (max(0, figures.sessions.count - 1), "reconnect", "reconnects"),
            (sum(figures.skipped_by_reason().values()), "record skipped", "records skipped"),
            (figures.repeated, "repeated record left out", "repeated records left out"),
        )
        told = [_counted(*each) for each in found if each[0]]
        return f"; so far {', '.join(told)}" if told else "; no gaps"


def _counted(number: int, one: str, many: str) -> str:
    return f"1 {one}" if number == 1 else f"{number:,} {many}"
