"""`BookWriter`: the best levels of the order books, written when they have changed.

Books change far more often than anyone can look at them, so a book is written at most so many times
a second, as it is then. Its last state is always written, since it stays changed until then.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Final

from tickfire.ingest.kernel import context as ctx
from tickfire.ingest.kernel.books import words
from tickfire.ingest.kernel.books.books import FAULTS
from tickfire.ingest.kernel.state import InstrumentStates
from tickfire.ingest.writer.output import Output

QUIET_S: Final = 1.0
"""Time without records after which the last event is taken to be complete."""
TELL_INTERVAL_S: Final = 60.0

logger = logging.getLogger(__name__)


class BookWriter:
    """Writer of the order books of a feed.

    Parameters
    ----------
    states : InstrumentStates
    output : Output
    hz : float
        Number of times a second that a book is written, at most.
    must_wait : callable
        Returns whether nothing more may be written for now.
    """

    def __init__(
        self,
        states: InstrumentStates,
        output: Output,
        hz: float,
        must_wait: Callable[[], bool],
    ) -> None:
        self._states = states
        self._output = output
        self._interval_s = 1 / hz
        self._must_wait = must_wait
        self._records = 0
        self._changed_at = time.monotonic()
        self._told: dict[int, int] = {}
        self._told_at = 0.0

    async def run(self) -> None:
        """Write books until cancelled."""
        while True:
            await asyncio.sleep(self._interval_s)
            if not self._must_wait():
                self.write()
            self._tell(time.monotonic())

    def write(self) -> None:
        """Write the books that have changed."""
        now, records = time.monotonic(), self._states.count(ctx.COUNT_RECORDS)
        if records != self._records:
            self._records, self._changed_at = records, now
        is_quiet = now - self._changed_at > QUIET_S
        books = self._states.books.take(in_event=is_quiet)
        if len(books):
            self._output.write_books(books)

    def _tell(self, now: float) -> None:
        """Log what was wrong with records of orders: at once if it is new, else once a minute."""
        counts = {at: n for at in FAULTS if (n := self._states.books.count(at))}
        is_new = counts.keys() != self._told.keys()
        if counts == self._told or not (is_new or now - self._told_at > TELL_INTERVAL_S):
            return
        self._told, self._told_at = counts, now
        found = ", ".join(f"{count:,} {FAULTS[at]}" for at, count in counts.items())
        emptied = self._states.books.count(words.BOOKS_RESYNCS)
        logger.warning("order books: %s; emptied, to be built again: %d", found, emptied)
