"""Cursors of every kind of source: schemas, publishers, files in any order, restarts and loops."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.bars import bar_volumes
from tests.support.dbn import START, rows, shared_files, trades, write_dbn
from tests.support.eventually import eventually
from tests.support.gateway import MS, S
from tests.support.ingest import closed_bars, ingesting, until_records
from tests.support.livegateway import LiveGateway
from tests.support.proxy import Fault
from tests.support.resume import check_live, check_recording, parsed, seen_by, stored_ticks
from tickfire.base.ports import free_port
from tickfire.ingest.dbn.enums import SCHEMA_RTYPES
from tickfire.ingest.dbn.file import open_dbn
from tickfire.ingest.dbn.layout import RTYPE_MBP_1, RTYPE_STATISTICS
from tickfire.ingest.dbn.metadata import Metadata
from tickfire.ingest.gateway.config import GatewayConfig
from tickfire.ingest.gateway.server import serve_gateway
from tickfire.store.schema import TICK_CLEAR
from tickfire.store.store import Store

pytestmark = pytest.mark.usefixtures("reconnect_at_once")

META = Metadata("TEST.DATA", None, START)


def files_by_schema() -> dict[str, Path]:
    """Return a recorded file of each schema."""
    paths = shared_files("datasets/*/test_data.*.dbn.zst", "versions/test_data.*.dbn*")
    named = {path.name.split(".")[1]: path for path in reversed(paths) if "frag" not in path.name}
    return {schema: named[schema] for schema in SCHEMA_RTYPES if schema in named}


async def test_every_schema_may_be_cut_anywhere(client: Any, store: Store) -> None:
    chance = random.Random(1)
    files = files_by_schema()
    assert len(files) > 15

    async def check(feed: int, path: Path) -> None:
        file = open_dbn(path)
        end = len(file.metadata.encode()) + len(file.read_all())
        faults = [Fault("cut", chance.randrange(end // 2, end)) for _ in range(6)]
        await check_recording(path, faults, client, store, feed=feed)

    await asyncio.gather(*(check(n, path) for n, path in enumerate(files.values(), 1)))


@pytest.mark.parametrize("is_live", [False, True])
async def test_publishers_of_one_instrument_at_one_time(
    is_live: bool, tmp_path: Path, client: Any, store: Store
) -> None:
    times = START + np.arange(400) // 7 * 10 * MS
    made = [
        trades(400), rows(RTYPE_MBP_1, 400, instrument_id=1, bid_px_00=5 * S, ask_px_00=7 * S)
    ]  # fmt: skip
    for each in made:
        each["ts_event"] = times
        each["ts_recv"] = times + 5
        each["publisher_id"] = 1 + np.arange(400) % 3
    made[1]["bid_sz_00"] = np.arange(400)
    records = [one.tobytes() for pair in zip(*made, strict=True) for one in pair]
    if is_live:
        gateway = LiveGateway(META, b"", records, [("half-close", 9), *[("cut", 17)] * 20])
        return await check_live(gateway, client, store)
    path = write_dbn(tmp_path / "x.dbn", b"".join(records), META)
    faults = [Fault("cut", after) for after in range(2000, 40_000, 1_900)]
    return await check_recording(path, faults, client, store)


@pytest.mark.parametrize(
    ("schema", "step"), [("trades", S), ("trades", 600 * S), ("ohlcv-1d", 86_400 * S)]
)
async def test_a_file_may_hold_one_instrument_after_another(
    schema: str, step: int, tmp_path: Path, client: Any, store: Store
) -> None:
    made = trades(40) if schema == "trades" else rows(SCHEMA_RTYPES[schema], 40, close=S)
    made["ts_event"] = START + np.arange(40) * step
    if schema == "trades":
        made["ts_recv"] = made["ts_event"]
    data = b""
    for number in (3, 1, 2):
        made["instrument_id"] = number
        data += made.tobytes()
    path = write_dbn(tmp_path / "x.dbn", data, META)
    faults = [Fault("cut", after) for after in range(600, len(data), 470)]
    await check_recording(path, faults, client, store, schemas=(schema,))


@pytest.mark.parametrize(
    ("schema", "interval_s"), [("ohlcv-1s", 1), ("ohlcv-1m", 60), ("ohlcv-1d", 86_400)]
)
@pytest.mark.parametrize("count", [1, 5])
async def test_bars_of_a_loop_do_not_add_up(
    schema: str, interval_s: int, count: int, tmp_path: Path, client: Any, store: Store
) -> None:
    rtype = SCHEMA_RTYPES[schema]
    bars = rows(rtype, count, instrument_id=1, open=S, high=S, low=S, close=S, volume=10)
    bars["ts_event"] = START - START % (86_400 * S) + np.arange(count) * interval_s * S
    path = write_dbn(tmp_path / "x.dbn", bars.tobytes(), META)
    config = GatewayConfig(port=0, file=path, speed=0, loop=True, gate_s=0.0)
    async with (
        await serve_gateway(config) as gateway,
        ingesting(gateway, store, schemas=(schema,)) as ingest,
    ):
        await until_records(ingest, 4 * (count + 2))
        await eventually(lambda: ingest.pipes[0].unacknowledged == 0, "acknowledgements")
    volumes = bar_volumes(await closed_bars(client))
    own = {start: volume for (_, span, start), volume in volumes.items() if span == interval_s}
    assert set(own.values()) == {10}
    assert len(own) <= count


async def test_quotes_of_a_loop_begin_with_a_clear(
    tmp_path: Path, client: Any, store: Store
) -> None:
    quotes = rows(RTYPE_MBP_1, 20, instrument_id=1, bid_px_00=5 * S, ask_px_00=7 * S)
    quotes["ts_event"] = quotes["ts_recv"] = START
    quotes["bid_sz_00"] = 1 + np.arange(20)
    path = write_dbn(tmp_path / "x.dbn", quotes.tobytes(), META)
    config = GatewayConfig(port=0, file=path, speed=0, loop=True, gate_s=0.0)
    async with await serve_gateway(config) as gateway, ingesting(gateway, store) as ingest:
        await eventually(lambda: int(ingest.states.positions[0]) >= 70, "three rounds")
        await eventually(lambda: ingest.pipes[0].unacknowledged == 0, "acknowledgements")
    got = (await stored_ticks(client))[:66]
    assert (got["kind"] == TICK_CLEAR).nonzero()[0].tolist() == [21, 43, 65]
    assert np.array_equal(got["size"][:21], got["size"][22:43])


async def test_another_file_at_the_gateway_begins_anew(
    tmp_path: Path, client: Any, store: Store
) -> None:
    first = write_dbn(tmp_path / "first.dbn", trades(30).tobytes(), META)
    other = write_dbn(tmp_path / "other.dbn", trades(50, start=START - 3600 * S).tobytes(), META)
    gateway = await serve_gateway(GatewayConfig(port=free_port(), file=first, speed=0))
    async with ingesting(gateway, store) as ingest:
        async with gateway:
            await eventually(lambda: int(ingest.states.positions[0]) == 30, "the first file")
        config = GatewayConfig(port=gateway.port, file=other, speed=0)
        async with await serve_gateway(config):
            await eventually(lambda: int(ingest.states.positions[0]) >= 81, "the other file")
            await eventually(lambda: ingest.pipes[0].unacknowledged == 0, "acknowledgements")
            assert seen_by(ingest) == parsed(other.read_bytes()[-50 * 48 :])[1]
    got = await stored_ticks(client)
    assert (got["kind"] == TICK_CLEAR).nonzero()[0].tolist() == [30]
    assert got["sequence"][31:].tolist() == [*range(50)]


async def test_a_restart_repeats_no_report(tmp_path: Path, client: Any, store: Store) -> None:
    made = rows(RTYPE_STATISTICS, 60, instrument_id=1, stat_type=1 + np.arange(60) % 3)
    made["ts_event"] = made["ts_recv"] = START + np.arange(60) * MS
    path = write_dbn(tmp_path / "x.dbn", made.tobytes(), META)
    async with await serve_gateway(GatewayConfig(port=0, file=path, speed=0)) as gateway:
        for _ in range(3):
            async with ingesting(gateway, store, schemas=("statistics",)) as ingest:

                async def are_written(ingest: Any = ingest) -> bool:
                    return await client.xlen("stats:{1}") >= 60 and not ingest.reports.unwritten

                await eventually(are_written, "the reports")
                await eventually(lambda: seen_by(ingest).total() == 60, "their repeats")
    assert await client.xlen("stats:{1}") == 60
