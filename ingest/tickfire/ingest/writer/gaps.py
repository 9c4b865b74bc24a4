"""`VenueGaps`: data that the venue's own numbers and flags show to be missing, as sentences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from tickfire.base.units import utc
from tickfire.ingest.kernel.intake import Intake
from tickfire.ingest.kernel.intake_context import IN_MAYBE_BAD, IN_MISSING
from tickfire.ingest.writer.skipped import records_text
from tickfire.store.schema import Rows

FLAG_REPEAT_S: Final = 60.0
"""Time for which flagged records are only counted after a sentence on them."""


class VenueGaps:
    """Watcher of what an intake counts.

    Parameters
    ----------
    intake : Intake
    on_gap : callable (str, str)
        Called with the reason, ``"sequence"`` or ``"venue"``, and a sentence.
    clock : callable
        Returns seconds of a steady clock.
    """

    def __init__(
        self,
        intake: Intake,
        on_gap: Callable[[str, str], None],
        clock: Callable[[], float],
    ) -> None:
        self._intake, self._on_gap, self._clock = intake, on_gap, clock
        self._missing = self._flagged = 0
        self._flags_told = -FLAG_REPEAT_S

    def look(self) -> None:
        """Tell of what was counted since the last call."""
        missing, holes = self._intake.count(IN_MISSING), self._intake.take_holes()
        if len(holes):
            self._on_gap("sequence", _hole_sentence(holes, missing - self._missing))
        self._missing = missing
        flagged, now = self._intake.count(IN_MAYBE_BAD), self._clock()
        if flagged > self._flagged and now - self._flags_told >= FLAG_REPEAT_S:
            count = flagged - self._flagged
            self._on_gap(
                "venue", f"the venue flags {records_text(count)} as after a gap of its own"
            )
            self._flagged, self._flags_told = flagged, now


def _hole_sentence(holes: Rows, missing: int) -> str:
    first = holes[0]
    source = int(first["source"])
    instrument, publisher, channel = source >> 32, source >> 16 & 0xFFFF, source >> 8 & 0xFF
    where = f"instrument {instrument}" if instrument else f"channel {channel}"
    numbers = f"{first['first']} to {first['last']}"
    total = "" if len(holes) == 1 else f"; {missing:,} numbers are missing in all"
    return (
        f"sequence numbers {numbers} of publisher {publisher}, {where}, are missing before"
        f" {utc(int(first['ts_event']))}{total}"
    )
