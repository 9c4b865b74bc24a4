"""Ingest says which records it skips."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.dbn import START, mapping, rows, trades
from tests.support.eventually import eventually
from tests.support.ingest import ingesting, sending, until_records
from tickfire.ingest.dbn.layout import RTYPE_OHLCV_1S, RTYPE_OHLCV_DEPRECATED
from tickfire.ingest.dbn.metadata import Metadata
from tickfire.ingest.kernel.parse import Parser
from tickfire.ingest.kernel.state import InstrumentStates
from tickfire.ingest.writer.skipped import SkippedRecords
from tickfire.store.schema import INSTRUMENTS_KEY
from tickfire.store.store import Store

NOT_CARRIED = {
    RTYPE_OHLCV_DEPRECATED: "ohlcv without an interval (deprecated)",
    5: "unknown type 5",
    99: "unknown type 99",
}


def untyped(rtype: int, count: int) -> bytes:
    """Return records of a type that is not carried."""
    made = rows(RTYPE_OHLCV_1S, count, ts_event=START)
    made["rtype"] = rtype
    return made.tobytes()


def parse(states: InstrumentStates, data: bytes) -> None:
    for _ in Parser(states).feed(data):
        pass


@given(st.lists(st.sampled_from(sorted(NOT_CARRIED)), min_size=1, max_size=20))
def test_each_type_that_is_not_carried_is_named_with_its_count(rtypes: list[int]) -> None:
    states = InstrumentStates()
    skipped = SkippedRecords(states)
    assert skipped.appeared() == skipped.changed() == []
    parse(states, b"".join(untyped(rtype, 1) for rtype in rtypes))
    (sentence,) = skipped.appeared()
    assert sentence.startswith(f"skipped {len(rtypes)} record")
    for rtype in set(rtypes):
        assert f"{rtypes.count(rtype)} of {NOT_CARRIED[rtype]}" in sentence
    assert skipped.total == len(rtypes)
    parse(states, untyped(rtypes[0], 1))
    assert skipped.appeared() == []
    (total,) = skipped.changed()
    assert f"skipped {len(rtypes) + 1} records" in total
    assert skipped.changed() == []


def test_each_reason_is_a_sentence_of_its_own() -> None:
    states = InstrumentStates()
    skipped = SkippedRecords(states)
    bars = rows(RTYPE_OHLCV_1S, 2, instrument_id=1, ts_event=START)
    timeless = trades(1)
    timeless["ts_event"] = timeless["ts_recv"] = 0
    unpriced = trades(3)
    unpriced["price"] = np.iinfo(np.int64).max
    parse(states, b"".join(part.tobytes() for part in (trades(1), bars, timeless, unpriced)))
    assert skipped.appeared() == [
        "skipped 3 records of trades and bars without a price, or bars of an impossible volume",
        "skipped 1 record without a plausible time",
        "skipped 2 records of bars that are made from trades or other bars as well",
    ]


@given(st.integers(1, 6), st.lists(st.integers(1, 9), min_size=1, max_size=30))
def test_records_of_more_instruments_than_allowed_are_skipped_and_told(
    limit: int, numbers: list[int]
) -> None:
    states = InstrumentStates(max_instruments=limit)
    skipped, ticks = SkippedRecords(states), list[int]()
    data = b"".join(trades(1, n, START + at).tobytes() for at, n in enumerate(numbers))
    for batch in Parser(states).feed(data):
        ticks += batch.ticks["instrument_id"].tolist()
    kept = list(dict.fromkeys(numbers))[:limit]
    assert ticks == [number for number in numbers if number in kept]
    left_out = len(numbers) - len(ticks)
    assert skipped.by_reason()["too_many"] == skipped.total == left_out
    assert len(skipped.appeared()) == bool(left_out)


async def test_a_feed_of_too_many_instruments_goes_on_with_those_it_has(
    caplog: pytest.LogCaptureFixture, client: Any, store: Store
) -> None:
    mappings = b"".join(mapping(number, f"S{number}", str(number)) for number in range(1, 2001))
    data = b"".join(trades(1, number).tobytes() for number in (1, 1999, 2, 2000, 1))
    with caplog.at_level(logging.WARNING):
        async with (
            sending(Metadata("TEST.DATA", None, START), mappings + data) as feed,
            ingesting(feed, store, max_instruments=2) as ingest,
        ):
            await until_records(ingest, 2005)
            await eventually(lambda: "more instruments than" in caplog.text, "a warning")
            assert ingest.figures.skipped_by_reason()["too_many"] == 2000
            assert ingest.figures.ticks == 3
    assert "skipped 2,000 records of more instruments than --max-instruments allows" in caplog.text
    assert await client.hlen(INSTRUMENTS_KEY) == 2


async def test_ingest_logs_what_it_skips(
    caplog: pytest.LogCaptureFixture, client: Any, store: Store
) -> None:
    data = b"".join(untyped(rtype, 2) for rtype in NOT_CARRIED)
    with caplog.at_level(logging.WARNING):
        async with (
            sending(Metadata("TEST.DATA", None, START), data) as feed,
            ingesting(feed, store) as ingest,
        ):
            await until_records(ingest, 2 * len(NOT_CARRIED))
            await eventually(lambda: "of types that are not carried" in caplog.text, "a warning")
    for rtype in NOT_CARRIED:
        assert f"2 of {NOT_CARRIED[rtype]}" in caplog.text
