"""`Resumption`: the start to ask a gateway for, so that a feed goes on where it ended. Pure.

A recording is asked for from its beginning, and as many records of each source are skipped as were
seen. That is exact in whatever order they come. A live feed is asked for from the oldest place that
a source has reached, schema by schema. Since a live feed is in order of receipt, nothing new is
older than its clock by more than `LATE_NS`, so that an instrument that has long been silent does
not bring back hours.
"""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np

from tickfire.base.units import NS_PER_S
from tickfire.ingest.adapter.protocol import Resume, Source
from tickfire.ingest.dbn.enums import SCHEMA_RTYPES
from tickfire.ingest.kernel.intake import Intake
from tickfire.ingest.kernel.intake_context import (
    AHEAD_NS,
    BUCKET_NS,
    SKIP_BY_NUMBER,
    SKIP_BY_TIME,
    SKIP_NONE,
)
from tickfire.store.schema import REPLAY

LATE_NS: Final = 300 * NS_PER_S
"""Age, by the feed's clock, up to which a live feed may still send records."""
LIVE_LAG_NS: Final = 3600 * NS_PER_S
"""Age of data at its receipt up to which a feed is live, and not a recording of one."""
KEPT_NS: Final = 24 * 3600 * NS_PER_S
"""Age of the oldest data that a live gateway keeps."""
REPLAY_AHEAD_NS: Final = 3600 * NS_PER_S
"""As `AHEAD_NS`, of a recording, which may hold one instrument after the other."""
KEPT_SLACK_NS: Final = 60 * NS_PER_S


class Seen(msgspec.Struct, array_like=True):
    """The feed as it was seen last.

    Attributes
    ----------
    origin, recording : str
        As the gateway told in its greeting.
    latest : int
        The feed's clock, ns since the Unix epoch.
    received : int
        The time of receipt, ns since the Unix epoch.
    channels : tuple
        The latest sequence numbers of channels, as `Intake.channels`.
    """

    origin: str
    recording: str
    latest: int = 0
    received: int = 0
    channels: tuple[tuple[int, int, int], ...] = ()


class Resumption:
    """Planner of the sessions of a feed.

    Parameters
    ----------
    intake : Intake
        Its cursors tell what was seen.
    backfill_s : float
        Seconds of the past to ask for while nothing was seen.
    since : int, optional
        ns since the Unix epoch: the time from which to ask while nothing was seen.

    Attributes
    ----------
    seen : Seen or None
        None before the first record.
    is_new : bool
        True if the session sends nothing that was seen before.
    is_aged_out : bool
        True from when the gateway lacks the start that was asked until it sends anything else.
    gap : (int, int) or None
        The times, in ns, between which the gateway no longer has the data of an outage.
    """

    def __init__(self, intake: Intake, backfill_s: float, since: int | None = None) -> None:
        self._intake = intake
        self._since = since
        self._backfill_ns = int(backfill_s * NS_PER_S)
        self._skip = SKIP_NONE
        self._start = 0
        self._earliest = 0
        self._is_over = False
        self.is_aged_out = False
        self.seen: Seen | None = None
        self.is_new = True
        self.gap: tuple[int, int] | None = None

    def begin_again(self) -> None:
        """Forget what was seen before the next session, which begins the recording again."""
        self._is_over = True

    def age_out(self) -> None:
        """Note that the gateway no longer has the start that was asked: it sends what there is."""
        self.is_aged_out = True

    def note(self, first: int, now: int) -> Seen:
        """Note that records were received.

        After `age_out`, `gap` is set if no record was repeated, so that some may be lost.

        Parameters
        ----------
        first : int
            The time of the first of them, ns since the Unix epoch.
        now : int
            ns since the Unix epoch.
        """
        assert self.seen is not None, "no session was planned"
        if not self._intake.is_set:  # messages of the gateway alone
            return self.seen
        if self.is_aged_out:
            self.is_aged_out = False
            if not self._intake.has_repeats and 0 < self.seen.latest < first:
                self.gap = self.seen.latest, first
        self.seen.latest, self.seen.received = self._intake.latest, now
        self.seen.channels = self._intake.channels
        return self.seen

    def take_gap(self) -> tuple[int, int] | None:
        """Return the gap, once."""
        gap, self.gap = self.gap, None
        return gap

    def plan(self, source: Source, now: int) -> Resume:
        """Return the place from which a session that begins now is to go on.

        Parameters
        ----------
        source : Source
        now : int
            ns since the Unix epoch.
        """
        origin, recording = source.origin, source.recording
        seen, self.gap, self._earliest = self.seen, None, 0
        is_replay = origin == REPLAY
        has_some = len(self._intake.cursors) > 0 and is_replay  # such as a snapshot, without a time
        goes_on = seen is not None and (seen.latest > 0 or has_some)
        goes_on = goes_on and source.replays and not self._is_over
        self._is_over = False
        if seen is not None and is_replay:
            goes_on = goes_on and (seen.origin, seen.recording) == (origin, recording)
        elif seen is not None:
            goes_on = goes_on and seen.origin != REPLAY
        self.is_new = not goes_on
        if seen is None or not goes_on:
            self._intake.forget()
            self._skip, self.seen = SKIP_NONE, Seen(origin, recording)
            self._start = 0 if is_replay else self._first_start(now)
            return Resume(self._start or None)
        self.seen = msgspec.structs.replace(seen, origin=origin, recording=recording)
        if is_replay:
            self._skip, self._start = SKIP_BY_NUMBER, 0
            return Resume(paced_from=seen.latest)
        self._skip = SKIP_BY_TIME
        return self._go_on_live(seen, now)

    @property
    def repeats_all(self) -> bool:
        """True if the session sends again everything that was seen."""
        return self._skip == SKIP_BY_NUMBER

    def begin(self, first_ns: int, now: int, *, lacks_books: bool = False) -> None:
        """Begin the planned session.

        Parameters
        ----------
        first_ns : int
            The start of the data by the gateway's metadata, ns since the Unix epoch.
        now : int
            ns since the Unix epoch.
        lacks_books : bool
            True if order books are to be built again of orders that were seen.
        """
        latest = self.seen.latest if self.seen is not None else 0
        is_replay = self.seen is not None and self.seen.origin == REPLAY
        self._intake.begin(
            first_ns, now, latest, skip=self._skip, start=self._earliest,
            ahead_ns=REPLAY_AHEAD_NS if is_replay else AHEAD_NS, may_go_back=is_replay,
            keeps_orders=lacks_books and self.repeats_all,
        )  # fmt: skip

    def _first_start(self, now: int) -> int:
        if self._since is not None:
            return self._since
        return now - self._backfill_ns if self._backfill_ns else 0

    def _go_on_live(self, seen: Seen, now: int) -> Resume:
        """Return the place in a live feed that was seen before."""
        cursors = self._intake.cursors
        timed = cursors[cursors["bucket"] > 0]
        rtypes = timed["source"] >> np.uint64(8) & np.uint64(0xFF)
        oldest = timed["bucket"] - BUCKET_NS
        earliest = 0
        if seen.received - seen.latest < LIVE_LAG_NS:
            earliest = _bucket_after(max(seen.latest - LATE_NS, now - KEPT_NS + KEPT_SLACK_NS))
        if self.is_aged_out:
            return Resume(0)
        if earliest > seen.latest:
            self.gap = seen.latest, earliest
        self._earliest = earliest
        starts = {
            schema: max(int(own.min()), earliest)
            for schema, rtype in SCHEMA_RTYPES.items()
            if len(own := oldest[rtypes == rtype])
        }
        start = max(int(oldest.min(initial=seen.latest)), earliest)
        return Resume(start, starts)


def _bucket_after(ts: int) -> int:
    """Return the start of the first bucket of event times that does not begin before a time."""
    return -(-ts // BUCKET_NS) * BUCKET_NS
