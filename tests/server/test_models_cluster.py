"""Inference and its topics on a Cluster: a stream and its related keys share a node."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
import redis

from tests.support.eventually import eventually
from tests.support.publisher import DAY, SECOND, Publisher, trades
from tests.support.server import Serve
from tests.support.valkey import Valkey
from tickfire.models.infer import service
from tickfire.models.infer.service import Infer, InferConfig
from tickfire.models.infer.stream_model import StreamModel
from tickfire.models.records import Signal
from tickfire.store.schema import Rows
from tickfire.store.store import Store


class Entries(StreamModel):
    """Model that emits a signal for each entry of ticks."""

    name = "entries"
    wants_ticks = True

    def on_ticks(self, shard: int, first: int, ticks: Rows) -> Sequence[Signal]:
        return [self.signal("anomaly", "S1", int(ticks["ts_event"][0]), {"shard": shard}, first)]


async def test_models_run_on_a_cluster(
    nodes: list[Valkey], serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = redis.RedisCluster(host="127.0.0.1", port=nodes[0].port)
    publisher = Publisher(client, shards=4)  # type: ignore[arg-type]
    publisher.instruments({key: f"S{key}" for key in range(1, 9)})
    server = await serve(nodes[1].url)
    phoenix = await server.client()
    news = await phoenix.join("news:headlines")
    signals = await phoenix.join("signals:all")
    monkeypatch.setattr(service, "stream_model", lambda name: Entries)
    reader = await Store.open(nodes[0].url)
    task = asyncio.create_task(Infer(InferConfig(models=("entries",)), reader).run())
    try:
        publisher.headline(1)
        await news.until(
            lambda joined: any(line["sentiment"] is not None for line in joined.of("headline"))
        )
        await eventually(lambda: client.hlen("{signals}:positions") == 4, "all shards are followed")
        rows = trades(80, start=DAY + SECOND)
        rows["instrument_id"] = 1 + rows["size"] % 8
        publisher.publish(rows, entry_size=80)
        used = sum(position > 0 for position in publisher.positions)
        found = await signals.count("anomaly", used)
        assert len({one["shard"] for one in found}) == used > 1
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await reader.close()
        client.close()
