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


async def test_a_document_and_its_validators(server: NewsServer, http: httpx.AsyncClient) -> None:
    server.answers["/f"] = document(BODY, ETag='"1"', Last_Modified="Mon, 01 Jul 2024 12:00:00 GMT")
    fetched = await fetch(http, server.url("/f"), NONE)
    assert fetched is not None
    assert fetched[0].body == BODY
    assert fetched[0].content_type == "application/rss+xml"
    assert fetched[1] == Validators('"1"', "Mon, 01 Jul 2024 12:00:00 GMT")


async def test_what_has_not_changed_is_not_sent(
    server: NewsServer, http: httpx.AsyncClient
) -> None:
    server.answers["/f"] = revalidated(BODY, '"7"', "Mon, 01 Jul 2024 12:00:00 GMT")
    fetched = await fetch(http, server.url("/f"), NONE)
    assert fetched is not None
    assert await fetch(http, server.url("/f"), fetched[1]) is None
    asked = server.requests[1][1]
    assert asked["If-None-Match"] == '"7"'
    assert asked["If-Modified-Since"] == "Mon, 01 Jul 2024 12:00:00 GMT"


async def test_redirects_are_followed_and_the_last_address_kept(
    server: NewsServer, http: httpx.AsyncClient
) -> None:
    server.answers["/old"] = status(301, Location="/new")
    server.answers["/new"] = document(BODY)
    fetched = await fetch(http, server.url("/old"), NONE)
    assert fetched is not None
    assert fetched[0].url == server.url("/new")


async def test_a_redirect_in_circles_is_an_error(
    server: NewsServer, http: httpx.AsyncClient
) -> None:
    server.answers["/r"] = status(302, Location="/r")
    with pytest.raises(FetchError, match="redirect"):
        await fetch(http, server.url("/r"), NONE)
    assert len(server.requests) == 6


@pytest.mark.parametrize("location", ["file:///etc/hostname", "ftp://127.0.0.1/x"])
async def test_a_redirect_off_the_web_is_an_error(
    server: NewsServer, http: httpx.AsyncClient, location: str
) -> None:
    server.answers["/r"] = status(302, Location=location)
    with pytest.raises(FetchError):
        await fetch(http, server.url("/r"), NONE)


async def test_an_error_status_tells_how_long_to_wait(
    server: NewsServer, http: httpx.AsyncClient
) -> None:
    server.answers["/f"] = status(503, b"later", Retry_After="120")
    with pytest.raises(FetchError, match="status 503") as caught:
        await fetch(http, server.url("/f"), NONE)
    assert caught.value.retry_after_s == 120


@pytest.mark.parametrize("value", ["", "soon", "-5", "Mon, 01 Jul 2024 12:00:00 GMT"])
async def test_a_wait_that_makes_no_sense_is_none(
    server: NewsServer, http: httpx.AsyncClient, value: str
) -> None:
    server.answers["/f"] = status(500, Retry_After=value)
    with pytest.raises(FetchError) as caught:
        await fetch(http, server.url("/f"), NONE)
    assert caught.value.retry_after_s == 0


async def test_a_huge_body_is_given_up(server: NewsServer, http: httpx.AsyncClient) -> None:
    server.answers["/f"] = endless
    with pytest.raises(FetchError, match="more than 1000000 bytes"):
        await fetch(http, server.url("/f"), NONE, max_bytes=1_000_000)


async def test_a_body_that_unpacks_hugely_is_given_up(
    server: NewsServer, http: httpx.AsyncClient
) -> None:
    packed = gzip.compress(b"x" * 8_000_000)
    server.answers["/f"] = document(packed, Content_Encoding="gzip")
    with pytest.raises(FetchError, match="more than 1000000 bytes"):
        await fetch(http, server.url("/f"), NONE, max_bytes=1_000_000)


async def test_a_packed_body_is_unpacked(server: NewsServer, http: httpx.AsyncClient) -> None:
    server.answers["/f"] = document(gzip.compress(BODY), Content_Encoding="gzip")
    fetched = await fetch(http, server.url("/f"), NONE)
    assert fetched is not None
    assert fetched[0].body == BODY


async def test_a_server_that_dribbles_is_given_up(
    server: NewsServer, http: httpx.AsyncClient
) -> None:
    def dribble(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Length", "10")
        request.end_headers()
        request.wfile.write(b"x")
        request.rfile.read(1)  # until the client goes

    server.answers["/f"] = dribble
    with pytest.raises(FetchError, match=r"no answer within 0\.2 s"):
        await fetch(http, server.url("/f"), NONE, timeout_s=0.2)


async def test_no_server_is_an_error(http: httpx.AsyncClient) -> None:
    with pytest.raises(FetchError):
        await fetch(http, f"http://127.0.0.1:{free_port()}/", NONE)


@pytest.mark.parametrize("url", ["http://[", "http://\x00/", "http://a b/", "nonsense"])
async def test_no_address_is_an_error(http: httpx.AsyncClient, url: str) -> None:
    with pytest.raises(FetchError):
        await fetch(http, url, NONE)
