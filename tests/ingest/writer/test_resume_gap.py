"""Data that a gateway no longer has are published as a gap, and nothing else is lost."""

from __future__ import annotations

import logging
from typing import Any

import msgspec
import pytest

from tests.support.dbn import START, trades
from tests.support.eventually import eventually
from tests.support.ingest import ingesting, sending, until_records
from tests.support.resume import count_records, stored_ticks
from tickfire.ingest.adapter.protocol import Source
from tickfire.ingest.dbn.control import ErrorMsg, encode_control
from tickfire.ingest.dbn.layout import DBN_VERSION, ERROR_REPLAY_AGED_OUT
from tickfire.ingest.dbn.metadata import Metadata
from tickfire.ingest.kernel.intake import Intake
from tickfire.ingest.writer.resume import KEPT_NS, Resumption, Seen
from tickfire.store.schema import LIVE, STATUS_KEY, TICK_TRADE, Status
from tickfire.store.store import Store

pytestmark = pytest.mark.usefixtures("reconnect_at_once")

META = Metadata("TEST.DATA", None, START)
HOUR_NS = 3600 * 10**9
AGED_OUT = encode_control(
    ErrorMsg("The start is too old", ERROR_REPLAY_AGED_OUT, START), DBN_VERSION
)


async def gaps(client: Any) -> list[tuple[int, int]]:
    """Return the times of the gaps in the stream ``status``."""
    entries = await client.xrange(STATUS_KEY)
    told = [msgspec.msgpack.decode(fields[b"d"], type=Status) for _, fields in entries]
    return [(each.begin, each.end) for each in told if each.kind == "gap"]


@pytest.mark.parametrize("ends", [False, True])
async def test_a_start_that_is_too_old_is_a_gap(
    ends: bool, client: Any, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    before, after = trades(10), trades(10, start=START + HOUR_NS // 2)
    later = AGED_OUT + after.tobytes()
    parts = [before.tobytes(), AGED_OUT, after.tobytes()] if ends else [before.tobytes(), later]
    async with sending(META, *parts) as feed, ingesting(feed, store) as ingest:
        await until_records(ingest, 21)

        async def is_told() -> bool:
            return bool(await gaps(client))

        await eventually(is_told, "a gap")
    begin, end = before["ts_recv"][-1], after["ts_event"][0]
    assert await gaps(client) == [(begin, end)]
    assert "no data from" in caplog.text
    got = await stored_ticks(client)
    sequences = got["sequence"][got["kind"] == TICK_TRADE] if ends else got["sequence"]
    assert sequences.tolist() == [*range(10), *range(10)]


async def test_repeats_after_a_start_that_is_too_old_are_no_gap(client: Any, store: Store) -> None:
    made = trades(20)
    parts = made[:10].tobytes(), AGED_OUT + made.tobytes()
    async with sending(META, *parts) as feed, ingesting(feed, store) as ingest:
        await until_records(ingest, 31)
    assert await gaps(client) == []
    assert (await stored_ticks(client))["sequence"].tolist() == [*range(20)]


def test_an_outage_of_more_than_a_day_is_a_gap() -> None:
    intake = Intake()
    resumption = Resumption(intake, 0)
    resumption.seen = Seen(LIVE, "", START, START)
    intake.begin(START)
    count_records(intake, trades(3).tobytes())
    now = START + KEPT_NS + HOUR_NS
    ask = resumption.plan(Source(replays=True), now)
    gap = resumption.take_gap()
    assert gap is not None and gap[0] == START
    assert HOUR_NS <= gap[1] - gap[0] < HOUR_NS + 120 * 10**9
    assert ask.start == gap[1]
    assert now - ask.start < KEPT_NS


def test_messages_of_the_gateway_alone_move_no_clock() -> None:
    intake = Intake()
    resumption = Resumption(intake, 0)
    resumption.plan(Source(replays=True), START)
    resumption.begin(START, START)
    assert resumption.note(START, START).latest == 0
