"""Inference and its topics over a Cluster: each stream and what belongs to it share a node."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import redis

from tests.eventually import eventually
from tests.server.conftest import Serve
from tests.server.publisher import DAY, SECOND, Publisher, trades
from tests.server.valkey import Valkey
from tickfire.ingest.redis.connect import connect
from tickfire.models.infer import service
from tickfire.models.infer.service import Infer, InferConfig
from tickfire.models.infer.stream_model import Rows, StreamModel
from tickfire.models.records import Signal

SLOTS = 16384


class Entries(StreamModel):
    """A signal for each entry of ticks."""

    name = "entries"
    wants_ticks = True

    def on_ticks(self, shard: int, first: int, ticks: Rows) -> Sequence[Signal]:
        return [self.signal("anomaly", "S1", int(ticks["ts_event"][0]), {"shard": shard}, first)]


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


async def test_models_run_on_a_cluster(
    nodes: list[Valkey], serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    def is_whole() -> bool:
        states: list[Any] = [node.client.execute_command("CLUSTER", "INFO") for node in nodes]
        return all("cluster_state:ok" in str(state) for state in states)

    await eventually(is_whole, "the Cluster is whole")
    client = redis.RedisCluster(host="127.0.0.1", port=nodes[0].port)
    publisher = Publisher(client, shards=4)  # type: ignore[arg-type]
    publisher.instruments({key: f"S{key}" for key in range(1, 9)})
    server = await serve(nodes[1].url)
    phoenix = await server.client()
    news = await phoenix.join("news:headlines")
    signals = await phoenix.join("signals:all")
    monkeypatch.setattr(service, "stream_model", lambda name: Entries)
    reader = await connect(nodes[0].url)
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
        await reader.aclose()
        client.close()
