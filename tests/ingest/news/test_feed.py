from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.newsserver import atom, rss
from tickfire.ingest.news.feed import MAX_ENTRIES, Document, NotAFeed, headlines

URL = "http://feed.example/news.xml"
NOW = 1_800_000_000_000_000_000


def of(body: bytes, content_type: str = "application/rss+xml") -> Document:
    return Document(URL, content_type, body)


def test_rss_becomes_headlines_oldest_first() -> None:
    newest, oldest = ("b", "Second"), ("a", "First &amp; foremost")
    first, second = headlines(of(rss(newest, oldest)), NOW)
    assert (first.title, second.title) == ("First & foremost", "Second")
    assert first.source == "Wire"
    assert first.url == "http://news.example/a"
    assert first.published == 1719838680_000_000_000  # 2024-07-01 12:58:00
    assert first.received == NOW
    assert first.id != second.id


def test_atom_becomes_headlines_with_plain_summaries_and_absolute_links() -> None:
    (one,) = headlines(of(atom(("k", "&lt;b&gt;Bold&lt;/b&gt; move")), "application/atom+xml"), NOW)
    assert (one.title, one.summary) == ("Bold move", "About k.")
    assert one.url == "http://feed.example/story/k"


def test_an_entry_keeps_its_id_when_its_text_changes() -> None:
    before, after = (headlines(of(rss(("g", text))), NOW)[0] for text in ("Before", "After"))
    assert before.id == after.id


def test_a_bare_guid_is_unique_only_within_its_feed() -> None:
    here = headlines(of(rss(("1", "x"))), NOW)[0]
    there = headlines(Document("http://other.example/", "text/xml", rss(("1", "x"))), NOW)[0]
    assert here.id != there.id


def test_the_link_identifies_an_entry_without_guid() -> None:
    body = rss(("a", "x"), ("b", "x")).replace(b"guid", b"other")
    one, two = headlines(of(body), NOW)
    assert one.id != two.id
    assert one.id == next(h for h in headlines(of(body), NOW + 5) if h.url == one.url).id


def test_symbols_are_recognised() -> None:
    (one,) = headlines(of(rss(("a", "ESU4 slips, (NASDAQ: AAPL) too"))), NOW, {"ESU4"})
    assert one.symbols == ("ESU4", "AAPL")


@pytest.mark.parametrize("date", ["", "yesterday", "Mon, 01 Jul 2999 00:00:00 GMT"])
def test_an_implausible_date_is_replaced_by_now(date: str) -> None:
    body = rss(("a", "x")).replace(b"Mon, 01 Jul 2024 12:59:00 GMT", date.encode())
    assert headlines(of(body), NOW)[0].published == NOW


def test_a_link_that_is_not_http_is_dropped() -> None:
    body = rss(("a", "x")).replace(b"http://news.example/a", b"javascript:alert(1)")
    assert headlines(of(body), NOW)[0].url == ""


def test_a_truncated_document_yields_the_entries_before_the_cut() -> None:
    whole = rss(("a", "One"), ("b", "Two"))
    cut = whole[: whole.index(b"<title>Two") + 9]
    assert "One" in [one.title for one in headlines(of(cut), NOW)]


def test_an_html_page_is_refused() -> None:
    with pytest.raises(NotAFeed):
        headlines(of(b"<html><body><h1>Log in</h1></body></html>", "text/html"), NOW)


def test_an_empty_feed_has_no_headlines() -> None:
    assert headlines(of(rss()), NOW) == []


def test_a_body_is_never_taken_for_a_file_name(tmp_path: Path) -> None:
    secret = tmp_path / "secret.xml"
    secret.write_bytes(rss(("a", "Secret")))
    with pytest.raises(NotAFeed):
        headlines(of(str(secret).encode()), NOW)


def test_entities_are_not_expanded_and_files_are_not_read() -> None:
    bomb = (
        b'<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY a "aaaaaaaaaa">'
        + b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(8))
        + b'<!ENTITY file SYSTEM "file:///etc/hostname">]>'
        + b'<rss version="2.0"><channel><title>t</title><item><title>&i; &file; x</title></item>'
        + b"</channel></rss>"
    )
    assert [one.title for one in headlines(of(bomb), NOW)] == ["&i; &file; x"]


def test_a_very_long_feed_is_truncated() -> None:
    body = rss(*((str(n), f"Story {n}") for n in range(MAX_ENTRIES + 50)))
    body = body.replace(b":-", b":0")
    assert len(headlines(of(body), NOW)) == MAX_ENTRIES


@given(st.binary(max_size=200) | st.binary(max_size=80).map(lambda b: rss(("a", "x")) + b))
def test_arbitrary_bytes_raise_nothing_but_not_a_feed(body: bytes) -> None:
    try:
        found = headlines(of(body), NOW)
    except NotAFeed:
        return
    assert all(one.title for one in found)
