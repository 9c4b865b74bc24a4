"""Requests against a real server on this machine."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator
from http.server import BaseHTTPRequestHandler

import httpx
import pytest

from tests.support.newsserver import NewsServer, document, endless, revalidated, rss, status
from tickfire.base.ports import free_port
from tickfire.ingest.news.fetch import FetchError, Validators, client, fetch

BODY = rss(("a", "One"))
NONE = Validators()


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with client(trust_env=False) as made:
        yield made


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
