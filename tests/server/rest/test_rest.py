"""The REST API over Redis and an archive, on recorded data: no seam is to be seen."""

from __future__ import annotations

import io
import random
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pyarrow as pa
import pytest
from openapi_spec_validator import validate

from tests.support.cli import TICKFIRE
from tests.support.eventually import eventually
from tests.support.publisher import Publisher, trades
from tests.support.recording import recording, ticks_of_file
from tests.support.server import Serve, Server
from tests.support.valkey import Valkey
from tickfire.archive.pending import Rotation
from tickfire.ingest.archived.dbn import dbn_of
from tickfire.ingest.kernel.bars import file_bars
from tickfire.phoenix import Token
from tickfire.server.access.rules import DEFAULT_SALT, Access
from tickfire.server.rest.openapi import document
from tickfire.store.schema import TICK_TRADE

pytestmark = pytest.mark.timeout(300)  # kernels may have to be compiled

FILE = "lean_20131008_0930_1000_mixed.dbn.zst"
SECRET = "a secret of more than twenty characters"
NS_PER_MS = 1_000_000
TICKS, BARS = "ticks:{1.0}", "bars:{1.0}"
PRICES = ("open", "high", "low", "close")


@pytest.fixture(scope="module")
def recorded(shared: Path) -> Iterator[tuple[Valkey, Path]]:
    """A Valkey into which a file was read."""
    file = shared / "data" / "dbn" / FILE
    valkey = Valkey()
    subprocess.run(
        [*TICKFIRE, "ingest", "--file", str(file), "--redis-url", valkey.url],
        check=True,
        capture_output=True,
    )
    yield valkey, file
    valkey.close()


@pytest.fixture
async def trimmed(
    recorded: tuple[Valkey, Path], tmp_path: Path, serve: Serve
) -> AsyncIterator[tuple[Server, Path, Path]]:
    """A server of data of which Redis holds the last part, and an archive all."""
    valkey, file = recorded
    target = tmp_path / "archive"
    newest = int(valkey.client.xrevrange(TICKS, count=1)[0][0].partition(b"-")[0])
    async with recording(
        valkey.url, str(target), tables=("ticks", "bars"), rotation=Rotation(age_s=0.2)
    ) as recorder:
        held = valkey.client.xlen(BARS)
        await eventually(lambda: recorder.metrics.rows > newest + held, "all is recorded")
    valkey.client.xtrim(TICKS, minid=newest * 2 // 3, approximate=False)
    valkey.client.xtrim(BARS, maxlen=valkey.client.xlen(BARS) // 3, approximate=False)
    yield await serve(valkey.url, archive=str(target)), file, target


async def get(server: Server, path: str, **params: Any) -> httpx.Response:
    async with httpx.AsyncClient(timeout=60) as client:
        return await client.get(f"http://127.0.0.1:{server.port}/v1/{path}", params=params)


async def rows_of(server: Server, path: str, **params: Any) -> list[dict[str, Any]]:
    """Return the rows of all pages, in the order of pages."""
    rows: list[dict[str, Any]] = []
    while True:
        answer = await get(server, path, **params)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        rows = page["rows"] + rows if path == "candles" else rows + page["rows"]
        if page["next"] is None:
            return rows
        params["cursor"] = page["next"]


@pytest.mark.shared_data
@pytest.mark.slow
async def test_candles_and_ticks_have_no_seam(
    trimmed: tuple[Server, Path, Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    server, file, target = trimmed
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    again = dbn_of(target)
    np.testing.assert_array_equal(ticks_of_file(again), ticks_of_file(file))
    assert list(file_bars(again, "1m")) == list(file_bars(file, "1m"))
    choose = random.Random(5)
    expected: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for interval in ("1s", "1m", "5m"):
        for bar in file_bars(file, interval):
            expected.setdefault((bar["symbol"], interval), []).append(bar)
    for _ in range(100):
        symbol, interval = choose.choice(list(expected))
        bars = expected[symbol, interval]
        first, last = sorted(choose.sample(range(len(bars)), 2)) if len(bars) > 1 else (0, 0)
        start, end = bars[first]["ts"] // NS_PER_MS, bars[last]["ts"] // NS_PER_MS + 1
        found = await rows_of(
            server, "candles",
            symbol=symbol, interval=interval, start=start, end=end,
            limit=choose.choice((300, 5000)),
        )  # fmt: skip
        assert [_candle(row) for row in found] == [_bar(bar) for bar in bars[first : last + 1]], (
            symbol, interval, first, last,
        )  # fmt: skip
    await _ticks_have_no_seam(server, file)
    await _older_candles_reach_the_channel(server, expected)


def _candle(row: dict[str, Any]) -> tuple[Any, ...]:
    return row["time"], *(row[p] for p in PRICES), row["volume"], row["trades"], row["vwap"]


def _bar(bar: dict[str, Any]) -> tuple[Any, ...]:
    prices = (bar[p] for p in PRICES)
    return bar["ts"] // NS_PER_MS, *prices, bar["volume"], bar["trades"], bar["vwap"]


async def _ticks_have_no_seam(server: Server, file: Path) -> None:
    ticks = ticks_of_file(file)
    live = server.market.live
    assert live is not None
    listing = live.data.instruments.listings[0]
    own = ticks[(ticks["instrument_id"] == listing.instrument.instrument_id)]
    own = own[own["kind"] == TICK_TRADE]
    start, end = int(own["ts_event"][len(own) // 2]), int(own["ts_event"][-len(own) // 5])
    chosen = own[(own["ts_event"] >= start // NS_PER_MS * NS_PER_MS)]
    chosen = chosen[chosen["ts_event"] < end // NS_PER_MS * NS_PER_MS]
    found = await rows_of(
        server, "ticks", symbol=listing.symbol, kind="trade", limit=5000,
        start=start // NS_PER_MS, end=end // NS_PER_MS,
    )  # fmt: skip
    assert [(int(row["ts_event"]), row["size"]) for row in found] == [
        (int(tick["ts_event"]), int(tick["size"])) for tick in chosen
    ]
    positions = [row["position"] for row in found]
    assert positions == sorted(set(positions))


async def _older_candles_reach_the_channel(
    server: Server, expected: dict[tuple[str, str], list[dict[str, Any]]]
) -> None:
    symbol = next(symbol for symbol, interval in expected if interval == "1s")
    bars = expected[symbol, "1s"]
    client = await server.client()
    joined = await client.join(f"candles:{symbol}:1s", {"limit": 10})
    assert joined.response["more"]
    found = joined.response["candles"]
    while True:
        answer = await joined.push("history", {"before": found[0][0], "limit": 500})
        reply = answer["response"]
        found = reply["candles"] + found
        if not reply["more"]:
            break
    assert [row[0] for row in found] == [bar["ts"] // NS_PER_MS for bar in bars]


async def test_an_id_that_redis_has_trimmed_is_resumed_from_the_archive(
    publisher: Publisher, valkey: Valkey, serve: Serve, tmp_path: Path
) -> None:
    publisher.publish(trades(3000))
    since = publisher.id(100)
    async with recording(valkey.url, str(tmp_path / "archive")) as recorder:
        await eventually(lambda: recorder.metrics.rows >= 3000, "all is recorded")
    publisher.publish(trades(500))
    publisher.trim(2500)
    server = await serve(valkey.url, archive=str(tmp_path / "archive"))
    await server.reaches(publisher)
    client = await server.client()
    joined = await client.join("market:AAA", {"since": since})
    assert joined.response["recovered"], joined.response
    ticks = await joined.count("tick", 3400)
    assert [tick["id"] for tick in ticks] == [publisher.id(n) for n in range(101, 3501)]


async def test_news_and_signals_go_on_in_the_archive(
    publisher: Publisher, valkey: Valkey, serve: Serve, tmp_path: Path
) -> None:
    publisher.publish(trades(10))
    for number in range(30):
        publisher.headline(number)
    async with recording(valkey.url, str(tmp_path / "archive")) as recorder:
        await eventually(lambda: recorder.metrics.rows >= 40, "all is recorded")
    valkey.client.xtrim("news", maxlen=7, approximate=False)
    server = await serve(valkey.url, archive=str(tmp_path / "archive"))
    await server.reaches(publisher)
    found = await rows_of(server, "news", symbol="AAA", limit=4)
    assert [row["id"] for row in found] == [f"h{number}" for number in reversed(range(30))]
    assert await rows_of(server, "news", symbol="BBB") == []
    assert await rows_of(server, "signals", symbol="AAA") == []
    for cursor in ("0-0", f"{2**64}-0"):
        assert (await get(server, "news", cursor=cursor)).status_code == 400
    assert (await get(server, "news", cursor=f"{2**64 - 1}-{2**64 - 1}")).json()["rows"]
    ticks = (await get(server, "ticks", symbol="AAA", cursor=f"1-{2**64 - 1}")).json()
    assert (ticks["rows"], ticks["next"]) == ([], None)


async def test_formats_errors_and_grants(
    publisher: Publisher, valkey: Valkey, serve: Serve
) -> None:
    publisher.publish(trades(100))
    access = Access(secret=SECRET)
    server = await serve(valkey.url, access=access)
    await server.reaches(publisher)
    token = Token(SECRET, DEFAULT_SALT).sign({"sub": "u", "topics": ["candles:AAA:*"]})
    known = {"symbol": "AAA", "interval": "1s", "token": token}
    page = (await get(server, "candles", **known)).json()
    assert len(page["rows"]) == 10
    text = (await get(server, "candles", **known, format="csv")).text.splitlines()
    assert text[0] == "time,open,high,low,close,volume,trades,vwap"
    assert len(text) == 11
    arrow = (await get(server, "candles", **known, format="arrow")).content
    table = pa.ipc.open_stream(io.BytesIO(arrow)).read_all()
    assert table["time"].to_pylist() == [row["time"] for row in page["rows"]]
    for status, params in (
        (401, {"symbol": "AAA"}),
        (403, {"symbol": "BBB", "token": token}),
        (400, {"token": token}),
        (400, {**known, "limit": "0"}),
        (400, {**known, "cursor": "x"}),
        (400, {**known, "start": "tomorrow"}),
        (400, {**known, "colour": "red"}),
        (400, {**known, "kind": "trade"}),
        (400, {**known, "end": "9999999999999"}),
        (400, {**known, "cursor": "99999999999999999999"}),
    ):
        answer = await get(server, "candles", **params)
        assert answer.status_code == status, (params, answer.text)
        assert answer.json()["reason"].endswith(".")
    assert (await get(server, "ticks", symbol="AAA", token=token)).status_code == 403
    limited = Token(SECRET, DEFAULT_SALT).sign({"sub": "v", "rates": {"replays": 0.1}})
    for _ in range(10):
        answer = await get(server, "candles", symbol="AAA", token=limited)
        if answer.status_code != 200:
            break
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) >= 1
    assert (await get(server, "candles", **known)).status_code == 200


async def test_the_description_is_valid(server: Server) -> None:
    answer = await server.get("/openapi.json")
    validate(answer.json())
    assert answer.json() == document()
