"""`RecordMetrics`: the Prometheus metrics of `tickfire record`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from prometheus_client import Counter, Gauge

from tickfire.archive.commits import Commit
from tickfire.archive.tables import TABLES
from tickfire.base.exposition import Watched, process_registry
from tickfire.base.loop_lag import LoopLag

PREFIX: Final = "tickfire_record_"


class RecordMetrics:
    """The metrics of a process; docs/archive.md lists them.

    Parameters
    ----------
    waiting : callable
        Returns the number of rows that wait to be written.
    waiting_s : callable
        Returns the time in seconds for which the first of them has waited.
    archive : str
        The target without credentials, a label.

    Attributes
    ----------
    registry : CollectorRegistry
    loop_lag : LoopLag
    rows : int
        Rows recorded since the process began.
    missing : int
        Ticks and entries that were lost before they could be recorded.
    trouble : str or None
        The reason why recording is paused; None while files can be written.
    writes : bool
        True while this process records, False while it is a standby.
    """

    def __init__(
        self, waiting: Callable[[], int], waiting_s: Callable[[], float], archive: str
    ) -> None:
        self.registry = process_registry()
        self.loop_lag = LoopLag(self.registry, PREFIX)
        self.rows = self.missing = 0
        self.trouble: str | None = None
        self.writes = False
        self._rows = self._counter("rows", "Rows recorded.")
        self._files = self._counter("files", "Files of data written.")
        self._missing = self._counter(
            "missing", "Ticks, and entries of other streams, lost before they were recorded."
        )
        self._bad = self._counter("bad_entries", "Stream entries that could not be decoded.")
        self._repeated = self._counter(
            "repeated", "Rows left out, since they came again in other entries."
        )
        self._expired = self._counter("expired_files", "Files removed by --keep-days.")
        self._merged = self._counter("merged_files", "Files of past days merged into others.")
        self._failures = Counter(
            f"{PREFIX}failures", "Attempts to write that failed.", registry=self.registry
        )
        self._written = Gauge(
            f"{PREFIX}written_timestamp_seconds",
            "Time of the newest batch of a table, since the Unix epoch.",
            ("table",),
            registry=self.registry,
        )
        watched = (
            Watched(
                f"{PREFIX}paused",
                "1 while files cannot be written.",
                lambda: {(): float(self.is_paused)},
            ),
            Watched(
                f"{PREFIX}writer",
                "1 if this process records, 0 if it is a standby.",
                lambda: {(archive,): float(self.writes)},
                ("archive",),
            ),
            Watched(
                f"{PREFIX}waiting_rows",
                "Rows read and not yet written.",
                lambda: {(): float(waiting())},
            ),
            Watched(
                f"{PREFIX}waiting_seconds",
                "Time for which the first of the waiting rows has waited.",
                lambda: {(): waiting_s()},
            ),
        )
        for each in watched:
            self.registry.register(each)

    def committed(self, table: str, commit: Commit) -> None:
        """Count a batch."""
        lost = sum(last - first + 1 for first, last in commit.missing)
        self.rows += commit.rows
        self.missing += lost
        self._rows.labels(table).inc(commit.rows)
        self._files.labels(table).inc(len(commit.files))
        self._missing.labels(table).inc(lost)
        self._bad.labels(table).inc(commit.bad)
        self._repeated.labels(table).inc(commit.repeated)
        self._written.labels(table).set_to_current_time()

    def expired(self, table: str, files: int) -> None:
        """Count files that were removed for their age."""
        self._expired.labels(table).inc(files)

    def merged(self, table: str, files: int) -> None:
        """Count files that were merged into others; from any thread."""
        self._merged.labels(table).inc(files)

    @property
    def is_paused(self) -> bool:
        """True while files cannot be written."""
        return self.trouble is not None

    def failed(self, trouble: str) -> None:
        """Count an attempt to write that failed; recording is paused."""
        self._failures.inc()
        self.trouble = trouble

    def _counter(self, name: str, text: str) -> Counter:
        counter = Counter(PREFIX + name, text, ("table",), registry=self.registry)
        for table in TABLES:
            counter.labels(table)  # from 0 on, so that the first event is seen as an increase
        return counter
