"""Lexicon of finance words that tell a direction, compiled for this project.

A word belongs to classes, the bits below. Whether "fell" is bad depends on what fell; see
`tickfire.models.sentiment.features`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

POS: Final = 1
"""Good by itself."""
NEG: Final = 2
"""Bad by itself."""
UP: Final = 4
"""A direction: more."""
DOWN: Final = 8
"""A direction: less."""
GOOD: Final = 16
"""A thing of which more is better."""
BAD: Final = 32
"""A thing of which more is worse."""
NOT: Final = 64
"""A negation, which turns the words after it into their opposite."""
HEDGE: Final = 128
"""A word of uncertainty."""
VERSUS: Final = 256
"""A word between a figure and the one that it is compared with."""
ROUTINE: Final = 512
"""A word of routine notices, which are neither good nor bad."""

_VERBS: Final[Mapping[int, str]] = {
    POS: "beat exceed outperform upgrade approve boost win gain improve recover rally rebound"
    " surpass succeed benefit soar surge jump thrive strengthen accelerate award expand launch"
    " raise secure reinstate hire reward impress profit celebrate resolve top crush buy partner",
    NEG: "miss downgrade underperform warn plunge slump tumble crash sink slide plummet weaken"
    " disappoint delay halt suspend recall fine sue probe investigate default suffer struggle"
    " collapse lose fail reject fire shutter close hurt threaten slash dump worsen deteriorate"
    " drag pressure hit breach resign quit withdraw cancel terminate bleed stumble falter"
    " shrink damage penalize accuse charge strike batter pummel drop fall sell",
    UP: "rise increase grow climb jump surge soar gain advance expand widen raise lift boost"
    " double triple rebound rally accelerate exceed improve swell hike extend spike edge",
    DOWN: "fall decrease decline drop shrink narrow lower cut reduce slip slide tumble plunge"
    " slump sink dip ease trim halve contract slash weaken drag plummet retreat dive cool"
    " fade slow lose tank",
    HEDGE: "expect plan consider seek weigh discuss explore propose estimate intend aim",
    ROUTINE: "announce appoint schedule present host participate report declare name publish"
    " convene attend elect file disclose introduce release sign",
}
_NOUNS: Final[Mapping[int, str]] = {
    POS: "upside breakthrough optimism outperformance upgrade recovery milestone tailwind"
    " opportunity turnaround momentum confidence",
    NEG: "downside warning lawsuit layoff bankruptcy fraud recession crisis headwind shortfall"
    " outage scandal probe downturn selloff bear fear concern worry uncertainty dispute tariff"
    " strike weakness pessimism slowdown shortage plunge downgrade penalty setback trouble"
    " disruption writedown impairment restatement outbreak virus turmoil",
    GOOD: "profit sale revenue earning income margin order dividend demand growth share price"
    " output production volume export result turnover cash guidance outlook forecast target"
    " traffic subscriber user customer stock eps ebit ebitda future index payout backlog booking"
    " shipment yield value capacity rating gdp payroll spending investment",
    BAD: "loss debt cost expense claim deficit unemployment liability inventory default"
    " redundancy risk complaint delinquency churn provision bankruptcy emission jobless"
    " charge outflow write-off inflation death case",
    ROUTINE: "meeting conference webcast presentation appointment agenda notice filing"
    " transcript calendar webinar statement agreement bulletin",
}
_PLAIN: Final[Mapping[int, str]] = {
    POS: "strong stronger strongest record best better bullish positive upbeat optimistic robust"
    " solid healthy higher outperform overweight successful profitable attractive favorable"
    " favourable excellent impressive undervalued buy winning green won highs brighter good great"
    " efficient stable steady improved improving new-high faster topped tops",
    NEG: "weak weaker weakest worst worse bearish negative downbeat pessimistic poor soft sluggish"
    " lower underperform underweight disappointing unprofitable overvalued struggling troubled"
    " worried bad red lows losing lost hard tough volatile cautious bankrupt lackluster"
    " grim bleak slower slowing hurt cut cuts sued fraud fell down",
    UP: "rose risen grew grown up higher more larger bigger stronger upward upwards increased"
    " above doubled tripled highs",
    DOWN: "fell fallen shrank shrunk sank sunk down lower less fewer smaller downward downwards"
    " below slid dove halved narrower",
    GOOD: "sales net operating eps ebit ebitda profitability revenues pretax",
    BAD: "costs losses layoffs redundancies jobless deficits liabilities inflation",
    NOT: "no not never without neither nor cannot isn't aren't wasn't weren't doesn't don't"
    " didn't won't wouldn't can't couldn't hasn't haven't hardly barely fails failed unable lack"
    " lacks despite avoid avoids avoided",
    HEDGE: "may might could would should possibly perhaps likely maybe if whether potential",
    VERSUS: "from versus vs compared against",
    ROUTINE: "agm egm ceo cfo chairman board q&a",
}
_DOUBLED: Final = frozenset(
    "drop slip cut trim plan win top sag hit fit dip quit run put cancel control".split()
)
_IRREGULAR: Final[Mapping[str, str]] = {
    "rise": "rises rising",
    "grow": "grows growing",
    "fall": "falls falling",
    "shrink": "shrinks shrinking",
    "sink": "sinks sinking",
    "beat": "beats beating beaten",
    "win": "wins winning",
    "lose": "loses losing",
    "cut": "cuts cutting",
    "hit": "hits hitting",
    "hurt": "hurts hurting",
    "quit": "quits quitting",
    "buy": "buys buying bought",
    "sell": "sells selling sold",
    "strike": "strikes striking struck",
    "seek": "seeks seeking sought",
    "withdraw": "withdraws withdrew withdrawn",
    "sign": "signs signed signing",
    "bleed": "bleeds bleeding bled",
}
CLASSES: Final = (
    *(POS, NEG, UP, DOWN, GOOD, BAD, NOT, HEDGE, VERSUS, ROUTINE),
)  # fmt: skip


def words() -> dict[str, int]:
    """Return all words with their classes, in order."""
    found: dict[str, int] = {}
    for source, forms in ((_VERBS, _verb_forms), (_NOUNS, _noun_forms), (_PLAIN, _only_itself)):
        for bit, text in source.items():
            for word in text.split():
                for form in forms(word):
                    found[form] = found.get(form, 0) | bit
    return dict(sorted(found.items()))


def _only_itself(word: str) -> Iterator[str]:
    yield word


def _noun_forms(word: str) -> Iterator[str]:
    yield word
    if word[-1] == "y" and word[-2] not in "aeou":
        yield word[:-1] + "ies"
    else:
        yield word + ("es" if word.endswith(("s", "sh", "ch", "x")) else "s")


def _verb_forms(word: str) -> Iterator[str]:
    yield word
    if word in _IRREGULAR:
        yield from _IRREGULAR[word].split()
    elif word[-1] == "e":
        yield from (word + "s", word + "d", word[:-1] + "ing")
    elif word[-1] == "y" and word[-2] not in "aeou":
        yield from (word[:-1] + "ies", word[:-1] + "ied", word + "ing")
    else:
        stem = word + word[-1] if word in _DOUBLED else word
        yield word + ("es" if word.endswith(("s", "sh", "ch", "x")) else "s")
        yield from (stem + "ed", stem + "ing")
