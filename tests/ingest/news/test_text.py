from __future__ import annotations

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickfire.ingest.news.text import plain, symbols_in

pieces = st.sampled_from(
    [
        "<b>",
        "</p>",
        "<script>",
        "</script>",
        "&lt;",
        "&amp;",
        "<!--",
        "-->",
        "<",
        ">",
        "a",
        " ",
        "]]>",
        *[
            "<img src=x onerror=alert(1)>",
            "<svg/onload=x>",
            "\x00",
            "\u202e",
            "é",
            "\n",
            "&#60;i&#62;",
        ],
    ]
)
markup = st.lists(pieces | st.text(max_size=5), max_size=30).map("".join)


@given(markup, st.integers(0, 5), st.integers(1, 60))
def test_no_tag_is_left_even_if_escaped_repeatedly(text: str, escapes: int, limit: int) -> None:
    for _ in range(escapes):
        text = html.escape(text)
    made = plain(text, limit)
    assert not re.search(r"<[A-Za-z/!?]", made)
    assert len(made) <= limit
    assert made == " ".join(made.split())
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e]", made)


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
