"""Sentiment: tokens, lexicon, n-grams, and links to instruments."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickfire.models.sentiment import lexicon
from tickfire.models.sentiment.features import (
    CAP,
    LEXICON_FEATURES,
    char_ngrams,
    lexicon_features,
    word_ngrams,
)
from tickfire.models.sentiment.linking import Linker
from tickfire.models.sentiment.text import MAX_TOKENS, shape, tokens

LEXICON = lexicon.words()


@given(st.text(max_size=400))
def test_tokens_are_lower_case_ascii(text: str) -> None:
    found = tokens(text)
    assert len(found) <= MAX_TOKENS
    for token in found:
        assert token.isascii() and token == token.lower() and " " not in token
        assert shape(token)
        lexicon_features([token], LEXICON)


@given(st.text(st.characters(codec="ascii"), max_size=200))
def test_case_and_urls_do_not_matter(text: str) -> None:
    if "://" not in text:
        assert tokens(text.upper()) == tokens(text.lower())
        assert tokens(f"{text} https://a.b/c?d") == tokens(f"{text} ")


def test_numbers_and_tags_become_marks() -> None:
    read = tokens("$AAPL #stocks up +3.5%, -2% (or 12%) to 1,200.50 from $900: why?")
    assert [shape(token) for token in read] == [
        *("<tag>", "<hash>", "up", "<+%>", "<-%>", "or", "<%>", "to", "<n>", "from", "<n>"),
        *("why", "?"),
    ]


def named(text: str) -> dict[str, int]:
    counts = lexicon_features(tokens(text), LEXICON)
    return {name: n for name, n in zip(LEXICON_FEATURES, counts, strict=True) if n}


@pytest.mark.parametrize(
    ("text", "feature"),
    [
        ("Loss narrowed", "a bad thing shrinks"),
        ("Losses widened", "a bad thing grows"),
        ("Sales rose", "a good thing grows"),
        ("Dividend was cut", "a good thing shrinks"),
        ("Costs did not rise", "a bad thing shrinks"),
        ("Sales never declined", "a good thing grows"),
        ("Temperatures rise", "something grows"),
        ("Profit was 13.1 mn, compared to 8.7 mn", "a good figure is above the one it is compared"),
        ("Profit was 8.7 mn from 13.1 mn", "a good figure is below it"),
        ("Loss of 2 million versus 500 thousand", "a bad figure is above it"),
        ("Loss of 500 thousand versus 2 million", "a bad figure is below it"),
        ("Shares +3%", "a percentage with a plus"),
        ("Is it over?", "questions"),
        ("It may happen", "hedges"),
    ],
)
def test_lexicon_finds_directions(text: str, feature: str) -> None:
    assert any(name.startswith(feature) for name in named(text)), named(text)


def test_years_and_dates_are_not_compared() -> None:
    assert not any("figure" in name for name in named("Profit from 2007 to 2008, 12.5.2008"))


@given(st.lists(st.sampled_from([*sorted(LEXICON), "3%", "+1%", "17", "$x", "?", "word"])))
def test_counts_are_capped_and_attributed(read: list[str]) -> None:
    owners: list[tuple[int, int]] = []
    counts = lexicon_features(read, LEXICON, owners)
    assert len(counts) == len(LEXICON_FEATURES) and all(0 <= n <= CAP for n in counts)
    balance = len(LEXICON_FEATURES) - 3
    assert sum(counts[balance:]) <= 1
    for feature, n in enumerate(counts[:balance]):
        assert n == min(CAP, sum(owner == feature for owner, _ in owners))


def test_ngrams() -> None:
    assert list(word_ngrams(["a", "b", "c"])) == ["a", "b", "c", "a b", "b c", "a * c"]
    assert list(char_ngrams("up")) == [" up", "up ", " up "]


def test_names_are_linked_if_instrument_is_known() -> None:
    linker = Linker({"AAPL", "BAC", "ESZ6", "ESH7", "GCZ6", "MSFT"})
    found = linker.symbols
    assert found("Apple's iPhone and Bank of America; Boeing waits") == ("AAPL", "BAC")
    assert found("apple pie") == ()
    assert found("$TSLA and (NYSE: GE), then MSFT") == ("TSLA", "GE", "MSFT")
    assert found("S&P 500 ends higher as gold eases") == ("ESZ6", "GCZ6")
    assert found("Microsoft buys", given=("XYZ",)) == ("XYZ", "MSFT")


@given(st.text(max_size=200), st.sets(st.sampled_from(["AAPL", "ESZ6", "BRK.B", "6EH7"])))
def test_any_text_can_be_linked(text: str, known: set[str]) -> None:
    found = Linker(known).symbols(text)
    assert len(set(found)) == len(found)
