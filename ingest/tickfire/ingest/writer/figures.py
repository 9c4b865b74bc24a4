"""`Figures`: the figures of a feed that is written, for its beats, metrics and summaries."""

from __future__ import annotations

import time
from collections.abc import Mapping

import numpy as np

from tickfire.base.durations import Durations
from tickfire.ingest.dbn.enums import type_name
from tickfire.ingest.kernel import context as ctx
from tickfire.ingest.kernel import intake_context as intake_ctx
from tickfire.ingest.kernel.books.words import BOOKS_RESYNCS
from tickfire.ingest.kernel.intake import Intake
from tickfire.ingest.kernel.parse import Parser
from tickfire.ingest.writer.announcements import Announcements
from tickfire.ingest.writer.output import Output
from tickfire.ingest.writer.pipe import ACKNOWLEDGED
from tickfire.ingest.writer.sessions import Sessions
from tickfire.ingest.writer.skipped import SkippedRecords


class Figures:
    """Counters and gauges of one feed; each is read when it is asked for.

    Parameters
    ----------
    parser : Parser
    intake : Intake
    output : Output
    sessions : Sessions
    skipped : SkippedRecords
    announcements : Announcements
    """

    def __init__(
        self,
        parser: Parser,
        intake: Intake,
        output: Output,
        sessions: Sessions,
        skipped: SkippedRecords,
        announcements: Announcements,
    ) -> None:
        self._parser, self._intake, self._output = parser, intake, output
        self._states = parser.states
        self.sessions, self._skipped, self._announcements = sessions, skipped, announcements

    def beat(self) -> dict[str, float]:
        """Return the figures of a beat; see docs/formats.md."""
        count, p50, p99 = self.acknowledged()
        return {
            "records": self._states.count(ctx.COUNT_RECORDS),
            "skipped": self._skipped.total,
            "position": self.ticks,
            "books": len(self._states.books),
            "book_resyncs": self._states.books.count(BOOKS_RESYNCS),
            "unparsed_bytes": self._parser.pending,
            "unacknowledged_writes": self.unacknowledged,
            "acknowledged_count": count,
            "acknowledged_p50_ns": p50,
            "acknowledged_p99_ns": p99,
            "gaps": self._announcements.gaps.total(),
            "sessions": self.sessions.count,
            "heartbeats": self.sessions.messages.counts["system", "heartbeat"],
            "slow_reader_warnings": self.sessions.messages.counts["system", "slow_reader"],
            "gateway_errors": self.errors,
        }

    # --- counters
    @property
    def records(self) -> int:
        """Records received, those skipped included."""
        return self._states.count(ctx.COUNT_RECORDS)

    def records_by_type(self) -> dict[str, int]:
        """Return the number of records parsed, by the name of their type."""
        types = self._intake.types
        return {type_name(rtype): int(types[rtype]) for rtype in np.flatnonzero(types).tolist()}

    def skipped_by_reason(self) -> dict[str, int]:
        """Return the number of records skipped, by reason."""
        return self._skipped.by_reason()

    def gaps_by_reason(self) -> dict[str, int]:
        """Return the number of gaps announced, by reason."""
        reasons = dict.fromkeys(("resume", "source", "gateway", "sequence", "venue"), 0)
        return reasons | dict(self._announcements.gaps)

    def messages_by_code(self) -> Mapping[tuple[str, ...], int]:
        """Return the number of messages of the gateway, by kind and code."""
        return {key: count for key, count in list(self.sessions.messages.counts.items())}

    @property
    def errors(self) -> int:
        """Errors that the gateway sent."""
        counts = self.sessions.messages.counts
        return sum(count for (kind, _), count in counts.items() if kind == "error")

    @property
    def repeated(self) -> int:
        """Records skipped because they were seen before."""
        return self._intake.count(intake_ctx.IN_REPEATED)

    @property
    def forgotten_cursors(self) -> int:
        """Cursors forgotten because those of other sources were too many."""
        return self._intake.forgotten

    @property
    def restamped(self) -> int:
        """Records of which a time was replaced."""
        return self._intake.count(intake_ctx.IN_RESTAMPED)

    @property
    def out_of_order(self) -> int:
        """Records whose sequence number is less than that of the record before."""
        return self._intake.count(intake_ctx.IN_OUT_OF_ORDER)

    @property
    def flagged(self) -> int:
        """Records that the venue flags as after a gap."""
        return self._intake.count(intake_ctx.IN_MAYBE_BAD)

    @property
    def missing(self) -> int:
        """Sequence numbers that are missing where they are dense."""
        return self._intake.count(intake_ctx.IN_MISSING)

    @property
    def ticks(self) -> int:
        """Sum of the positions of the shards."""
        return int(self._states.positions.sum())

    @property
    def received_bytes(self) -> int:
        """Bytes received from the source."""
        return self._parser.received_bytes

    @property
    def batches(self) -> int:
        """Batches that Redis acknowledged."""
        return sum(pipe.batches for pipe in self._output.pipes)

    def hops(self) -> Mapping[tuple[str, ...], Durations]:
        """Return durations by hop: ``receive`` from the source, ``acknowledge`` by Redis."""
        return {
            ("receive",): self.sessions.receive,
            ("acknowledge",): Durations.sum_of(pipe.durations for pipe in self._output.pipes),
        }

    # --- gauges
    @property
    def instruments(self) -> int:
        """Number of instruments with a state."""
        return len(self._states.rows)

    @property
    def unacknowledged(self) -> int:
        """Batches that wait for Redis."""
        return sum(pipe.unacknowledged for pipe in self._output.pipes)

    @property
    def waiting_bytes(self) -> int:
        """Bytes in those batches."""
        return sum(pipe.bytes_waiting for pipe in self._output.pipes)

    def acknowledged(self) -> tuple[int, int, int]:
        """Return count, median and 99th percentile (ns) of the last minute's times to Redis."""
        now = time.time_ns()
        found = [pipe.recent.quantiles(now)[ACKNOWLEDGED] for pipe in self._output.pipes]
        return (
            sum(each.count for each in found),
            max((each.p50 for each in found), default=0),
            max((each.p99 for each in found), default=0),
        )
