"""The cursors that are stored are those of the last batch that was written."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.support.dbn import START, rows, trades
from tests.support.resume import count_records
from tickfire.ingest.dbn.layout import RTYPE_STATUS, RTYPE_TRADE
from tickfire.ingest.kernel.intake import Intake
from tickfire.ingest.writer.cursors import SAVED, CursorFields
from tickfire.ingest.writer.resume import Seen


def taken(intake: Intake, numbers: list[int]) -> None:
    """Let the intake count a trade of each instrument in a list."""
    made = trades(len(numbers))
    made["instrument_id"] = numbers
    count_records(intake, made.tobytes())


def saved(intake: Intake) -> set[tuple[int, ...]]:
    return {tuple(int(row[name]) for name in SAVED) for row in intake.cursors}


@given(
    st.lists(st.lists(st.integers(1, 6), max_size=4), min_size=1, max_size=12),
    st.integers(1, 3),
    st.integers(0, 12),
)
def test_the_cursors_of_the_last_batch_are_restored(
    batches: list[list[int]], shards: int, forgotten: int
) -> None:
    intake, held = Intake(1), [dict[bytes, bytes]() for _ in range(shards)]
    fields = CursorFields(intake, 1, shards)
    for index, numbers in enumerate(batches):
        if index == forgotten:
            intake.forget()
        taken(intake, numbers)
        for shard, changed in fields.changed(b"epoch", Seen("live", "", index)).items():
            held[shard] |= changed
        again = Intake(1)
        restored = CursorFields(again, 1, shards)
        seen = restored.restore([dict(of_shard) for of_shard in held])
        assert saved(again) == saved(intake)
        assert seen is not None
        if index == len(batches) // 2:  # another process goes on
            intake, fields = again, restored


def test_all_cursors_are_stored_in_a_new_epoch() -> None:
    intake = Intake()
    fields = CursorFields(intake, 1, 1)
    taken(intake, [1, 2, 3])
    fields.changed(b"old", Seen("live", ""))
    taken(intake, [2])
    again = Intake()
    CursorFields(again, 1, 1).restore([fields.changed(b"new", Seen("live", ""))[0]])
    assert saved(again) == saved(intake)


def test_cursors_of_reports_are_stored_once_the_reports_are_written() -> None:
    intake = Intake()
    fields = CursorFields(intake, 1, 1)
    held: dict[bytes, bytes] = {}

    def stored(epoch: bytes, *, some_wait: bool) -> dict[int, int]:
        """Store what has changed; return the totals by type that another process would restore."""
        held.update(fields.changed(epoch, Seen("live", ""), some_wait=some_wait)[0])
        again = Intake()
        CursorFields(again, 1, 1).restore([held])
        return {int(row["source"]) >> 8 & 0xFF: int(row["total"]) for row in again.cursors}

    count_records(intake, rows(RTYPE_STATUS, 1, ts_event=START).tobytes())
    assert stored(b"one", some_wait=True) == {}
    assert stored(b"one", some_wait=False) == {RTYPE_STATUS: 1}
    count_records(intake, rows(RTYPE_STATUS, 2, ts_event=START).tobytes() + trades(1).tobytes())
    assert stored(b"one", some_wait=True) == {RTYPE_STATUS: 1, RTYPE_TRADE: 1}
    held.clear()
    count_records(intake, trades(1).tobytes())
    assert stored(b"two", some_wait=True) == {RTYPE_STATUS: 1, RTYPE_TRADE: 2}
    count_records(intake, trades(1).tobytes())
    assert stored(b"two", some_wait=False) == {RTYPE_STATUS: 3, RTYPE_TRADE: 3}
    intake.forget()
    count_records(intake, rows(RTYPE_STATUS, 1, ts_event=START).tobytes())
    assert stored(b"two", some_wait=True) == {}
