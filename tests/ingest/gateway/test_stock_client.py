"""databento's own live client, by callback, against the gateway."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import databento
import pytest

from tests.support.dbn import SHARED_DATA, databento_decoder, shared_files
from tests.support.gateway import KEY, StockClient, completed
from tickfire.ingest.dbn.enums import SCHEMA_RTYPES
from tickfire.ingest.dbn.file import open_dbn
from tickfire.ingest.dbn.layout import CONTROL_RTYPES
from tickfire.ingest.gateway import GatewayConfig, serve_gateway

# The stock client makes futures for errors that it does not always look at.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture(scope="module", autouse=True)
def _no_garbage() -> Iterator[None]:
    """Let go of them here, where their warnings are ignored, and not in a test of another file."""
    yield
    gc.collect()


def schemas_of(path: Path) -> list[str]:
    """Return a schema for each record type of a file."""
    metadata = open_dbn(path).metadata
    if metadata.schema is not None:
        return [metadata.schema]
    rtypes = {record.rtype.value for record in upgraded(path)}
    by_rtype = {rtype: schema for schema, rtype in SCHEMA_RTYPES.items()}
    return [by_rtype[rtype] for rtype in rtypes if rtype in by_rtype]


def upgraded(path: Path) -> list[Any]:
    """Return the file's records as the stock client shows them: in version 3."""
    decoder = databento_decoder(upgrade=True)
    file = open_dbn(path)
    decoder.write(file.metadata.encode() + file.read_all().tobytes())
    return list(decoder.decode())[1:]


def is_data(record: Any) -> bool:
    return record.rtype.value not in CONTROL_RTYPES


async def replayed(path: Path, **options: Any) -> list[Any]:
    """Return the records that the stock client receives of a file."""
    config = GatewayConfig(port=0, file=path, speed=0.0, gate_s=0.0)
    async with await serve_gateway(config) as gateway:
        client = StockClient(gateway.port, **options)
        return await client.run({schema: "ALL_SYMBOLS" for schema in schemas_of(path)}, completed)


@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("esh4-glbx-mdp3-20231225.mbo.dbn.zst", 68_792),
        ("esu4-mbp-1-20240701.dbn.zst", 2_288),
        ("lean_20131008_0930_1000_mixed.dbn.zst", 65_578 + 148_296),
    ],
)
async def test_every_record_of_a_replay_arrives(name: str, count: int) -> None:
    (path,) = shared_files(name)
    got = [bytes(record) for record in await replayed(path) if is_data(record)]
    assert len(got) == count
    assert got == [bytes(record) for record in upgraded(path) if is_data(record)]


@pytest.mark.shared_data
async def test_symbols_are_mapped_by_the_metadata_or_by_the_files_own_records() -> None:
    for name, symbols in (
        ("esh4-glbx-mdp3-20231225.mbo.dbn.zst", {17077: "ESH4"}),
        (
            "lean_20131008_0930_1000_mixed.dbn.zst",
            {15144: "SPY", 523: "AIG", 1100: "BAC", 7800: "IBM"},
        ),
    ):
        (path,) = shared_files(name)
        mappings = [r for r in await replayed(path) if type(r).__name__ == "SymbolMappingMsg"]
        assert {r.instrument_id: r.stype_out_symbol for r in mappings} == symbols


def small_shared_files() -> list[Any]:
    files = [
        path
        for folder in ("versions", "datasets")
        for path in sorted((SHARED_DATA / folder).rglob("*.dbn*"))
        if ".frag" not in path.name
    ]
    skip = pytest.mark.skipif(
        not SHARED_DATA.parents[1].exists(), reason="needs the folder ../shared"
    )
    absent = pytest.param(SHARED_DATA / "absent.dbn", marks=skip, id="absent")
    return [pytest.param(path, id=f"{path.parent.name}/{path.name}") for path in files] or [absent]


@pytest.mark.shared_data
@pytest.mark.parametrize("path", small_shared_files())
async def test_a_file_of_any_schema_and_version_arrives(path: Path) -> None:
    got = [bytes(record) for record in await replayed(path) if is_data(record)]
    assert got == [bytes(record) for record in upgraded(path) if is_data(record)]


@pytest.mark.shared_data
async def test_ts_out_is_given_with_every_record() -> None:
    (path,) = shared_files("esu4-mbp-1-20240701.dbn.zst")
    records = [record for record in await replayed(path, ts_out=True) if is_data(record)]
    assert len(records) == 2_288
    assert all(record.ts_out > record.ts_event for record in records)


@pytest.mark.shared_data
async def test_asked_symbols_and_schemas_alone_arrive() -> None:
    (path,) = shared_files("lean_20131008_0930_1000_mixed.dbn.zst")
    async with await serve_gateway(GatewayConfig(port=0, file=path, speed=0.0)) as gateway:
        got = await StockClient(gateway.port).run({"trades": ["SPY", "IBM"]}, completed)
    wanted = [
        bytes(record)
        for record in upgraded(path)
        if type(record).__name__ == "TradeMsg" and record.instrument_id in (15144, 7800)
    ]
    assert [bytes(record) for record in got if is_data(record)] == wanted


@pytest.mark.shared_data
async def test_a_sync_iterator_misses_nothing() -> None:
    (path,) = shared_files("esu4-mbp-1-20240701.dbn.zst")

    def iterate(port: int) -> int:
        live = databento.Live(KEY, gateway="127.0.0.1", port=port)
        live.subscribe("GLBX.MDP3", "mbp-1", "ALL_SYMBOLS")
        count = 0
        for record in live:
            if completed(record):
                break
            count += is_data(record)
        live.terminate()
        return count

    async with await serve_gateway(GatewayConfig(port=0, file=path, speed=0.0)) as gateway:
        assert await asyncio.to_thread(iterate, gateway.port) == 2_288


async def test_the_simulated_market_arrives_with_symbols_past_and_present() -> None:
    config = GatewayConfig(port=0, history_s=5.0)
    async with await serve_gateway(config) as gateway:
        client = StockClient(gateway.port)
        counted = 0

        def some_live(record: Any) -> bool:
            nonlocal counted
            counted += type(record).__name__ == "TradeMsg"
            return counted >= 900

        got = await client.run(
            {"trades": "ALL_SYMBOLS", "mbp-1": "ALL_SYMBOLS"}, some_live, start=0
        )
    kinds = {type(record).__name__ for record in got}
    assert kinds == {"SystemMsg", "SymbolMappingMsg", "TradeMsg", "MBP1Msg"}
    symbols = {r.stype_out_symbol for r in got if type(r).__name__ == "SymbolMappingMsg"}
    assert len(symbols) == 12 and "AAPL" in symbols
    data = [record for record in got if is_data(record)]
    assert [record.ts_event for record in data] == sorted(record.ts_event for record in data)


@pytest.mark.shared_data
async def test_a_wrong_key_is_refused() -> None:
    (path,) = shared_files("esu4-mbp-1-20240701.dbn.zst")
    config = GatewayConfig(port=0, file=path, keys=frozenset({"db-another-key"}))
    async with await serve_gateway(config) as gateway:
        with pytest.raises(databento.BentoError, match="User authentication failed"):
            await StockClient(gateway.port).run({"trades": "ALL_SYMBOLS"}, completed)
