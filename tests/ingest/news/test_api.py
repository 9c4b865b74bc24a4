"""News APIs that answer in JSON, from a real server."""

from __future__ import annotations

import logging
import random
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis

from tests.support.newsserver import NewsServer, document, status
from tickfire.base.errors import UsageError
from tickfire.ingest.news.api import NewsApi, decode_answer, items_of
from tickfire.ingest.news.api_file import read_apis
from tickfire.ingest.news.feed import NotAFeed
from tickfire.ingest.news.fetch import FetchError
from tickfire.ingest.news.json_path import JsonPath, texts_at
from tickfire.ingest.news.metrics import NewsMetrics
from tickfire.ingest.news.poller import Poller
from tickfire.ingest.news.publish import Publisher, last_headlines
from tickfire.ingest.news.rate_limit import RateLimit
from tickfire.ingest.news.readers import ApiReader
from tickfire.ingest.news.schedule import Schedule
from tickfire.ingest.news.symbols import Symbols
from tickfire.store.schema import Headline

KEY = "k-5f3c9a"


def configured(folder: Path, text: str, **environment: str) -> NewsApi:
    path = folder / "apis.toml"
    path.write_text(text)
    (api,) = read_apis(path, environment)
    return api


def answer(value: Any) -> Any:
    return document(msgspec.json.encode(value), "application/json")


async def test_a_list_under_a_key_with_usual_names_needs_no_mapping(
    tmp_path: Path, server: NewsServer, http: httpx.AsyncClient
) -> None:
    article = {
        "id": 7,
        "title": "Acme &amp; Co (NYSE: ACME)",
        "description": "<p>Up.</p>",
        "url": "https://news.example/7",
        "publishedAt": "2024-07-01T12:00:00Z",
        "source": {"id": None, "name": "Wire"},
    }
    server.answers["/v2/news"] = answer({"status": "ok", "articles": [article, {"title": None}]})
    api = configured(tmp_path, f'[[api]]\nurl = "{server.url("/v2/news")}"\nitems = "articles"')
    found = await ApiReader(api, http).read(())
    assert found is not None
    (one,) = found
    assert (one.title, one.summary, one.source) == ("Acme & Co (NYSE: ACME)", "Up.", "Wire")
    assert (one.url, one.symbols) == ("https://news.example/7", ("ACME",))
    assert one.published == 1719835200_000_000_000


async def test_fields_are_mapped_by_path(
    tmp_path: Path, server: NewsServer, http: httpx.AsyncClient
) -> None:
    item = {
        "meta": {"uid": "x", "times": [{"ms": 1719835200000}]},
        "content": {"head": "Rates hold", "links": [{"href": "https://news.example/x"}]},
        "tickers": [{"name": "ES", "kind": "future"}, {"name": "$NQ"}],
        "by": "",
    }
    server.answers["/"] = answer([[item]])
    api = configured(
        tmp_path,
        f"""[[api]]
        url = "{server.url("/")}"
        name = "Our desk"
        items = "[0]"
        [api.fields]
        id = "meta.uid"
        title = ["content.short", "content.head"]
        link = "content.links[0].href"
        published = "meta.times[-1].ms"
        source = "by"
        symbols = "tickers[].name"
        """,
    )
    found = await ApiReader(api, http).read(())
    assert found is not None
    (one,) = found
    assert (one.title, one.source, one.symbols) == ("Rates hold", "Our desk", ("ES", "NQ"))
    assert (one.url, one.published) == ("https://news.example/x", 1719835200_000_000_000)


async def test_a_key_is_sent_in_its_header_and_never_logged(
    tmp_path: Path,
    server: NewsServer,
    http: httpx.AsyncClient,
    redis: Redis,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    server.answers[f"/n?apikey={KEY}"] = status(401)
    api = configured(
        tmp_path,
        f"""[[api]]
        url = "{server.url("/n")}?apikey=${{NEWS_KEY}}"
        headers = {{ X-Api-Key = "${{NEWS_KEY}}", Authorization = "Bearer ${{NEWS_KEY}}" }}
        """,
        NEWS_KEY=KEY,
    )
    schedule = Schedule(60, random.Random(1))
    publisher = Publisher(redis)
    metrics = NewsMetrics(publisher)
    poller = Poller(api, schedule, http, publisher, Symbols(redis), metrics)
    await poller.poll()
    server.answers[f"/n?apikey={KEY}"] = answer([{"title": "One", "id": 1}])
    await poller.poll()
    sent = {name.lower(): value for name, value in server.requests[0][1].items()}
    assert (sent["x-api-key"], sent["authorization"]) == (KEY, f"Bearer {KEY}")
    assert [one.title for one in await last_headlines(redis, 10)] == ["One"]
    ours = [each for each in caplog.records if each.name.startswith("tickfire")]
    assert any("status 401: is the key right?" in each.getMessage() for each in ours)
    assert not any(KEY in each.getMessage() for each in ours)
    assert KEY not in repr(api)


async def test_a_redirect_to_another_host_is_not_given_the_key(
    tmp_path: Path, server: NewsServer, http: httpx.AsyncClient
) -> None:
    with NewsServer().running() as other:
        server.answers["/n"] = status(302, Location=other.url("/n"))
        api = configured(
            tmp_path, f'[[api]]\nurl = "{server.url("/n")}"\nheaders = {{ X-Key = "a" }}'
        )
        with pytest.raises(FetchError, match="another host"):
            await ApiReader(api, http).read(())
        assert other.requests == []


def numbered(*numbers: int) -> list[dict[str, Any]]:
    return [{"id": n, "title": f"Story {n}", "published": 1_700_000_000 + n} for n in numbers]


PAGING = {
    "page": ('kind = "page"\nparameter = "p"', ["/", "/?p=2", "/?p=3"]),
    "offset": ('kind = "offset"', ["/", "/?offset=2", "/?offset=4"]),
    "cursor": (
        'kind = "cursor"\nparameter = "after"\npath = "at"',
        ["/", "/?after=1", "/?after=2"],
    ),
    "next": ('kind = "next"\npath = "more"', ["/", "/x?1", "/x?2"]),
}


@pytest.mark.parametrize("kind", PAGING)
async def test_pages_are_read_until_one_has_nothing_new(
    tmp_path: Path, server: NewsServer, http: httpx.AsyncClient, kind: str
) -> None:
    table, paths = PAGING[kind]
    for n, path in enumerate(paths):
        last = n == len(paths) - 1
        body = {"data": [] if last else numbered(9 - 2 * n, 8 - 2 * n)}
        if not last:
            body |= {"at": n + 1, "more": paths[n + 1]}  # type: ignore[dict-item]
        server.answers[path] = answer(body)
    api = configured(
        tmp_path, f'[[api]]\nurl = "{server.url("/")}"\nitems = "data"\n[api.paging]\n{table}'
    )
    reader = ApiReader(api, http)
    assert titles(await reader.read(())) == [f"Story {n}" for n in (6, 7, 8, 9)]
    assert [path for path, _ in server.requests] == paths
    await reader.read(())
    assert [path for path, _ in server.requests[3:]] == paths[:1], "the first page is known"


def titles(found: list[Headline] | None) -> list[str]:
    return [one.title for one in found or ()]


async def test_no_more_pages_are_read_than_allowed(
    tmp_path: Path, server: NewsServer, http: httpx.AsyncClient
) -> None:
    for n, path in enumerate(("/", "/?page=2", "/?page=3")):
        server.answers[path] = answer(numbered(n))
    api = configured(tmp_path, f'[[api]]\nurl = "{server.url("/")}"\n[api.paging]\nmax_pages = 2')
    assert len(titles(await ApiReader(api, http).read(()))) == 2


async def test_pages_before_one_that_fails_are_kept_and_the_rest_asked_for_again(
    tmp_path: Path, server: NewsServer, http: httpx.AsyncClient
) -> None:
    server.answers["/"] = answer(numbered(2))
    server.answers["/?page=2"] = status(500)
    api = configured(tmp_path, f'[[api]]\nurl = "{server.url("/")}"\n[api.paging]')
    reader = ApiReader(api, http)
    assert titles(await reader.read(())) == ["Story 2"]
    server.answers["/?page=2"] = answer(numbered(1))
    server.answers["/?page=3"] = answer([])
    assert titles(await reader.read(())) == ["Story 1", "Story 2"]


async def test_a_next_page_on_another_host_is_not_requested(
    tmp_path: Path, server: NewsServer, http: httpx.AsyncClient
) -> None:
    with NewsServer().running() as other:
        server.answers["/"] = answer({"d": numbered(1), "next": other.url("/")})
        api = configured(
            tmp_path,
            f'[[api]]\nurl = "{server.url("/")}"\nitems = "d"\n'
            '[api.paging]\nkind = "next"\npath = "next"',
        )
        assert titles(await ApiReader(api, http).read(())) == ["Story 1"]
        assert other.requests == []


@pytest.mark.parametrize("body", [b"", b"<html>", b"{", b"[" * 100_000, b'{"a": 1}', b"1", b"\xff"])
async def test_an_answer_without_the_list_is_a_failure(
    tmp_path: Path, server: NewsServer, http: httpx.AsyncClient, body: bytes
) -> None:
    server.answers["/"] = document(body, "application/json")
    api = configured(tmp_path, f'[[api]]\nurl = "{server.url("/")}"\nitems = "articles"')
    with pytest.raises(NotAFeed):
        await ApiReader(api, http).read(())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "holds no table"),
        ("[[api]]", "missing required field `url`"),
        ("[[api]]\nurl = 1", "Expected `str`"),
        ("[[api]\n", "is not valid"),
        ('[[api]]\nurl = "ftp://x/"', "is not a web address"),
        ('[[api]]\nurl = "http://x/?key=${NOT_SET}"', "NOT_SET is not set"),
        ('[[api]]\nurl = "http://x/"\nitem = "a"', "unknown field `item`"),
        ('[[api]]\nurl = "http://x/"\nitems = "a..b"', "is not a path"),
        ('[[api]]\nurl = "http://x/"\nrate_limit = "often"', "is not a rate"),
        ('[[api]]\nurl = "http://x/"\ninterval_s = 0', "interval_s must be 1 or more"),
        ('[[api]]\nurl = "http://x/"\nheaders = { "a b" = "c" }', "is not the name of a header"),
        ('[[api]]\nurl = "http://x/"\nheaders = { a = "b\\nc" }', "HTTP does not allow"),
        ('[[api]]\nurl = "http://x/"\n[api.paging]\nkind = "cursor"', "needs a path"),
        ('[[api]]\nurl = "http://x/"\n[api.paging]\nmax_pages = 0', "max_pages must be"),
        ('[[api]]\nurl = "http://x/"\n[api.fields]\ntitel = "a"', "unknown field `titel`"),
    ],
)
def test_an_invalid_file_is_answered_with_one_sentence(
    tmp_path: Path, text: str, words: str
) -> None:
    with pytest.raises(UsageError) as caught:
        configured(tmp_path, text)
    assert words in str(caught.value)
    assert str(caught.value).endswith(".") and "\n" not in str(caught.value)


def test_apis_of_one_host_share_their_rate(tmp_path: Path) -> None:
    path = tmp_path / "apis.toml"
    path.write_text(
        '[[api]]\nurl="http://x/a"\n[[api]]\nurl="http://x/b"\n[[api]]\nurl="http://y/"'
    )
    one, two, other = read_apis(path, {})
    assert one.rate_limit is two.rate_limit is not other.rate_limit


@given(
    st.integers(1, 5),
    st.floats(0.5, 100),
    st.lists(st.floats(0, 50), min_size=1, max_size=40),
)
def test_no_span_holds_more_requests_than_allowed(
    count: int, span_s: float, gaps: list[float]
) -> None:
    limit, now, sent = RateLimit(count, span_s), 0.0, []
    for gap in gaps:
        now += gap
        now += limit.reserve(now)
        sent.append(now)
    assert all(
        later - earlier >= span_s - 1e-6 for earlier, later in zip(sent, sent[count:], strict=False)
    )


def test_requests_within_the_rate_are_not_delayed() -> None:
    limit = RateLimit.parse("3 per minute")
    assert [limit.reserve(now) for now in (0, 1, 2, 70)] == [0, 0, 0, 0]
    assert limit.reserve(71) == 0
    assert limit.reserve(72) == 0
    assert limit.reserve(73) == 57


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inside: (
        st.lists(inside, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "title", "items"]), inside, max_size=3)
    ),
    max_leaves=12,
)


@given(json_values, st.text(alphabet="a.[]*01-", max_size=12))
def test_any_path_into_any_document_leads_somewhere_or_nowhere(value: Any, text: str) -> None:
    try:
        path = JsonPath(text)
    except ValueError:
        return
    assert all(texts_at([path], value))


@given(st.binary(max_size=100) | json_values.map(msgspec.json.encode))
def test_any_answer_is_items_or_not_a_feed(
    tmp_path_factory: pytest.TempPathFactory, body: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.toml"
    path.write_text('[[api]]\nurl = "http://x/"\nitems = "items"')
    (api,) = read_apis(path, {})
    try:
        items = items_of(api, decode_answer(body))
    except NotAFeed:
        return
    assert all(isinstance(item.title, str) for item in items)
