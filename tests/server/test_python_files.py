"""Files of the browser's Python: their types, compression and caching."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tickfire.server.page import HEADERS, Page

MODULE = b"\0asm\1\0\0\0" * 100
FOR_EVER = "public, max-age=31536000, immutable"


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    folder = tmp_path / "pyodide" / "0123456789ab"
    folder.mkdir(parents=True)
    (tmp_path / "pyodide" / "current.json").write_text("{}")
    for name in ("core.wasm", "core.mjs", "own.whl", "snapshot.bin.gz"):
        (folder / name).write_bytes(MODULE)
    (folder / "core.wasm.gz").write_bytes(gzip.compress(MODULE))
    transport = httpx.ASGITransport(Page(tmp_path))
    async with httpx.AsyncClient(transport=transport, base_url="http://host") as made:
        yield made


BASE = "/pyodide/0123456789ab"


@pytest.mark.parametrize(
    ("path", "kind", "caching"),
    [
        (f"{BASE}/core.wasm", "application/wasm", FOR_EVER),
        (f"{BASE}/core.mjs", "text/javascript", FOR_EVER),
        (f"{BASE}/own.whl", "application/zip", FOR_EVER),
        (f"{BASE}/snapshot.bin.gz", "application/octet-stream", FOR_EVER),
        ("/pyodide/current.json", "application/json", "no-cache"),
        (f"{BASE}/nothing.wasm", "text/plain; charset=utf-8", "no-cache"),
    ],
)
async def test_types_caching_and_isolation(
    client: httpx.AsyncClient, path: str, kind: str, caching: str
) -> None:
    answer = await client.get(path)
    assert answer.headers["content-type"] == kind
    assert answer.headers["cache-control"] == caching
    assert {name: answer.headers[name] for name in HEADERS} == HEADERS


async def test_what_lies_compressed_is_sent_so_to_whoever_takes_it(
    client: httpx.AsyncClient,
) -> None:
    squeezed = await client.get(f"{BASE}/core.wasm", headers={"accept-encoding": "br, gzip"})
    assert squeezed.headers["content-encoding"] == "gzip"
    assert int(squeezed.headers["content-length"]) < len(MODULE)
    plain = await client.get(f"{BASE}/core.wasm", headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert squeezed.headers["etag"] != plain.headers["etag"]
    for answer in (squeezed, plain):
        assert answer.content == MODULE
        assert answer.headers["vary"] == "accept-encoding"
        assert answer.headers["content-type"] == "application/wasm"
    part = await client.get(f"{BASE}/core.wasm", headers={"range": "bytes=0-3"})
    assert (part.status_code, part.content) == (206, b"\0asm")


async def test_an_archive_stays_as_it_is(client: httpx.AsyncClient) -> None:
    answer = await client.get(f"{BASE}/snapshot.bin.gz")
    assert "content-encoding" not in answer.headers
    assert answer.content == MODULE


async def test_nothing_outside_the_folder_is_looked_up(client: httpx.AsyncClient) -> None:
    answer = await client.get("/pyodide/%2e%2e/%2e%2e/etc/passwd")
    assert answer.status_code == 404
