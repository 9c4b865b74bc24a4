"""Refusals on their way to the audit log."""

from __future__ import annotations

from tests.support.valkey import Valkey
from tickfire.server.access.audit import AUDIT, read_audit
from tickfire.server.access.trail import MAX_DIFFERENT, Trail
from tickfire.store.requests import Requests
from tickfire.store.store import Store


async def test_equal_refusals_are_one_entry_and_a_flood_is_bounded(valkey: Valkey) -> None:
    trail = Trail()
    for _ in range(3):
        trail.add("its topic is not granted", "192.0.2.1", "k", "market:\x1b[1m" + "A" * 500)
    for number in range(10_000):
        trail.add("its token is not accepted", f"address {number}")
    async with await Store.open(valkey.url) as store:
        requests = Requests(store, AUDIT)
        await trail.write(requests)
        found = await read_audit(requests, 1_000)
        requests.close()
    assert len(found) == MAX_DIFFERENT + 1
    first = found[0]
    assert (first.event, first.by, first.key, first.count) == ("refused", "192.0.2.1", "k", 3)
    assert first.topic is not None
    assert len(first.topic) < 250
    assert "\x1b" not in first.topic
    assert sum(each.count for each in found) == 10_003
