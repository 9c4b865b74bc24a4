"""Every record is in the stream once, whatever happens to the connection."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.bars import bar_volumes
from tests.support.dbn import START, shared_files, trades, write_dbn
from tests.support.eventually import eventually
from tests.support.ingest import closed_bars, ingesting, sending
from tests.support.proxy import Fault, faulty_proxy
from tickfire.ingest.dbn.file import open_dbn
from tickfire.ingest.dbn.metadata import Metadata
from tickfire.ingest.gateway.config import GatewayConfig
from tickfire.ingest.gateway.server import serve_gateway
from tickfire.ingest.kernel.parse import Parser
from tickfire.ingest.kernel.state import InstrumentStates
from tickfire.ingest.writer import sessions
from tickfire.store.schema import TICK, TICK_CLEAR, Stream, ticks_key
from tickfire.store.store import Store

FAULTS = ("cut", "half-close", "stall")


def ticks_of_file(path: Path) -> np.ndarray[Any, Any]:
    """Return the ticks of a file that is read without interruption."""
    parser = Parser(InstrumentStates())
    batches = parser.feed(open_dbn(path).read_all())
    return np.concatenate([batch.ticks.copy() for batch in batches])


async def stored_ticks(client: Any) -> np.ndarray[Any, Any]:
    entries = await client.xrange(ticks_key(Stream(1, 0)))
    return np.concatenate(
        [np.zeros(0, TICK), *(np.frombuffer(fields[b"d"], TICK) for _, fields in entries)]
    )


@pytest.mark.parametrize("seed", range(2))
async def test_twenty_faults_of_the_connection_lose_and_repeat_nothing(
    seed: int, client: Any, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "RECONNECT_S", 0.01)
    monkeypatch.setattr(sessions, "RECONNECT_MAX_S", 0.02)
    chance = random.Random(seed)
    path = shared_files("esu4-*.dbn.zst")[0]
    size = len(open_dbn(path).read_all())
    broken = [Fault(chance.choice(FAULTS), chance.randrange(100, size)) for _ in range(20)]
    expected = ticks_of_file(path)
    async with (
        await serve_gateway(GatewayConfig(port=0, file=path, speed=0)) as gateway,
        faulty_proxy((gateway.host, gateway.port), broken) as proxy,
        ingesting(proxy, store) as ingest,
    ):

        async def is_complete() -> bool:
            return proxy.left == 0 and int(ingest.states.positions[0]) >= len(expected)

        await eventually(is_complete, "every tick", timeout_s=60)
        await eventually(lambda: ingest.pipes[0].unacknowledged == 0, "acknowledgements")
    got = await stored_ticks(client)
    assert np.array_equal(got, expected)


async def test_a_bad_time_before_a_cut_costs_no_other_record(
    client: Any, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "RECONNECT_S", 0.01)
    made = trades(120, step=10**8)
    made["ts_event"][10] += 10 * 3600 * 10**9
    made["ts_recv"][10] = made["ts_event"][10]
    data, size = made.tobytes(), made.itemsize
    first = data[: 11 * size]
    async with (
        sending(Metadata("TEST.DATA", None, START), first, first + data[11 * size :]) as feed,
        ingesting(feed, store) as ingest,
    ):
        await eventually(lambda: int(ingest.states.positions[0]) == 119, "the other trades")
        await eventually(lambda: ingest.pipes[0].unacknowledged == 0, "acknowledgements")
    got = await stored_ticks(client)
    assert got["sequence"].tolist() == [n for n in range(120) if n != 10]


@pytest.mark.parametrize("step", [0, 10**8])
async def test_each_round_of_a_loop_is_a_rewind(
    step: int, tmp_path: Path, client: Any, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "RECONNECT_S", 0.01)
    made = trades(40, step=step)
    path = write_dbn(tmp_path / "loop.dbn", made.tobytes())
    config = GatewayConfig(port=0, file=path, speed=0, loop=True)
    async with await serve_gateway(config) as gateway, ingesting(gateway, store) as ingest:
        await eventually(lambda: int(ingest.states.positions[0]) >= 120, "three rounds")
        await eventually(lambda: ingest.pipes[0].unacknowledged == 0, "acknowledgements")
    got = (await stored_ticks(client))[:81]
    assert (got["kind"] == TICK_CLEAR).nonzero()[0].tolist() == [40]
    assert np.array_equal(got["sequence"][:40], got["sequence"][41:])
    volumes = bar_volumes(await closed_bars(client))
    rounds = made["size"].astype(int)[: 40 if step == 0 else 10].sum()
    assert volumes[1, 1, START - START % 10**9] == rounds
