"""The REST API over Redis and an archive, on recorded data: no seam is to be seen."""

from __future__ import annotations

import asyncio
import io
import json
import random
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import numpy as np
import pyarrow as pa
import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from openapi_spec_validator import validate
from websockets.asyncio.client import connect

from tests.support.cli import TICKFIRE
from tests.support.eventually import eventually
from tests.support.http import http_client
from tests.support.publisher import DAY, SECOND, Publisher, mixed, trades
from tests.support.recording import has_all, recording, ticks_of_file
from tests.support.server import Serve, Server
from tests.support.valkey import Valkey
from tickfire.archive.pending import Rotation
from tickfire.ingest.archived.dbn import dbn_of
from tickfire.ingest.kernel.bars import file_bars
from tickfire.models.records import Signal
from tickfire.phoenix import Token
from tickfire.server.access.rules import DEFAULT_SALT, Access
from tickfire.server.rest import columns
from tickfire.server.rest.openapi import COLUMNS, document
from tickfire.server.rest.page import CHUNK_ROWS, Page, encode
from tickfire.store.history import History
from tickfire.store.schema import SIGNALS_KEY, TICK_TRADE

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
        await eventually(lambda: has_all(recorder, valkey.client), "all is recorded")
    valkey.client.xtrim(TICKS, minid=newest * 2 // 3, approximate=False)
    valkey.client.xtrim(BARS, maxlen=valkey.client.xlen(BARS) // 3, approximate=False)
    yield await serve(valkey.url, archive=str(target)), file, target


async def get(server: Server, path: str, **params: Any) -> httpx.Response:
    async with http_client(timeout=60) as client:
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
        await eventually(lambda: has_all(recorder, valkey.client), "all is recorded")
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
    assert await rows_of(server, "news", symbol=f"{publisher.feed}/AAA", limit=7) == found
    assert await rows_of(server, "news", symbol="BBB") == []
    assert await rows_of(server, "signals", symbol="AAA") == []
    for cursor in ("0-0", f"{2**64}-0"):
        assert (await get(server, "news", cursor=cursor)).status_code == 400
    assert (await get(server, "news", cursor=f"{2**64 - 1}-{2**64 - 1}")).json()["rows"]
    epoch = int.from_bytes(publisher.epoch)
    ticks = (await get(server, "ticks", symbol="AAA", cursor=f"{epoch}-{2**64 - 1}")).json()
    assert (ticks["rows"], ticks["next"]) == ([], None)


async def test_a_signal_that_was_made_again_is_listed_once(
    publisher: Publisher, valkey: Valkey, serve: Serve, tmp_path: Path
) -> None:
    """Redis has begun to forget what was written again, and the files have it from before."""

    def say(*names: str) -> None:
        for at, name in enumerate(names):
            signal = Signal("signal", "AAA", DAY + at, {}, "m/1", 1, id=name)
            valkey.client.xadd(SIGNALS_KEY, {"d": msgspec.msgpack.encode(signal)})

    publisher.publish(trades(10))
    say("a", "b", "c")
    async with recording(valkey.url, str(tmp_path / "archive"), tables=("signals",)) as recorder:
        await eventually(lambda: recorder.metrics.rows >= 3, "all is recorded")
        valkey.client.delete(SIGNALS_KEY)
        say("a", "b", "c", "d")
        valkey.client.xtrim(SIGNALS_KEY, maxlen=3, approximate=False)
        await eventually(lambda: recorder.metrics.rows >= 4, "the other signal is recorded")
    server = await serve(valkey.url, archive=str(tmp_path / "archive"))
    await server.reaches(publisher)
    for limit in (1, 2, 3, 10):
        found = await rows_of(server, "signals", symbol="AAA", limit=limit)
        assert [row["id"] for row in found] == ["d", "c", "b", "a"]


async def test_formats_errors_and_grants(
    publisher: Publisher, valkey: Valkey, serve: Serve
) -> None:
    publisher.publish(trades(100))
    access = Access(secret=SECRET)
    server = await serve(valkey.url, access=access)
    await server.reaches(publisher)
    token = Token(SECRET, DEFAULT_SALT).sign({"sub": "u", "topics": ["candles:AAA:*"]})
    every = Token(SECRET, DEFAULT_SALT).sign({"sub": "w"})
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
        (404, {**known, "symbol": "CCC", "token": every}),
    ):
        answer = await get(server, "candles", **params)
        assert answer.status_code == status, (params, answer.text)
        assert answer.json()["reason"].endswith(".")
    assert (await get(server, "ticks", symbol="AAA", token=token)).status_code == 403
    assert (await get(server, "candles", **known)).status_code == 200


async def test_a_key_has_one_quota_for_requests_and_sockets(
    publisher: Publisher, valkey: Valkey, serve: Serve
) -> None:
    publisher.publish(trades(3000))
    server = await serve(valkey.url, access=Access(secret=SECRET))
    await server.reaches(publisher)
    signer = Token(SECRET, DEFAULT_SALT)
    few = signer.sign({"sub": "few", "rates": {"replays": 0.01}})
    assert (await join(server, few, since=publisher.id(2999)))["status"] == "ok"
    answer = await get(server, "candles", symbol="AAA", token=few)
    assert answer.status_code == 429
    assert answer.json()["reason"] == "too many requests for history."
    assert 90 <= int(answer.headers["retry-after"]) <= 100
    slow = signer.sign({"sub": "slow", "rates": {"bandwidth": 8}})
    page = await get(server, "ticks", symbol="AAA", token=slow, limit=3000)
    assert len(page.content) > 150 * 1024
    answer = await get(server, "ticks", symbol="AAA", token=slow)
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) >= 5
    assert (await join(server, slow))["response"]["retry_after"] >= 1


async def join(server: Server, token: str, **payload: Any) -> Any:
    """Join market:AAA on a connection with a token; return the reply."""
    url = f"{server.socket}/websocket?vsn=2.0.0&token={token}"
    async with connect(url, compression=None) as socket:
        await socket.send(json.dumps(["1", "1", "market:AAA", "phx_join", payload]))
        return json.loads(await socket.recv())[4]


async def test_paging_ends_while_ticks_come_across_the_seam(
    publisher: Publisher, valkey: Valkey, serve: Serve, tmp_path: Path
) -> None:
    publisher.publish(mixed(2000))
    async with recording(valkey.url, str(tmp_path / "archive")) as recorder:
        await eventually(lambda: has_all(recorder, valkey.client), "all is recorded")
    publisher.trim(3000)
    server = await serve(valkey.url, archive=str(tmp_path / "archive"))
    await server.reaches(publisher)
    found, params = list[int](), {"symbol": "AAA", "limit": 450}
    while True:
        page = (await get(server, "ticks", **params)).json()
        found += [row["position"] for row in page["rows"]]
        if page["next"] is None:
            break
        if len(found) < 4000:
            publisher.publish(mixed(100, start=DAY + 1000 * SECOND))
            await server.reaches(publisher)
        params["cursor"] = page["next"]
    assert found == [p for p in range(1, publisher.positions[0] + 1) if (p - 1) // 2 % 2 == 0]


async def test_a_time_is_found_without_reading_what_is_before_it(
    publisher: Publisher, valkey: Valkey, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    publisher.publish(trades(20_000, step=SECOND))
    server = await serve(valkey.url)
    await server.reaches(publisher)
    reads = []
    ticks_after = History.ticks_after

    async def counted(self: History, position: int, count: int = 256) -> Any:
        reads.append(count)
        return await ticks_after(self, position, count)

    monkeypatch.setattr(History, "ticks_after", counted)
    start = (DAY + 15_000 * SECOND) // NS_PER_MS
    answer = await get(server, "ticks", symbol="AAA", start=start, end=start + 3000)
    page = answer.json()
    assert [row["position"] for row in page["rows"]] == [15_001, 15_002, 15_003]
    assert page["next"] is None
    assert sum(reads) < 72 < 20_000 // 256
    publisher.clear_all()
    publisher.publish(trades(600, step=SECOND))  # the feed goes back in time
    await server.reaches(publisher)
    assert server.market.live is not None
    index = server.market.live.data.bar_indexes[publisher.stream(0)]
    await eventually(lambda: index.has_rewinds, "its bars go back")
    start = DAY // NS_PER_MS
    rows = await rows_of(server, "ticks", symbol="AAA", kind="trade", start=start, end=start + 2000)
    assert [row["position"] for row in rows] == [1, 2, 20_002, 20_003]


async def test_pages_of_all_formats_say_the_same_and_concatenate(
    publisher: Publisher, valkey: Valkey, serve: Serve
) -> None:
    publisher.publish(mixed(500))
    for number in range(3):
        publisher.headline(number)
    server = await serve(valkey.url)
    await server.reaches(publisher)
    for path in ("candles", "ticks", "news", "signals"):
        params = {} if path == "news" else {"symbol": "AAA"}
        pages = {
            form: await get(server, path, **params, format=form, limit=2)
            for form in ("json", "csv", "arrow")
        }
        rows = pages["json"].json()["rows"]
        table = pa.ipc.open_stream(io.BytesIO(pages["arrow"].content)).read_all()
        names = [column.name for column in COLUMNS[f"/v1/{path}"]]
        assert pages["csv"].text.splitlines()[0] == ",".join(names) == ",".join(table.column_names)
        assert [str(t) for t in table.schema.types] == [
            {"list<string>": "list<item: string>"}.get(c.kind.arrow, c.kind.arrow)
            for c in COLUMNS[f"/v1/{path}"]
        ]
        assert [row[names[0]] for row in rows] == table[names[0]].to_pylist()
        assert {p.headers.get("x-next-cursor") for p in pages.values()} == {
            pages["json"].json()["next"]
        }
        empty = await get(server, path, **params, format="arrow", end="1971-01-01")
        assert pa.ipc.open_stream(io.BytesIO(empty.content)).read_all().schema == table.schema


async def test_headers_are_those_that_browsers_and_caches_expect(
    publisher: Publisher, valkey: Valkey, serve: Serve
) -> None:
    publisher.publish(trades(100))
    server = await serve(valkey.url, allowed_origins=("https://desk.example",))
    await server.reaches(publisher)
    url = f"http://127.0.0.1:{server.port}/v1/candles?symbol=AAA"
    async with http_client() as client:
        page = await client.get(url, headers={"origin": "https://desk.example"})
        assert page.headers["access-control-allow-origin"] == "https://desk.example"
        assert set(page.headers["vary"].split(", ")) == {"authorization", "accept", "origin"}
        same = await client.get(url, headers={"if-none-match": page.headers["etag"]})
        assert (same.status_code, same.content) == (304, b"")
        head = await client.head(url)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-length"] == str(len(page.content))
        asked = {
            "origin": "https://desk.example",
            "access-control-request-method": "GET",
            "access-control-request-headers": "authorization",
        }
        preflight = await client.options(url, headers=asked)
        assert preflight.status_code == 204
        assert "authorization" in preflight.headers["access-control-allow-headers"]
        foreign = await client.get(url, headers={"origin": "https://other.example"})
        assert foreign.status_code == 403
        assert "access-control-allow-origin" not in foreign.headers
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            other = await client.request(method, url)
            assert (other.status_code, other.headers["allow"]) == (405, "GET, HEAD, OPTIONS")
            assert other.json()["reason"].startswith(method)
        lost = await client.get(f"http://127.0.0.1:{server.port}/v1/candle")
        assert (lost.status_code, "/v1/candles" in lost.json()["reason"]) == (404, True)


async def test_large_pages_leave_the_loop_to_others() -> None:
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    page = Page((columns.TICKS[0],), 5_000, lambda at, to: [(n,) for n in range(at, to)], None, {})
    counting = asyncio.create_task(count())
    body = await encode(page, "csv")
    counting.cancel()
    assert body.content.count(b"\n") == 5_001
    assert turns >= 5_000 // CHUNK_ROWS - 1


async def test_the_description_is_valid(server: Server) -> None:
    answer = await server.get("/openapi.json")
    validate(answer.json())
    assert answer.json() == document()


async def test_pages_are_as_described(publisher: Publisher, server: Server) -> None:
    publisher.publish(trades(10))
    publisher.headline(1)
    await server.reaches(publisher)
    described = (await server.get("/openapi.json")).json()["paths"]
    for path, params in (
        ("candles", {"symbol": "AAA", "interval": "1s"}),
        ("ticks", {"symbol": "AAA"}),
        ("news", {}),
        ("signals", {"symbol": "AAA"}),
    ):
        found = described[f"/v1/{path}"]["get"]["responses"]["200"]["content"]
        validator = Draft202012Validator(found["application/json"]["schema"])
        validator.validate((await get(server, path, **params)).json())
