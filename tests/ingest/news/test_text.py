from __future__ import annotations

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickfire.ingest.news.text import MAX_UNESCAPES, plain, symbols_in

pieces = st.sampled_from(
    [
        *"<b> </p> <script> </script> &lt; &amp; <!-- --> <![CDATA[ ]]> < > a é $ ) (NYSE:".split(),
        *["<svg/onload=x>", "<img src=x onerror=alert(1)>", "<a href='", "&#60;"],
        *["\x00", "\u202e", "\x92", "\n", " "],
    ]
)
markup = st.lists(pieces | st.text(max_size=5), max_size=30).map("".join)

words = st.text(alphabet="abcé5", min_size=1, max_size=6)
html_of = st.recursive(
    words,
    lambda inside: (
        st.tuples(st.sampled_from(["b", "p", "span", "H1", "made-up"]), inside).map(
            lambda pair: f"<{pair[0]} class='>'>{pair[1]}</{pair[0]}>"
        )
        | st.tuples(
            inside, st.sampled_from(["<br>", "<br/>", "<img alt='x'>", "<p>", "<!-- a -->"])
        )
        .map("".join)
        .map(lambda text: text + "z")
        | st.tuples(inside, inside).map("".join)
    ),
    max_leaves=8,
)


@given(markup, st.integers(0, MAX_UNESCAPES - 1), st.integers(1, 60))
def test_any_markup_becomes_one_line_without_control_characters(
    text: str, escapes: int, limit: int
) -> None:
    for _ in range(escapes):
        text = html.escape(text)
    made = plain(text, limit)
    assert len(made) <= limit
    assert made == " ".join(made.split())
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e]", made)
    assert not re.search(r"<script>.*</script>|<img src=x[^<]*>|<b>.*</b>", made)
    symbols_in(made, ())


@given(html_of, st.integers(0, MAX_UNESCAPES - 1))
def test_no_markup_is_left_even_if_escaped_repeatedly(text: str, escapes: int) -> None:
    expected = re.sub(r"<!--.*?-->|<(?:[^<>']|'[^']*')*>", "", text)
    for _ in range(escapes):
        text = html.escape(text)
    assert plain(text, 10_000).replace(" ", "") == expected


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("&#" + "0" * 9000 + "65;B", "AB"),
        ("&#" + "9" * 9000 + ";B", "\ufffdB"),
        ("&amp;#" + "9" * 9000 + " B", "\ufffd B"),
        ("&#x" + "f" * 9000 + ";B", "\ufffdB"),
        ("&#00000000;B", "\ufffdB"),
    ],
)
def test_a_reference_may_have_any_number_of_digits(reference: str, expected: str) -> None:
    assert plain(reference, 10) == expected


@pytest.mark.parametrize(
    "piece", ["<", "<a ", "<a b='", "<!--", "<![CDATA[", "&", "&#9", "<q> ", "(", "(NYSE: A, "]
)
def test_hostile_text_is_read_in_linear_time(piece: str) -> None:
    text = plain(piece * (400_000 // len(piece)), 400_000)  # quadratic time would take minutes
    symbols_in(text, ())


@given(st.text(alphabet=st.characters(categories=("L", "N")), max_size=40))
def test_plain_text_is_unchanged(text: str) -> None:
    assert plain(text, 100) == text


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ("<p>One</p><p>two</p>", "One two"),
        ("AT&amp;T up", "AT&T up"),
        ("&lt;b&gt;Bold&lt;/b&gt; move", "Bold move"),
        ("a<script>alert(1)</script>b", "ab"),
        ("<p>Hello<script>x=1", "Hello"),
        ("<![CDATA[One]]> <![CDATA[two", "One two"),
        ("one<!-- two -->", "one"),
        ("cut off <a href='http://x.exam", "cut off"),
        ("one<br>two", "one two"),
        ("It\x92s", "It\u2019s"),
        ("Why <script> tags slow shops", "Why <script> tags slow shops"),
        ("<script> considered harmful", "<script> considered harmful"),
        ("Use <strong>, not <b>, for emphasis", "Use <strong>, not <b>, for emphasis"),
        ("Why <br> tags matter", "Why <br> tags matter"),
        ("The </div> that broke it", "The </div> that broke it"),
        ("List<String> in Java", "List<String> in Java"),
        ("5 < 6 and 7 > 6", "5 < 6 and 7 > 6"),
        ("line\none\t two", "line one two"),
        ("abcdefghij", "abcdefg…"),
    ],
)
def test_markup_becomes_the_text_that_a_reader_sees(markup: str, expected: str) -> None:
    assert plain(markup, 8 if expected.endswith("…") else 100) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$AAPL and $MSFT rise, $AAPL most", ("AAPL", "MSFT")),
        ("Apple (NASDAQ: AAPL) beats", ("AAPL",)),
        ("Berkshire (NYSE:BRK.B) buys", ("BRK.B",)),
        ("ESU4 rises with NVDA", ("ESU4", "NVDA")),
        ("IT spending: A and ON are words", ()),
        ("USA and UNKNOWN are no symbols", ()),
        ("costs $5 and $1.2 billion", ()),
        ("", ()),
    ],
)
def test_marked_and_known_symbols_are_found(text: str, expected: tuple[str, ...]) -> None:
    assert symbols_in(text, {"ESU4", "NVDA", "A", "IT", "ON"}) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("(Nasdaq: ACME)", "ACME"),
        ("(NASDAQ® : $ACME)", "ACME"),
        ("(NASDAQ:AAPL \u2013 Get Free Report)", "AAPL"),
        ("(Nasdaq Global Select Market: GOOG, GOOGL)", "GOOG GOOGL"),
        ("(NASDAQ: LBTYA, LBTYB and LBTYK)", "LBTYA LBTYB LBTYK"),
        ("(NYSE American: EPM)", "EPM"),
        ("(NYSE Arca: SPY)", "SPY"),
        ("(NYSE: A, TSX: B)", "A B"),
        ("(Nasdaq: A; B)", "A B"),
        ("(NYSE/TSX: GOLD) (NYSE and TSX: ABX)", "GOLD ABX"),
        ("(TSXV: XYZ) (TSX-V: XYY) (TSX Venture: XYW)", "XYZ XYY XYW"),
        ("(TSX.V: AB | OTCQB: ABF | FSE: 1AB)", "AB ABF 1AB"),
        ("(OTCQX: ABCDF) (OTC Pink: TCEHY) (OTCMKTS:ABCD)", "ABCDF TCEHY ABCD"),
        ("(LSE: BP.) (AIM: ABC) (ASX: BHP) (CBOE: VIX)", "BP ABC BHP VIX"),
        ("(HKEX: 0700) (TSE: 7203)", "0700 7203"),
        ("(New York Stock Exchange: IBM)", "IBM"),
        ("(Nasdaq Stockholm: ERIC B)", "ERIC B"),
        ("(NYSE: HEI, HEI.A)", "HEI HEI.A"),
        ("(NYSE: “T”) [NYSE: X]", "T X"),
        ("NYSE:GME soars", "GME"),
        ("(NYSE: BRK-B)", "BRK-B"),
        ("(NYSE: A new high) (CEO: BOB) (Nasdaq: 100)", ""),
        ("US$AAPL", ""),
    ],
)
def test_listings_give_symbols(text: str, expected: str) -> None:
    assert " ".join(symbols_in(text, ())) == expected


@pytest.mark.parametrize("written", ["BRK.B", "BRK-B", "BRK/B", "BRK B"])
@pytest.mark.parametrize("known", ["BRK.B", "BRK-B", "BRK/B", "BRK B", "BRKB"])
def test_a_class_of_shares_is_found_however_it_is_written(written: str, known: str) -> None:
    assert symbols_in(f"Berkshire (NYSE: {written})", {known}) == (known,)
