"""A Cluster of two nodes: shards, table, news and status lie on both."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from tests.eventually import eventually
from tests.server.conftest import Serve
from tests.server.publisher import Publisher, trades
from tests.server.valkey import Valkey
from tickfire.server.market.ids import Place

SLOTS = 16384


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[list[Valkey]]:
    """Two nodes that have met, with half of the slots each."""
    found = [
        Valkey("--cluster-enabled", "yes", "--dir", str(tmp_path), "--cluster-config-file", name)
        for name in ("a.conf", "b.conf")
    ]
    half = SLOTS // 2
    found[0].client.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, half - 1)
    found[1].client.execute_command("CLUSTER", "ADDSLOTSRANGE", half, SLOTS - 1)
    found[0].client.execute_command("CLUSTER", "MEET", "127.0.0.1", found[1].port)
    yield found
    for node in found:
        node.close()


async def test_the_market_runs_on_a_cluster(nodes: list[Valkey], serve: Serve) -> None:
    def is_whole() -> bool:
        states: list[Any] = [node.client.execute_command("CLUSTER", "INFO") for node in nodes]
        return all("cluster_state:ok" in str(state) for state in states)

    await eventually(is_whole, "the Cluster is whole")
    client = redis.RedisCluster(host="127.0.0.1", port=nodes[0].port)
    publisher = Publisher(client, shards=4)  # type: ignore[arg-type]
    publisher.instruments({key: f"S{key}" for key in range(1, 9)})
    server = await serve(nodes[1].url)
    phoenix = await server.client()
    realtime = await phoenix.join("market:realtime")
    candles = await phoenix.join("candles:S1:1m")
    rows = trades(80)
    rows["instrument_id"] = 1 + rows["size"] % 8
    publisher.publish(rows, entry_size=10)
    publisher.headline(1)
    await realtime.count("tick", 80)
    await eventually(lambda: len(server.market.news.latest) == 1, "the headline is read")
    start = str(Place(publisher.epoch, (0, 0, 0, 0)))
    again = await phoenix.join("market:realtime", {"since": start})
    assert again.response["recovered"] is True
    await again.until(lambda joined: len(joined.of("tick")) >= 160)
    assert candles.status == "ok"
    client.close()
