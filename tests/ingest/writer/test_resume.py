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
from tests.support.gateway import MS, records_of
from tests.support.ingest import closed_bars, ingesting, sending
from tests.support.livegateway import LiveGateway
from tests.support.proxy import Fault
from tests.support.resume import FAULTS, check_live, check_recording, stored_ticks
from tickfire.ingest.dbn.file import open_dbn
from tickfire.ingest.dbn.layout import SIZE_MBP_1
from tickfire.ingest.dbn.metadata import Metadata
from tickfire.ingest.gateway.config import GatewayConfig
from tickfire.ingest.gateway.server import serve_gateway
from tickfire.store.schema import TICK_CLEAR
from tickfire.store.store import Store

pytestmark = pytest.mark.usefixtures("reconnect_at_once")


@pytest.mark.parametrize("seed", range(2))
async def test_twenty_faults_of_the_connection_lose_and_repeat_nothing(
    seed: int, client: Any, store: Store
) -> None:
    chance = random.Random(seed)
    path = shared_files("esu4-*.dbn.zst")[0]
    size = len(open_dbn(path).read_all())
    broken = [Fault(chance.choice(FAULTS), chance.randrange(100, size)) for _ in range(20)]
    await check_recording(path, broken, client, store)


async def test_a_cut_anywhere_in_a_stretch_loses_and_repeats_nothing(
    tmp_path: Path, client: Any, store: Store
) -> None:
    source = open_dbn(shared_files("esu4-*.dbn.zst")[0])
    data = bytes(source.read_all())[: 60 * SIZE_MBP_1]
    path = write_dbn(tmp_path / "stretch.dbn", data, source.metadata)
    steps = range(300, len(path.read_bytes()), SIZE_MBP_1 // 2)
    await check_recording(path, [Fault("cut", after) for after in steps], client, store)


def floored(data: bytes) -> bytes:
    """Return records whose event times are rounded down to a millisecond."""
    records = [bytearray(record) for record in records_of(data)]
    for record in records:
        ts = int.from_bytes(record[8:16], "little")
        record[8:16] = (ts - ts % MS).to_bytes(8, "little")
    return b"".join(records)


@pytest.mark.parametrize("seed", range(2))
async def test_times_of_a_millisecond_are_enough(
    seed: int, tmp_path: Path, client: Any, store: Store
) -> None:
    chance = random.Random(seed)
    source = open_dbn(shared_files("lean_20131008_0930_1000_mixed.dbn.zst")[0])
    data = floored(bytes(source.read_all())[: 1 << 20])
    records = records_of(data)
    path = write_dbn(tmp_path / "floored.dbn", b"".join(records), source.metadata)
    faults = [Fault(chance.choice(FAULTS), chance.randrange(1 << 20)) for _ in range(20)]
    await check_recording(path, faults, client, store)
    live = [("half-close", 50)] + [
        (chance.choice(FAULTS), chance.randrange(900)) for _ in range(20)
    ]
    gateway = LiveGateway(source.metadata, b"", records, [("half-close", 50), *live])
    await check_live(gateway, client, store, feed=2)


async def test_a_bad_time_before_a_cut_costs_no_other_record(client: Any, store: Store) -> None:
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
@pytest.mark.parametrize("version", [1, 3])
@pytest.mark.parametrize("name", ["loop.dbn", f"{'long' * 60}.dbn"])
async def test_each_round_of_a_loop_is_a_rewind(
    step: int, version: int, name: str, tmp_path: Path, client: Any, store: Store
) -> None:
    made = trades(40, step=step)
    metadata = Metadata("TEST", "trades", START, version=version)
    path = write_dbn(tmp_path / name, made.tobytes(), metadata)
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
