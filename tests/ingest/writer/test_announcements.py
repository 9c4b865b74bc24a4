"""Announcements of a feed at its end, against a real Valkey."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.support.dbn import START, trades
from tests.support.eventually import eventually
from tests.support.ingest import ingesting, sending, until_records
from tickfire.ingest.dbn.control import ErrorMsg, SystemMsg, encode_control
from tickfire.ingest.dbn.layout import ERROR_INTERNAL, SYSTEM_SLOW_READER
from tickfire.ingest.dbn.metadata import Metadata
from tickfire.ingest.writer import announcements
from tickfire.ingest.writer.announcements import Announcements
from tickfire.ingest.writer.epoch import EpochWriter
from tickfire.store.lease import Lease, feed_work
from tickfire.store.schema import STATUS_KEY, Status
from tickfire.store.store import Store

META = Metadata("TEST.DATA", None, START)
PAUSE_MS = 300


async def test_announcements_that_wait_at_a_clean_stop_are_written(
    client: Any, store: Store
) -> None:
    slow = encode_control(SystemMsg("Slow reader", SYSTEM_SLOW_READER, START))
    error = encode_control(ErrorMsg("Oops", ERROR_INTERNAL, START))
    async with sending(META, trades(3).tobytes()) as feed, ingesting(feed, store) as ingest:
        await until_records(ingest, 3)
        await eventually(lambda: ingest.sessions.feed.state == "up", "the feed is up")
        await client.client_pause(PAUSE_MS)
        feed.send(slow + error)
        counts = ingest.sessions.messages.counts
        await eventually(lambda: counts["error", "internal"] == 1, "the messages")
    entries = await client.xrange(STATUS_KEY)
    told = [msgspec.msgpack.decode(fields[b"d"], type=Status).kind for _, fields in entries]
    assert told[-2:] == ["slow_reader", "error"]


async def test_an_announcement_that_is_repeated_is_written_once(client: Any, store: Store) -> None:
    writer = EpochWriter(store, 1, 1, Lease(store, feed_work(1)))
    first, second = writer.status("gap", "no data"), writer.status("gap", "no data")
    for status in (first, second, first, second):  # as after replies that were lost
        await writer.put_status(status)
    entries = await client.xrange(STATUS_KEY)
    told = [msgspec.msgpack.decode(fields[b"d"], type=Status) for _, fields in entries]
    assert told == [first, second]


async def test_an_announcement_that_redis_does_not_take_does_not_hold_up_the_end(
    store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(announcements, "FINISH_S", 0.01)
    lease = Lease(store, feed_work(1))
    waiting = Announcements(EpochWriter(store, 1, 1, lease), lambda: None)
    waiting.tell("feed_up", "TEST.DATA")
    await waiting.finish()
    assert waiting.pending
    assert "announcements that were not written: 1" in caplog.text
