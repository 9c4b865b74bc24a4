"""The cursors that are stored are those of the last batch that was written."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.support.dbn import trades
from tickfire.ingest.kernel.intake import Intake
from tickfire.ingest.writer.cursors import SAVED, CursorFields
from tickfire.ingest.writer.resume import Seen


def taken(intake: Intake, numbers: list[int]) -> None:
    """Let the intake count a trade of each instrument in a list."""
    made = trades(len(numbers))
    made["instrument_id"] = numbers
    data = made.tobytes()
    buffer = np.zeros(len(data) // 8 + 1, np.int64).view(np.uint8)
    buffer[: len(data)] = np.frombuffer(data, np.uint8)
    intake.count_parsed(buffer, 0, len(data))


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
