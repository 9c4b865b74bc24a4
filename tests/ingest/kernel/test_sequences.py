"""Sequence numbers of a venue: holes where they are dense, and records out of order."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.dbn import START, rows
from tickfire.ingest.dbn.layout import (
    FLAG_MAYBE_BAD_BOOK,
    FLAG_SNAPSHOT,
    RTYPE_MBO,
    RTYPE_TRADE,
)
from tickfire.ingest.kernel import intake_context as ctx
from tickfire.ingest.kernel.intake import Intake
from tickfire.kernels.pointers import address_of


def count(intake: Intake, records: np.ndarray[tuple[int], np.dtype[np.void]]) -> None:
    """Let an intake count records that were parsed."""
    data = records.tobytes()
    buffer = np.zeros(max(len(data), 8) // 8, np.int64).view(np.uint8)
    buffer[: len(data)] = np.frombuffer(data, np.uint8)
    intake.count_parsed(address_of(buffer), 0, len(data))


def numbered(rtype: int, numbers: list[int], **fields: Any) -> np.ndarray[tuple[int], np.dtype]:
    made = rows(rtype, len(numbers), ts_event=START + np.arange(len(numbers)), **fields)
    made["sequence"] = numbers
    return made


def test_records_are_counted_by_type() -> None:
    intake = Intake()
    count(intake, numbered(RTYPE_TRADE, [1, 2, 3]))
    count(intake, numbered(RTYPE_MBO, [4]))
    assert intake.types[RTYPE_TRADE] == 3 and intake.types[RTYPE_MBO] == 1
    assert intake.types.sum() == 4


def test_holes_of_a_subset_mean_nothing() -> None:
    intake = Intake()
    count(intake, numbered(RTYPE_TRADE, [1, 5, 5, 90]))
    assert intake.count(ctx.IN_HOLES) == intake.count(ctx.IN_OUT_OF_ORDER) == 0


def test_a_number_below_that_of_the_record_before_is_out_of_order() -> None:
    intake = Intake()
    count(intake, numbered(RTYPE_TRADE, [7, 7, 5, 8]))
    count(intake, numbered(RTYPE_TRADE, [2], instrument_id=9))
    assert intake.count(ctx.IN_OUT_OF_ORDER) == 1


@given(
    st.lists(st.tuples(st.integers(1, 3), st.integers(1, 3), st.integers(1, 60)), max_size=60),
    st.integers(1, 60),
)
def test_holes_of_channels_equal_those_of_a_plain_count(
    messages: list[tuple[int, int, int]], cut: int
) -> None:
    records = numbered(RTYPE_MBO, [number for _, _, number in messages])
    records["publisher_id"] = [publisher for publisher, _, _ in messages]
    records["channel_id"] = [channel for _, channel, _ in messages]
    records["instrument_id"] = np.arange(len(records)) % 4
    intake = Intake(dense=ctx.DENSE_CHANNEL)
    count(intake, records[:cut])
    count(intake, records[cut:])
    latest: dict[tuple[int, int], int] = {}
    holes = []
    for publisher, channel, number in messages:
        before = latest.get((publisher, channel), number)
        if number > before + 1:
            holes.append((before + 1, number - 1))
        latest[publisher, channel] = number
    assert intake.count(ctx.IN_HOLES) == len(holes)
    assert intake.count(ctx.IN_MISSING) == sum(last - first + 1 for first, last in holes)
    found = intake.take_holes()
    assert [(int(hole["first"]), int(hole["last"])) for hole in found] == holes[: len(found)]
    assert len(intake.take_holes()) == 0


def test_numbers_that_are_dense_by_instrument_are_compared_within_it() -> None:
    intake = Intake(dense=ctx.DENSE_SOURCE)
    count(intake, numbered(RTYPE_TRADE, [1, 50, 2, 55], instrument_id=[1, 2, 1, 2]))
    (hole,) = intake.take_holes()
    assert (hole["first"], hole["last"], hole["source"] >> 32) == (51, 54, 2)


@pytest.mark.parametrize("dense", [ctx.DENSE_NONE, ctx.DENSE_CHANNEL])
def test_the_word_of_the_venue_on_a_gap_always_counts(dense: int) -> None:
    intake = Intake(dense=dense)
    count(intake, numbered(RTYPE_MBO, [1, 2, 3], flags=[0, FLAG_MAYBE_BAD_BOOK, 0]))
    assert intake.count(ctx.IN_MAYBE_BAD) == 1


def test_the_numbers_of_a_snapshot_are_left_out() -> None:
    intake = Intake(dense=ctx.DENSE_CHANNEL)
    flags = [0, FLAG_SNAPSHOT, FLAG_SNAPSHOT, 0]
    count(intake, numbered(RTYPE_MBO, [100, 3, 60, 101], flags=flags))
    assert intake.count(ctx.IN_HOLES) == intake.count(ctx.IN_OUT_OF_ORDER) == 0


def test_a_recording_that_begins_again_begins_its_numbers_again() -> None:
    intake = Intake(dense=ctx.DENSE_CHANNEL)
    count(intake, numbered(RTYPE_MBO, [1, 2]))
    intake.forget()
    count(intake, numbered(RTYPE_MBO, [9, 10]))
    assert intake.count(ctx.IN_HOLES) == intake.count(ctx.IN_OUT_OF_ORDER) == 0
