"""Requests against a real server on this machine."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.newsserver import NewsServer, document, endless, revalidated, rss, status
from tickfire.base.inflate import EncodingError, Inflater
from tickfire.base.ports import free_port
from tickfire.ingest.news.fetch import FetchError, Validators, fetch

BODY = rss(("a", "One"))
NONE = Validators()


async def test_a_document_is_returned_with_its_validators(
    server: NewsServer, http: httpx.AsyncClient
) -> None:
    server.answers["/f"] = document(BODY, ETag='"1"', Last_Modified="Mon, 01 Jul 2024 12:00:00 GMT")
    fetched = await fetch(http, server.url("/f"), NONE)
    assert fetched is not None
    assert fetched[0].body == BODY
    assert fetched[0].content_type == "application/rss+xml"
    assert fetched[1] == Validators('"1"', "Mon, 01 Jul 2024 12:00:00 GMT")


async def test_an_unchanged_document_is_not_sent_again(
    server: NewsServer, http: httpx.AsyncClient
) -> None:
    server.answers["/f"] = revalidated(BODY, '"7"', "Mon, 01 Jul 2024 12:00:00 GMT")
    fetched = await fetch(http, server.url("/f"), NONE)
    assert fetched is not None
    assert await fetch(http, server.url("/f"), fetched[1]) is None
    asked = server.requests[1][1]
    assert asked["If-None-Match"] == '"7"'
    assert asked["If-Modified-Since"] == "Mon, 01 Jul 2024 12:00:00 GMT"


async def test_redirects_are_followed_and_the_final_address_is_kept(
    server: NewsServer, http: httpx.AsyncClient
) -> None:
    server.answers["/old"] = status(301, Location="/new")
    server.answers["/new"] = document(BODY)
    fetched = await fetch(http, server.url("/old"), NONE)
    assert fetched is not None
    assert fetched[0].url == server.url("/new")


async def test_a_redirect_loop_is_an_error(server: NewsServer, http: httpx.AsyncClient) -> None:
    server.answers["/r"] = status(302, Location="/r")
    with pytest.raises(FetchError, match="redirect"):
        await fetch(http, server.url("/r"), NONE)
    assert len(server.requests) == 6


@pytest.mark.parametrize("location", ["file:///etc/hostname", "ftp://127.0.0.1/x"])
async def test_a_redirect_to_another_scheme_is_an_error(
    server: NewsServer, http: httpx.AsyncClient, location: str
) -> None:
    server.answers["/r"] = status(302, Location=location)
    with pytest.raises(FetchError):
        await fetch(http, server.url("/r"), NONE)


async def test_an_error_status_gives_the_delay_that_the_server_asks_for(
    server: NewsServer, http: httpx.AsyncClient
) -> None:
    server.answers["/f"] = status(503, b"later", Retry_After="120")
    with pytest.raises(FetchError, match="status 503") as caught:
        await fetch(http, server.url("/f"), NONE)
    assert caught.value.retry_after_s == 120


@pytest.mark.parametrize("value", ["", "soon", "-5", "Mon, 01 Jul 2024 12:00:00 GMT"])
async def test_an_invalid_retry_after_is_no_delay(
    server: NewsServer, http: httpx.AsyncClient, value: str
) -> None:
    server.answers["/f"] = status(500, Retry_After=value)
    with pytest.raises(FetchError) as caught:
        await fetch(http, server.url("/f"), NONE)
    assert caught.value.retry_after_s == 0


async def test_too_large_a_body_is_an_error(server: NewsServer, http: httpx.AsyncClient) -> None:
    server.answers["/f"] = endless
    with pytest.raises(FetchError, match="more than 1000000 bytes"):
        await fetch(http, server.url("/f"), NONE, max_bytes=1_000_000)


async def test_a_compressed_body_too_large_once_decompressed_is_an_error(
    server: NewsServer, http: httpx.AsyncClient
) -> None:
    compressed = gzip.compress(b"x" * 8_000_000)
    server.answers["/f"] = document(compressed, Content_Encoding="gzip")
    with pytest.raises(FetchError, match="more than 1000000 bytes"):
        await fetch(http, server.url("/f"), NONE, max_bytes=1_000_000)


async def test_a_bomb_is_not_inflated_beyond_the_limit(
    server: NewsServer, http: httpx.AsyncClient
) -> None:
    bomb = gzip.compress(b"x" * 200_000_000, 9)
    server.answers["/f"] = document(bomb, Content_Encoding="gzip")
    tracemalloc.start()
    try:
        with pytest.raises(FetchError, match="more than"):
            await fetch(http, server.url("/f"), NONE)
        assert tracemalloc.get_traced_memory()[1] < 40_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("coding", "compress"),
    [
        ("gzip", gzip.compress),
        ("x-gzip", lambda body: gzip.compress(body[:50]) + gzip.compress(body[50:])),
        ("deflate", zlib.compress),
        ("deflate", lambda body: zlib.compress(body)[2:-4]),
        ("identity", bytes),
    ],
)
async def test_every_usual_encoding_is_read(
    server: NewsServer, http: httpx.AsyncClient, coding: str, compress: Callable[[bytes], bytes]
) -> None:
    server.answers["/f"] = document(compress(BODY), Content_Encoding=coding)
    fetched = await fetch(http, server.url("/f"), NONE)
    assert fetched is not None
    assert fetched[0].body == BODY


@pytest.mark.parametrize(
    ("coding", "body", "words"),
    [
        ("br", BODY, "unsupported encoding 'br'"),
        ("gzip", b"no gzip", "corrupt"),
        ("gzip", gzip.compress(BODY)[:-12], "cut off"),
    ],
)
async def test_a_body_that_cannot_be_decompressed_is_an_error(
    server: NewsServer, http: httpx.AsyncClient, coding: str, body: bytes, words: str
) -> None:
    server.answers["/f"] = document(body, Content_Encoding=coding)
    with pytest.raises(FetchError, match=words):
        await fetch(http, server.url("/f"), NONE)


@given(st.binary(max_size=300), st.sampled_from(["gzip", "deflate"]), st.integers(1, 50))
def test_any_compressed_bytes_inflate_within_the_limit_or_not_at_all(
    body: bytes, coding: str, limit: int
) -> None:
    inflater = Inflater(coding, limit)
    try:
        inflater.feed(body[:40])
        inflater.feed(body[40:])
        assert len(inflater.close()) <= limit
    except EncodingError:
        pass


async def test_a_compressed_body_is_decompressed(
    server: NewsServer, http: httpx.AsyncClient
) -> None:
    server.answers["/f"] = document(gzip.compress(BODY), Content_Encoding="gzip")
    fetched = await fetch(http, server.url("/f"), NONE)
    assert fetched is not None
    assert fetched[0].body == BODY


async def test_a_response_that_takes_too_long_is_an_error(
    server: NewsServer, http: httpx.AsyncClient
) -> None:
    def trickle(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Length", "10")
        request.end_headers()
        request.wfile.write(b"x")
        request.rfile.read(1)  # until the client disconnects

    server.answers["/f"] = trickle
    with pytest.raises(FetchError, match=r"no answer within 0\.2 s"):
        await fetch(http, server.url("/f"), NONE, timeout_s=0.2)


async def test_a_refused_connection_is_an_error(http: httpx.AsyncClient) -> None:
    with pytest.raises(FetchError):
        await fetch(http, f"http://127.0.0.1:{free_port()}/", NONE)


@pytest.mark.parametrize("url", ["http://[", "http://\x00/", "http://a b/", "nonsense"])
async def test_an_invalid_address_is_an_error(http: httpx.AsyncClient, url: str) -> None:
    with pytest.raises(FetchError):
        await fetch(http, url, NONE)
