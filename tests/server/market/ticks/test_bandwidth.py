"""A client beyond its quota of bandwidth: slower and merged, but neither cut off nor wronged."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from tests.support.eventually import eventually
from tests.support.publisher import Publisher, mixed, trades
from tests.support.server import Serve
from tests.support.valkey import Valkey
from tickfire.server.limits.admission import Limits
from tickfire.server.limits.buckets import Rate
from tickfire.server.limits.quotas import Quotas
from tickfire.server.market.ticks import subscriptions

BURST = 512
LITTLE, SMALL, MORE = (
    Limits(quotas=Quotas(bandwidth=Rate(kib_per_s, BURST))) for kib_per_s in (1, 128, 384)
)
BATCH = 500
INSTRUMENTS = 2


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subscriptions, "WATCH_S", 0.02)


def volume(ticks: list[Any]) -> int:
    return sum(int(tick["volume"]) for tick in ticks)


async def test_a_live_client_beyond_it_is_merged_and_told_so(
    publisher: Publisher, valkey: Valkey, serve: Serve
) -> None:
    server = await serve(valkey.url, limits=SMALL, max_lag_s=0.3)
    client = await server.client()
    joined = await client.join("market:realtime")

    def rests() -> bool:
        return any(each.is_blocked for each in server.market.subscriptions)

    published = 0
    while not joined.of("status"):  # only what is published while it may be sent no more is merged
        rested = rests()
        publisher.publish(mixed(BATCH, INSTRUMENTS), entry_size=100)
        published += BATCH
        await server.reaches(publisher)
        if rested:
            await eventually(lambda: bool(joined.of("status")) or not rests(), "it is told")
    status = joined.of("status")[0]
    assert (status["state"], status["cause"]) == ("conflated", "bandwidth")
    await eventually(lambda: joined.of("status")[-1]["state"] == "live", "it is live again")
    rows = mixed(BATCH, INSTRUMENTS)
    expected = published // BATCH * int(rows["size"][rows["kind"] == 1].sum())
    await eventually(lambda: volume(joined.of("tick")) == expected, "the volume of all trades")
    assert client.close_code is None
    await client.close()


async def test_catch_up_goes_on_at_the_rate_and_further_joins_are_refused(
    publisher: Publisher, valkey: Valkey, serve: Serve
) -> None:
    server = await serve(valkey.url, limits=LITTLE)
    since = await server.beginning(publisher.feed)
    publisher.publish(trades(6_000), entry_size=200)
    await server.reaches(publisher)
    client = await server.client()
    joined = await client.join("market:realtime", {"since": since})
    assert joined.response["recovered"]
    await eventually(
        lambda: any(each.is_blocked for each in server.market.subscriptions), "it waits"
    )
    refused = await client.push("market:AAA", "phx_join", {})
    assert refused["status"] == "error"
    assert refused["response"]["retry_after"] >= 1
    assert "as much data as it may" in refused["response"]["reason"]
    await client.close()
    server = await serve(valkey.url, limits=MORE)
    client = await server.client()
    began = time.monotonic()
    joined = await client.join("market:realtime", {"since": since})
    ticks = await joined.count("tick", 6_000)
    assert len({tick["id"] for tick in ticks}) == 6_000
    beyond_kib = len(json.dumps(ticks, separators=(",", ":"))) / 1024 - BURST
    assert time.monotonic() - began > beyond_kib / MORE.quotas.bandwidth.per_s
    await client.close()
