from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.newsserver import atom, rss
from tickfire.ingest.news import times
from tickfire.ingest.news.feed import MAX_ENTRIES, Document, NotAFeed, headlines
from tickfire.ingest.news.items import MAX_ITEMS

URL = "http://feed.example/news.xml"
NOW = 1_800_000_000_000_000_000


def of(body: bytes, content_type: str = "application/rss+xml") -> Document:
    return Document(URL, content_type, body)


def channel(items: str) -> bytes:
    return f'<rss version="2.0"><channel><title>t</title>{items}</channel></rss>'.encode()


def titles(body: bytes) -> list[str]:
    return [one.title for one in headlines(of(body), NOW)]


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


@pytest.mark.parametrize("order", [1, -1], ids=["newest first", "oldest first"])
def test_the_newest_entries_of_a_very_long_feed_are_kept(order: int) -> None:
    numbers = range(MAX_ENTRIES + 50)
    items = "".join(
        f"<item><title>Story {n}</title><link>http://news.example/{n}</link>"
        f"<pubDate>Mon, 01 Jul 2024 {n // 60:02d}:{n % 60:02d}:00 GMT</pubDate></item>"
        for n in list(numbers)[::order]
    )
    found = headlines(of(channel(items)), NOW)
    assert [one.title for one in found] == [f"Story {n}" for n in numbers[50:]]


def test_more_items_than_are_read_are_told(caplog: pytest.LogCaptureFixture) -> None:
    listed = "".join(f"<item><title>T{n}</title></item>" for n in range(MAX_ITEMS + 7))
    assert len(headlines(of(channel(listed)), NOW)) == MAX_ENTRIES
    assert f"lists {MAX_ITEMS + 7} items; only the first {MAX_ITEMS} are read" in caplog.text


def test_entries_without_dates_are_not_tried_in_every_form(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    forms: list[str] = []
    monkeypatch.setattr(times, "_parse", lambda text, host: forms.append(text))
    headlines(of(channel("<item><title>T</title><pubDate>soon</pubDate></item>" * 50)), NOW)
    assert forms == []


def test_of_undated_entries_the_first_listed_is_the_newest() -> None:
    items = "".join(f"<item><title>{title}</title></item>" for title in ("Newest", "Older"))
    assert titles(channel(items)) == ["Older", "Newest"]


@pytest.mark.parametrize(
    ("guid", "link"),
    [
        ("N/A", "http://news.example/{n}"),
        ("N/A", "http://news.example/latest"),
        ("42", "http://news.example/latest"),
        ("http://news.example/", "http://news.example/"),
        ("urn:x:one", "http://news.example/{n}"),
        ("", "http://news.example/latest"),
        ("", ""),
    ],
)
def test_a_guid_or_link_that_items_share_is_no_identity(guid: str, link: str) -> None:
    def body(*numbers: int) -> bytes:
        return channel(
            "".join(
                f"<item><guid>{guid}</guid><title>Story {n}</title>"
                f"<link>{link.format(n=n)}</link></item>"
                for n in numbers
            )
        )

    first = headlines(of(body(5, 4, 3, 2, 1)), NOW)
    later = headlines(of(body(7, 6, 5, 4, 3)), NOW)
    assert [one.title for one in first] == [f"Story {n}" for n in range(1, 6)]
    assert len({one.id for one in [*first, *later]}) == 7


@pytest.mark.parametrize("guid", ["N/A", "n/a", "None", "null", "-", "0", " ", "http://a.example"])
def test_a_placeholder_is_no_identity_even_of_one_item(guid: str) -> None:
    item = f"<item><guid>{guid}</guid><title>%s</title></item>"
    one, two = (headlines(of(channel(item % title)), NOW)[0] for title in ("One", "Two"))
    assert one.id != two.id


def test_an_item_listed_twice_is_one_headline() -> None:
    item = "<item><guid>x1</guid><title>Once</title></item>"
    assert titles(channel(item * 2)) == ["Once"]


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("&lt;![CDATA[Fed &amp;amp; rates]]&gt;", "Fed & rates"),
        ("<![CDATA[<![CDATA[Twice]]]]><![CDATA[>]]>", "Twice"),
        ("<![CDATA[<b>Bold</b> & plain]]>", "Bold & plain"),
        ("Why &lt;script&gt; tags slow shops", "Why <script> tags slow shops"),
        ("<![CDATA[Why &lt;b&gt; tags stay]]>", "Why <b> tags stay"),
        ("S&P 500 and AT&T; Q&A", "S&P 500 and AT&T; Q&A"),
        ("Caf&eacute;&nbsp;prices &hellip; up &#8364;3", "Café prices … up €3"),
        ("Don&#146;t &#x92;panic&#0;", "Don\u2019t \u2019panic�"),
        ("Inflation <3% & falling", "Inflation <3% & falling"),
        ("Tab\x0bbed\x00", "Tabbed"),
    ],
)
def test_a_title_reads_as_its_publisher_meant_it(title: str, expected: str) -> None:
    assert titles(channel(f"<item><title>{title}</title></item>")) == [expected]


ENCODED = "<item><title>Zürich \u2013 3 €</title></item><item><title>%s</title></item>"


@pytest.mark.parametrize(
    ("head", "content_type"),
    [
        ('<?xml version="1.0"?>', "application/rss+xml"),
        ('<?xml version="1.0" encoding="UTF-8"?>', "text/xml; charset=utf-8"),
        ('<?xml version="1.0" encoding="ISO-8859-1"?>', "text/xml"),
        ("", ""),
    ],
)
@pytest.mark.parametrize("stray", [b"\xff", b"\x92", b"\xe2\x80", b"\xc3"])
def test_a_stray_byte_spoils_no_other_title(head: str, content_type: str, stray: bytes) -> None:
    body = head.encode() + channel(ENCODED % "It@s here").replace(b"@", stray)
    made = [one.title for one in headlines(of(body, content_type), NOW)]
    assert made[1] == "Zürich \u2013 3 €"
    assert made[0].startswith("It") and made[0].endswith("s here") and len(made[0]) <= 10


@pytest.mark.parametrize(
    ("encoding", "declared"),
    [
        ("cp1252", "ISO-8859-1"),
        ("cp1252", "utf-8"),
        ("cp1252", "no-such-encoding"),
        ("utf-8", "ISO-8859-1"),
        ("utf-8", "us-ascii"),
        ("utf-8-sig", "windows-1252"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16"),
        ("utf-32", "utf-8"),
    ],
)
def test_the_encoding_is_the_true_one(encoding: str, declared: str) -> None:
    text = f'<?xml version="1.0" encoding="{declared}"?>' + channel(ENCODED % "x").decode()
    assert titles(text.encode(encoding))[1] == "Zürich \u2013 3 €"


@pytest.mark.parametrize("encoding", ["shift_jis", "gb2312", "euc-kr", "iso-2022-jp", "koi8-r"])
def test_other_encodings_are_read_as_declared(encoding: str) -> None:
    title = {"euc-kr": "코스피 상승", "koi8-r": "Рубль растёт"}.get(encoding, "日本 市")
    text = f'<?xml version="1.0" encoding="{encoding}"?>'
    text += channel(f"<item><title>{title}</title></item>").decode()
    assert titles(text.encode(encoding)) == [title]


@pytest.mark.parametrize(
    ("date", "host", "utc"),
    [
        ("Mon, 01 Jul 2024 12:00:00 CEST", "a.example", "10:00"),
        ("Mon, 01 Jul 2024 12:00:00 BST", "a.example", "11:00"),
        ("Mon, 01 Jul 2024 22:00:00 JST", "a.example", "13:00"),
        ("Mon, 01 Jul 2024 12:00:00 IST", "a.example", "06:30"),
        ("Mon, 01 Jul 2024 12:00:00 IST", "news.rte.ie", "11:00"),
        ("Mon, 01 Jul 2024 12:00:00 EDT", "a.example", "16:00"),
        ("Mon, 01 Jul 2024 12:00:00 +0530", "a.example", "06:30"),
        ("2024-07-01T12:00:00+02:00", "a.example", "10:00"),
        ("July 1, 2024 4:05 PM ET", "a.example", "20:05"),
    ],
)
def test_a_date_is_read_in_its_zone(date: str, host: str, utc: str) -> None:
    body = channel(f"<item><title>x</title><pubDate>{date}</pubDate></item>")
    (one,) = headlines(Document(f"http://{host}/", "text/xml", body), NOW)
    hours, minutes = map(int, utc.split(":"))
    assert one.published == (1719792000 + hours * 3600 + minutes * 60) * 1_000_000_000


@given(st.binary(max_size=200) | st.binary(max_size=80).map(lambda b: rss(("a", "x")) + b))
def test_arbitrary_bytes_raise_nothing_but_not_a_feed(body: bytes) -> None:
    try:
        found = headlines(of(body), NOW)
    except NotAFeed:
        return
    assert all(one.title for one in found)
