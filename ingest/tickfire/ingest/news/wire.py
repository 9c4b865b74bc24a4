"""Simulated newswire: plausible headlines about given symbols. Pure.

Headline k depends on the seed, k and the symbols alone, so a newswire can continue after a restart.
"""

from __future__ import annotations

import random
import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from tickfire.ingest.news import phrases

SOURCE: Final = "Simulated Newswire"
DEFAULT_MEAN_INTERVAL_S: Final = 4.0
MACRO_SHARE: Final = 0.2
"""Fraction of the headlines that are about the economy, not about one instrument."""

_FUTURE = re.compile(r"([A-Z0-9]{1,3})[FGHJKMNQUVXZ]\d{1,2}")
_STOCK = re.compile(r"[A-Z]{1,5}(\.[A-Z])?")


@dataclass(frozen=True, slots=True)
class Story:
    """One simulated headline.

    Attributes
    ----------
    id : str
        Made of the seed and the headline's number.
    delay_s : float
        Seconds since the headline before it, exponentially distributed.
    title, summary : str
    symbols : tuple of str
        Symbol of the instrument that it is about; empty for news about the economy.
    """

    id: str
    delay_s: float
    title: str
    summary: str
    symbols: tuple[str, ...]


def story_id(seed: int, k: int) -> str:
    """Return the id of headline k."""
    return f"sim-{seed}-{k}"


def story_number(seed: int, identity: str) -> int | None:
    """Return the number in an id made with this seed, or None for any other id."""
    number = identity.removeprefix(f"sim-{seed}-")
    return int(number) if number != identity and number.isdecimal() else None


def story(
    seed: int,
    k: int,
    symbols: Collection[str],
    mean_interval_s: float = DEFAULT_MEAN_INTERVAL_S,
) -> Story:
    """Return headline k of a newswire.

    Parameters
    ----------
    seed : int
        Seed of the newswire.
    k : int
        Number of the headline, from 0.
    symbols : collection of str
        Symbols of the instruments, in any order. Those that are neither stocks nor outright
        futures, such as spreads, are ignored.
    mean_interval_s : float
        Mean of `delay_s`, in seconds.
    """
    chance = random.Random(f"{seed}/{k}")
    delay = chance.expovariate(1.0) * mean_interval_s
    makers = sorted(symbol for symbol in symbols if is_newsworthy(symbol))
    if not makers or chance.random() < MACRO_SHARE:
        symbol, name, patterns = "", "", phrases.MACRO
    else:
        symbol = chance.choice(makers)
        name = name_of(symbol)
        patterns = phrases.FUTURES if _FUTURE.fullmatch(symbol) else phrases.STOCKS
    title, summary = chance.choice(patterns)
    words = _words(chance, symbol, name)
    title = title.format_map(words)
    return Story(
        id=story_id(seed, k),
        delay_s=delay,
        title=title[:1].upper() + title[1:],
        summary=summary.format_map(words),
        symbols=(symbol,) if symbol else (),
    )


def is_newsworthy(symbol: str) -> bool:
    """Return whether a symbol has the form of a stock or an outright future."""
    return bool(_STOCK.fullmatch(symbol) or _FUTURE.fullmatch(symbol))


def name_of(symbol: str) -> str:
    """Return the everyday name of an instrument, or its symbol or product code if it has none."""
    if symbol in phrases.COMPANIES:
        return phrases.COMPANIES[symbol]
    future = _FUTURE.fullmatch(symbol)
    return phrases.PRODUCTS.get(future[1], future[1]) if future else symbol


def _words(chance: random.Random, symbol: str, name: str) -> dict[str, str]:
    quarter = chance.randint(1, 4)
    eps = chance.randint(12, 480)
    surprise = chance.randint(2, 38)
    target = chance.randint(4, 60) * 5
    return {
        "symbol": symbol,
        "name": name,
        "broker": chance.choice(phrases.BROKERS),
        "region": chance.choice(phrases.REGIONS),
        "quarter": f"Q{quarter}",
        "eps": f"${eps / 100:.2f}",
        "expected": f"${max(eps - surprise, 1) / 100:.2f}",
        "missed": f"${(eps + surprise) / 100:.2f}",
        "percent": f"{chance.randint(3, 90) / 10:.1f}%",
        "small": f"{chance.randint(1, 9) / 10:.1f}%",
        "target": f"${target}",
        "before": f"${target - 5 * chance.randint(1, 3)}",
        "amount": f"${chance.randint(2, 95) / 10:.1f} billion",
        "thousand": f"{chance.randint(90, 340)},000",
        "minutes": str(chance.choice((5, 10, 15))),
    }
