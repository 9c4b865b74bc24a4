"""Feeds by adapter, from the command line to Redis."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from click.testing import CliRunner

from tests.support.binance import trade_message, trading
from tests.support.cli import TICKFIRE, run
from tests.support.dbn import START, rows, trades, write_dbn
from tests.support.eventually import TIMEOUT_S, eventually
from tests.support.ingest import ingesting_from, sending
from tests.support.paths import ROOT
from tickfire.base.errors import UserError
from tickfire.base.process import death_signal
from tickfire.ingest.binance.adapter import BinanceAdapter
from tickfire.ingest.cli import ingest
from tickfire.ingest.dbn.layout import RTYPE_OHLCV_1M
from tickfire.ingest.dbn.metadata import Metadata
from tickfire.ingest.redis.server import EmbeddedRedis
from tickfire.store.entries import all_bars_of
from tickfire.store.epoch import instruments_of
from tickfire.store.schema import (
    HEALTH_KEY,
    TICK,
    TICK_TRADE,
    Beat,
    Stream,
    bars_key,
    ingest_process,
    ticks_key,
)
from tickfire.store.store import Store

EXAMPLES = ROOT / "docs" / "examples"


async def traded(client: Any, feed: int = 1) -> np.ndarray[Any, Any]:
    """Return the trades of a feed."""
    entries = await client.xrange(ticks_key(Stream(feed, 0)))
    pieces = [np.frombuffer(fields[b"d"], TICK) for _, fields in entries]
    ticks: np.ndarray[Any, Any] = np.concatenate([np.zeros(0, TICK), *pieces])
    taken: np.ndarray[Any, Any] = ticks[ticks["kind"] == TICK_TRADE]
    return taken


@asynccontextmanager
async def command(valkey: EmbeddedRedis, *options: str, cwd: Path = ROOT) -> AsyncIterator[None]:
    """Run `tickfire ingest`."""
    url = f"redis://127.0.0.1:{valkey.options.port}/0"
    process = await asyncio.create_subprocess_exec(
        *TICKFIRE, "ingest", *options, "--redis-url", url,
        cwd=cwd, preexec_fn=death_signal(), stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield
    finally:
        process.terminate()
        async with asyncio.timeout(TIMEOUT_S):
            await process.wait()


# --- the example of the docs
class LineFeed:
    """A feed for the example: it sends lines to whoever asks."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.lines: list[bytes] = []
        self._writers: list[asyncio.StreamWriter] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.asked.append(json.loads(await reader.readline()))
        self._writers.append(writer)
        writer.writelines(self.lines)
        await writer.drain()

    def send(self, number: int) -> None:
        line = {"symbol": "AAA", "id": number, "price": "10.25", "size": 3, "ns": START + number}
        self.lines.append(json.dumps(line).encode() + b"\n")
        if self._writers:
            self._writers[-1].write(self.lines[-1])

    def cut(self) -> None:
        for writer in self._writers:
            writer.close()


async def test_the_example_of_the_docs_runs_and_resumes(valkey: EmbeddedRedis, client: Any) -> None:
    feed = LineFeed()
    server = await asyncio.start_server(feed.serve, "127.0.0.1", 0)
    address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    options = ("--adapter", "feed_adapter:LinesAdapter", "--url", address, "--symbols", "AAA,BBB")

    async def has(count: int) -> bool:
        return len(await traded(client)) == count

    for number in range(1, 6):
        feed.send(number)
    async with command(valkey, *options, cwd=EXAMPLES):
        await eventually(lambda: has(5), "five trades", timeout_s=60)
        feed.cut()
        await eventually(lambda: len(feed.asked) == 2, "another session")
        feed.send(6)
        await eventually(lambda: has(6), "a sixth trade")
    feed.cut()
    server.close()
    assert (await traded(client))["sequence"].tolist() == [1, 2, 3, 4, 5, 6]
    assert feed.asked[0]["symbols"] == ["AAA", "BBB"]
    table = instruments_of(await client.hvals("instruments"))
    assert {row.symbol for row in table} == {"AAA", "BBB"}


def test_the_guide_shows_the_example_that_runs() -> None:
    code = (EXAMPLES / "feed_adapter.py").read_text()
    assert code.count("\n") <= 60
    assert f"```python\n{code}```\n" in (ROOT / "docs" / "feeds.md").read_text()


# --- files
async def test_a_file_is_read_at_once_and_a_second_time_writes_nothing(
    valkey: EmbeddedRedis, client: Any, tmp_path: Path
) -> None:
    data = trades(500, step=10**9 // 2)
    file = write_dbn(tmp_path / "day.dbn.zst", data.tobytes(), frames=2)
    url = f"redis://127.0.0.1:{valkey.options.port}/0"
    for _ in range(2):
        done = await asyncio.to_thread(run, "ingest", "--file", str(file), "--redis-url", url)
        assert done.returncode == 0, done.stderr
        assert "is read to its end" in done.stderr
        assert np.array_equal((await traded(client))["sequence"], data["sequence"])
        bars = all_bars_of(await client.xrange(bars_key(Stream(1, 0))))
        for interval in (1, 60):
            own = bars[bars["interval_s"] == interval]
            assert int(own["volume"].sum()) == int(data["size"].sum())
    last = msgspec.msgpack.decode(await client.hget(HEALTH_KEY, ingest_process(1)), type=Beat)
    assert last.feed is not None and last.feed.ended


async def test_a_file_of_bars_is_read_as_a_feed_of_its_own(
    valkey: EmbeddedRedis, client: Any, tmp_path: Path
) -> None:
    bars = rows(RTYPE_OHLCV_1M, 30, instrument_id=1, open=5, high=9, low=3, close=6, volume=7)
    bars["ts_event"] = START // 60_000_000_000 * 60_000_000_000 + np.arange(30) * 60_000_000_000
    one = write_dbn(tmp_path / "one.dbn", trades(3).tobytes())
    two = write_dbn(tmp_path / "two.dbn", bars.tobytes(), Metadata("TWO", "ohlcv-1m", START))
    url = f"redis://127.0.0.1:{valkey.options.port}/0"
    files = ("--file", str(one), "--file", str(two))
    done = await asyncio.to_thread(run, "ingest", *files, "--feed", "4", "--redis-url", url)
    assert done.returncode == 0, done.stderr
    assert len(await traded(client, 4)) == 3
    found = all_bars_of(await client.xrange(bars_key(Stream(5, 0))))
    assert found["volume"].tolist() == [7] * 30


# --- several datasets
async def test_several_datasets_are_feeds_of_one_process(
    valkey: EmbeddedRedis, client: Any
) -> None:
    metadata = [Metadata(name, None, START) for name in ("ONE.DATA", "TWO.DATA")]
    async with (
        sending(metadata[0], trades(40).tobytes()) as one,
        sending(metadata[1], trades(70, instrument_id=2).tobytes()) as two,
    ):
        options = [
            part
            for name, feed in (("ONE.DATA", one), ("TWO.DATA", two))
            for part in ("--dataset", name, "--gateway", f"{feed.host}:{feed.port}")
        ]
        key = ("--key", "db-0123456789abcdef0123456789abcdef")
        async with command(valkey, *options, *key, "--symbols", "AAA"):

            async def all_there() -> bool:
                return [len(await traded(client, feed)) for feed in (1, 2)] == [40, 70]

            await eventually(all_there, "both feeds", timeout_s=60)


# --- Binance
async def test_trades_of_binance_are_in_redis_once_and_holes_are_published(
    store: Store, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with trading() as exchange:
        url = f"127.0.0.1:{exchange.port}"
        adapter = BinanceAdapter(["BTCUSDT"], url=f"ws://{url}", rest_url=f"http://{url}")
        async with ingesting_from(adapter, store):
            await exchange.next_client()
            await exchange.send(*map(trade_message, (5, 6, 7)))
            await eventually(lambda: has_trades(client, 3), "three trades")
            await exchange.hang_up()
            await exchange.next_client()
            await exchange.send(*map(trade_message, (7, 8, 12)))
            await eventually(lambda: has_trades(client, 5), "five trades")
    assert (await traded(client))["sequence"].tolist() == [5, 6, 7, 8, 12]
    status = b"".join(fields[b"d"] for _, fields in await client.xrange("status"))
    assert b"trades 9 to 11 of BTCUSDT are missing" in status


async def has_trades(client: Any, count: int) -> bool:
    return len(await traded(client)) == count


# --- mistakes
@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--adapter", "nosuch"), "there is no adapter 'nosuch'; choose databento, file, binance"),
        (("--adapter", "nosuch:make"), "--adapter=nosuch:make cannot be loaded"),
        (("--adapter", "json:__doc__"), "--adapter=json:__doc__ is not callable"),
        (("--adapter", "file"), "there is no file; give --file PATH"),
        (("--adapter", "binance"), "there are no symbols; give --symbols"),
        (("--file", "/nowhere.dbn"), "/nowhere.dbn does not exist"),
        (("--key", "k", "--feed", "255", "--dataset", "A", "--dataset", "B"), "no numbers for 2"),
        (("--key", "k", "--history", "2d"), "--history needs the symbols"),
        (("--key", "k", "--symbols", "A", "--history", "soon"), "'soon' is not a duration"),
        ((), "there is no API key; give --key or set DATABENTO_API_KEY"),
    ],
)
def test_a_mistake_is_told_in_one_sentence(options: tuple[str, ...], words: str) -> None:
    result = CliRunner().invoke(ingest, options, env={"DATABENTO_API_KEY": None})
    assert isinstance(result.exception, UserError)
    assert words in str(result.exception)
