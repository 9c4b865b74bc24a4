"""The market on a Cluster of two nodes, with its keys spread over both."""

from __future__ import annotations

import redis

from tests.support.eventually import eventually
from tests.support.publisher import Publisher, trades
from tests.support.server import Serve
from tests.support.valkey import Valkey


async def test_the_market_runs_on_a_cluster(nodes: list[Valkey], serve: Serve) -> None:
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
    start = publisher.id(0, 0, 0, 0)
    again = await phoenix.join("market:realtime", {"since": start})
    assert again.response["recovered"] is True
    await again.until(lambda joined: len(joined.of("tick")) >= 160)
    assert candles.status == "ok"
    client.close()
