"""Sentences for the log on the records that ingest skips."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tickfire.ingest.dbn.enums import counted_types
from tickfire.ingest.dbn.instruments import InstrumentTable
from tickfire.ingest.kernel import context as ctx
from tickfire.ingest.kernel.intake import Intake
from tickfire.ingest.kernel.intake_context import IN_REFUSED, IN_RESTAMPED
from tickfire.ingest.kernel.state import InstrumentStates
from tickfire.store.limits import MAX_MAPPINGS

REASONS: Final = {
    ctx.COUNT_SHORT: "that are too short for their type",
    ctx.COUNT_UNDEFINED: "of trades and bars without a price, or bars of an impossible volume",
    ctx.COUNT_BAD_TIME: "without a plausible time",
    ctx.COUNT_OHLCV_IGNORED: "of bars that are made from trades or other bars as well",
}
"""Counters of skipped records, and what is wrong with the records."""
LABELS: Final = {
    ctx.COUNT_SHORT: "short",
    ctx.COUNT_UNDEFINED: "no_price",
    ctx.COUNT_BAD_TIME: "bad_time",
    ctx.COUNT_OHLCV_IGNORED: "bars_made",
}
"""Names of the same counters in metrics."""
REFUSED: Final = -1
"""Stands for the counter of records that the intake refused."""
TOO_MANY: Final = -2
"""Stands for the counters of records that name one instrument too many."""


class SkippedRecords:
    """The records that a parser skipped.

    Parameters
    ----------
    states : InstrumentStates
        The states of the parser, which count what it skips.
    intake : Intake, optional
        The intake of the parser, which counts what it refuses and restamps.
    table : InstrumentTable, optional
        The instruments of the feed, which counts the mappings and definitions that it leaves out.
    """

    def __init__(
        self,
        states: InstrumentStates,
        intake: Intake | None = None,
        table: InstrumentTable | None = None,
    ) -> None:
        self._states = states
        self._table = table
        self._intake = intake
        self._restamped = 0
        self._told: dict[int, int] = {}

    @property
    def total(self) -> int:
        """The number of records skipped so far."""
        return sum(self._counts().values())

    def by_reason(self) -> dict[str, int]:
        """Return the number of records skipped so far by reason, named as in metrics."""
        found = self._counts()
        reasons = {label: found.get(counter, 0) for counter, label in LABELS.items()}
        return reasons | {
            "far_time": found.get(REFUSED, 0),
            "too_many": found.get(TOO_MANY, 0),
            "type": sum(_types(found).values()),
        }

    def appeared(self) -> list[str]:
        """Return sentences if records were skipped of a type, or for a reason, that is new."""
        found = self._counts()
        return [] if found.keys() <= self._told.keys() else self._tell(found)

    def changed(self) -> list[str]:
        """Return sentences if any records were skipped since the last ones."""
        found = self._counts()
        return [] if found == self._told else self._tell(found)

    def restamped(self) -> list[str]:
        """Return a sentence if times of records were replaced since the last one."""
        before = self._restamped
        self._restamped = self._intake.count(IN_RESTAMPED) if self._intake is not None else 0
        if self._restamped == before:
            return []
        return [
            f"replaced a time of {records_text(self._restamped)} that is far from the feed's clock"
        ]

    def _counts(self) -> dict[int, int]:
        """Return the counters that are not 0."""
        counters = (*REASONS, *range(ctx.COUNT_SKIPPED, ctx.COUNTERS))
        values = ((counter, self._states.count(counter)) for counter in counters)
        counts = {counter: value for counter, value in values if value}
        if self._intake is not None and (refused := self._intake.count(IN_REFUSED)):
            counts[REFUSED] = refused
        table = self._table.left_out if self._table is not None else 0
        if left_out := self._states.left_out + table:
            counts[TOO_MANY] = left_out
        return counts

    def _tell(self, found: dict[int, int]) -> list[str]:
        before, self._told = self._told, found
        return list(_sentences(found, before))


def _sentences(found: dict[int, int], before: dict[int, int]) -> Iterator[str]:
    for counter, reason in REASONS.items():
        if found.get(counter) != before.get(counter):
            yield f"skipped {records_text(found[counter])} {reason}"
    if found.get(REFUSED) != before.get(REFUSED):
        yield f"skipped {records_text(found[REFUSED])} whose times are far from the feed's clock"
    if found.get(TOO_MANY) != before.get(TOO_MANY):
        yield (
            f"skipped {records_text(found[TOO_MANY])} of more instruments than --max-instruments"
            f" allows, or of more than {MAX_MAPPINGS:,} mappings of one"
        )
    types = _types(found)
    if types != _types(before):
        total = records_text(sum(types.values()))
        yield f"skipped {total} of types that are not carried: {counted_types(types)}"


def _types(counts: dict[int, int]) -> dict[int, int]:
    return {c - ctx.COUNT_SKIPPED: n for c, n in counts.items() if c >= ctx.COUNT_SKIPPED}


def records_text(count: int) -> str:
    """Return a number of records as text."""
    return "1 record" if count == 1 else f"{count:,} records"
