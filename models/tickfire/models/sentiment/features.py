"""Features of a tokenised headline: n-grams, and counts by the finance lexicon. Pure.

All features are whole numbers, so that their sums are exact on every machine, in any order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from tickfire.models.sentiment.lexicon import (
    BAD,
    DOWN,
    GOOD,
    HEDGE,
    NEG,
    NOT,
    POS,
    ROUTINE,
    UP,
    VERSUS,
)

type Count = Callable[[int, int], None]
"""Function to call with a feature and the index of the token that it is due to."""

LEXICON_FEATURES: Final = (
    "good words",
    "bad words",
    "a good thing grows",
    "a good thing shrinks",
    "a bad thing grows",
    "a bad thing shrinks",
    "something grows",
    "something shrinks",
    "negations",
    "a percentage with a plus",
    "a percentage with a minus",
    "percentages",
    "questions",
    "hedges",
    "routine words",
    "a good figure is above the one it is compared with",
    "a good figure is below it",
    "a bad figure is above it",
    "a bad figure is below it",
    "tags",
    "more good than bad",
    "more bad than good",
    "neither",
)
"""Counts by the lexicon, each cut off at `CAP`."""
CAP: Final = 3
REACH_BACK: Final = 5
"""Number of tokens before a direction in which to look for the thing that moves."""
REACH_ON: Final = 4
"""Number of tokens after a direction in which to look for it."""
NEGATION_REACH: Final = 3
"""Number of tokens after a negation that it turns into their opposite."""
COMPARED_WITHIN: Final = 8
"""Maximum number of tokens between a figure and the word that compares it."""
CHAR_NGRAMS: Final = (3, 4, 5)
FIRST_YEAR: Final = 1900
LAST_YEAR: Final = 2100

_UNITS: Final[Mapping[str, float]] = {
    **dict.fromkeys(("thousand", "k"), 1e3),
    **dict.fromkeys(("million", "mn", "m", "mln"), 1e6),
    **dict.fromkeys(("billion", "bn", "b", "bln"), 1e9),
}
_MOVES: Final = UP | DOWN
_THINGS: Final = GOOD | BAD

_POS, _NEG, _GOOD_UP, _GOOD_DOWN, _BAD_UP, _BAD_DOWN, _BARE_UP, _BARE_DOWN, _NOT = range(9)
_PLUS, _MINUS, _PERCENT, _QUESTION, _HEDGE, _ROUTINE, _ABOVE, _BELOW, _BAD_ABOVE = range(9, 18)
_BAD_BELOW, _TAGS, _MORE_GOOD, _MORE_BAD, _NEITHER = range(18, len(LEXICON_FEATURES))


def word_ngrams(shapes: Sequence[str]) -> Iterator[str]:
    """Yield words, pairs of neighbours, and pairs with one word between; with repetitions."""
    yield from shapes
    for at in range(len(shapes) - 1):
        yield f"{shapes[at]} {shapes[at + 1]}"
    for at in range(len(shapes) - 2):
        yield f"{shapes[at]} * {shapes[at + 2]}"


def char_ngrams(word: str) -> list[str]:
    """Return the pieces of a word of 3 to 5 characters; a space marks its ends."""
    padded = f" {word} "
    size = len(padded)
    return [padded[at : at + length] for length in CHAR_NGRAMS for at in range(size - length + 1)]


def lexicon_features(
    tokens: Sequence[str], lexicon: Mapping[str, int], owners: list[tuple[int, int]] | None = None
) -> list[int]:
    """Return the counts of `LEXICON_FEATURES` for a text.

    Parameters
    ----------
    tokens : sequence of str
        Tokens of the text.
    lexicon : mapping of str to int
        Words with their classes.
    owners : list of (feature, token), optional
        List to append each feature to, with the index of the token that it is due to.
    """
    counts = [0] * len(LEXICON_FEATURES)
    classes = [lexicon.get(token, 0) for token in tokens]
    negated = -1  # index of the last token that a negation covers
    compares = False

    def count(feature: int, at: int) -> None:
        counts[feature] += 1
        if owners is not None:
            owners.append((feature, at))

    for at, bits in enumerate(classes):
        if not bits:
            _count_mark(tokens[at], at, count)
            continue
        turned = at <= negated
        if bits & NOT:
            count(_NOT, at)
            negated = at + NEGATION_REACH
        if bits & (POS | NEG):
            count(_NEG if (bits & POS == 0) != turned else _POS, at)
        if bits & _MOVES:
            count(_move(classes, at, (bits & UP != 0) != turned), at)
        if bits & HEDGE:
            count(_HEDGE, at)
        if bits & ROUTINE:
            count(_ROUTINE, at)
        compares = compares or bits & VERSUS != 0
    if compares:
        for at, bits in enumerate(classes):
            if bits & VERSUS:
                _compare(tokens, classes, at, count)
    _weigh(counts)
    return [min(number, CAP) for number in counts]


def _move(classes: Sequence[int], at: int, up: bool) -> int:
    """Return the feature of a direction, by whether the thing that moves is good or bad."""
    thing = _thing_near(classes, at)
    if thing == 0:
        return _BARE_UP if up else _BARE_DOWN
    if thing & GOOD:
        return _GOOD_UP if up else _GOOD_DOWN
    return _BAD_UP if up else _BAD_DOWN


def _count_mark(token: str, at: int, count: Count) -> None:
    first = token[0]
    if token[-1] == "%":
        count(_PLUS if first == "+" else _MINUS if first == "-" else _PERCENT, at)
    elif first == "?":
        count(_QUESTION, at)
    elif (first == "$" and not "0" <= token[1] <= "9") or first == "#":
        count(_TAGS, at)


def _thing_near(classes: Sequence[int], at: int) -> int:
    """Return the classes of the nearest thing that can move, the earlier of two; 0 for none."""
    for distance in range(1, REACH_BACK + 1):
        if distance <= at and classes[at - distance] & _THINGS:
            return classes[at - distance]
        if distance <= REACH_ON and at + distance < len(classes):
            if classes[at + distance] & _THINGS:
                return classes[at + distance]
    return 0


def _compare(tokens: Sequence[str], classes: Sequence[int], at: int, count: Count) -> None:
    """Count a comparison of the figures on both sides of a word such as "from" or "versus"."""
    now = _figure(tokens, range(at - 1, max(at - COMPARED_WITHIN, 0) - 1, -1))
    then = _figure(tokens, range(at + 1, min(at + COMPARED_WITHIN + 1, len(tokens))))
    if now is None or then is None or now == then:
        return
    thing = GOOD
    for before in range(at - 1, -1, -1):
        if classes[before] & _THINGS:
            thing = classes[before]
            break
    if thing & GOOD:
        count(_ABOVE if now > then else _BELOW, at)
    else:
        count(_BAD_ABOVE if now > then else _BAD_BELOW, at)


def _figure(tokens: Sequence[str], indices: range) -> float | None:
    """Return the first amount among tokens, not counting percentages, years and dates."""
    for at in indices:
        digits = tokens[at].lstrip("+-$")
        if not digits or not "0" <= digits[0] <= "9" or digits[-1] == "%":
            continue
        if digits.count(".") > 1:
            continue  # it is a date
        value = float(digits.replace(",", ""))
        if "." not in digits and FIRST_YEAR <= value <= LAST_YEAR:
            continue
        unit = tokens[at + 1] if at + 1 < len(tokens) else ""
        return value * _UNITS.get(unit, 1.0)
    return None


def _weigh(counts: list[int]) -> None:
    """Set the last features, which compare the good with the bad ones."""
    good = counts[_POS] + counts[_GOOD_UP] + counts[_BAD_DOWN] + counts[_PLUS]
    good += counts[_ABOVE] + counts[_BAD_BELOW]
    bad = counts[_NEG] + counts[_GOOD_DOWN] + counts[_BAD_UP] + counts[_MINUS]
    bad += counts[_BELOW] + counts[_BAD_ABOVE]
    counts[_MORE_GOOD] = int(good > bad)
    counts[_MORE_BAD] = int(bad > good)
    counts[_NEITHER] = int(good == 0 and bad == 0)
