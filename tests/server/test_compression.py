"""Compressed copies of the page's files: which is sent to whom, and how."""

from __future__ import annotations

import gzip
import os
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickfire.server.content_coding import SUFFIXES, best_coding
from tickfire.server.page import HEADERS, Page

SCRIPT = b"export const answer = 42;\n" * 100
BROTLI = b"this stands for the brotli copy"
ASSET = "/assets/index-abc123.js"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "assets").mkdir()
    for name in ("index.html", "assets/index-abc123.js"):
        (tmp_path / name).write_bytes(SCRIPT)
        (tmp_path / f"{name}.br").write_bytes(BROTLI)
        (tmp_path / f"{name}.gz").write_bytes(gzip.compress(SCRIPT))
    (tmp_path / "assets" / "plain-1.js").write_bytes(SCRIPT)
    return tmp_path


@pytest.fixture
async def client(folder: Path) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(Page(folder))
    async with httpx.AsyncClient(transport=transport, base_url="http://host") as made:
        del made.headers["accept-encoding"]
        yield made


async def raw(client: httpx.AsyncClient, path: str, accept: str | None, **more: Any) -> Any:
    """Return the response with its body as it was sent."""
    headers = more.pop("headers", {}) | ({} if accept is None else {"accept-encoding": accept})
    async with client.stream(more.pop("method", "GET"), path, headers=headers) as answer:
        body = b"".join([part async for part in answer.aiter_raw()])
    return SimpleNamespace(status_code=answer.status_code, headers=answer.headers, body=body)


@pytest.mark.parametrize(
    ("accept", "coding"),
    [
        (None, None),
        ("", None),
        ("gzip, deflate, br, zstd", "br"),
        ("gzip", "gzip"),
        ("GZip", "gzip"),
        ("x-gzip", "gzip"),
        ("deflate, zstd", None),
        ("identity", None),
        ("*", "br"),
        ("br;q=0, *", "gzip"),
        ("br;q=0, gzip;q=0, *", None),
        ("br;q=0.5, gzip;q=0.8", "gzip"),
        ("br ; q=0.8 , gzip;q=0.8", "br"),
        ("br;q=0.5, identity;q=0.9", None),
        ("identity;q=0, gzip", "gzip"),
        ("*;q=0", None),
        ("br;q=nonsense, gzip", "gzip"),
        ("br;q=7", None),
    ],
)
async def test_the_client_decides(
    client: httpx.AsyncClient, accept: str | None, coding: str | None
) -> None:
    for path in (ASSET, "/"):
        answer = await raw(client, path, accept)
        assert answer.status_code == 200
        assert answer.headers.get("content-encoding") == coding
        assert answer.headers["content-length"] == str(len(answer.body))
        assert answer.headers["vary"] == "accept-encoding"
        assert {name: answer.headers[name] for name in HEADERS} == HEADERS
        body = gzip.decompress(answer.body) if coding == "gzip" else answer.body
        assert body == (BROTLI if coding == "br" else SCRIPT)
        kind = "text/javascript" if path == ASSET else "text/html; charset=utf-8"
        assert answer.headers["content-type"] == kind


async def test_each_form_has_a_tag_of_its_own(client: httpx.AsyncClient) -> None:
    tags = {}
    for accept in ("br", "gzip", "identity"):
        first = await raw(client, ASSET, accept)
        tags[accept] = first.headers["etag"]
        again = await raw(client, ASSET, accept, headers={"if-none-match": tags[accept]})
        assert (again.status_code, again.body) == (304, b"")
        assert again.headers["vary"] == "accept-encoding"
        assert again.headers["etag"] == tags[accept]
        assert "immutable" in again.headers["cache-control"]
    assert len(set(tags.values())) == 3
    other = await raw(client, ASSET, "gzip", headers={"if-none-match": tags["br"]})
    assert other.status_code == 200


async def test_a_head_is_the_head_of_a_get(client: httpx.AsyncClient) -> None:
    for accept in ("br", "gzip", "identity"):
        get = await raw(client, ASSET, accept)
        head = await raw(client, ASSET, accept, method="HEAD")
        assert head.body == b""
        assert dict(head.headers) == dict(get.headers)


async def test_a_range_is_of_the_file_itself(client: httpx.AsyncClient) -> None:
    part = await raw(client, ASSET, "br, gzip", headers={"range": "bytes=0-5"})
    assert (part.status_code, part.body) == (206, SCRIPT[:6])
    assert "content-encoding" not in part.headers
    assert part.headers["vary"] == "accept-encoding"
    whole = await raw(client, ASSET, "br")
    assert "accept-ranges" not in whole.headers
    stale = {"range": "bytes=0-5", "if-range": whole.headers["etag"]}
    again = await raw(client, ASSET, "br", headers=stale)
    assert (again.status_code, again.body) == (200, SCRIPT)


async def test_a_copy_of_an_older_build_is_not_sent(
    client: httpx.AsyncClient, folder: Path
) -> None:
    fresh = b"<!doctype html><title>new</title>"
    (folder / "index.html").write_bytes(fresh)
    for suffix in SUFFIXES.values():
        built = (folder / "index.html").stat().st_mtime - 60
        os.utime(folder / f"index.html{suffix}", (built, built))
    answer = await raw(client, "/", "br, gzip")
    assert answer.body == fresh
    assert "content-encoding" not in answer.headers


async def test_a_file_without_copies_is_sent_as_it_is(client: httpx.AsyncClient) -> None:
    answer = await raw(client, "/assets/plain-1.js", "br, gzip")
    assert answer.body == SCRIPT
    assert not {"content-encoding", "vary"} & set(answer.headers)


@given(st.text(max_size=60), st.sets(st.sampled_from(sorted(SUFFIXES))))
def test_any_header_gets_something_that_there_is(accept: str, available: set[str]) -> None:
    coding = best_coding(accept, available)
    assert coding is None or (coding in available and accept)
