"""A simulated newswire: believable headlines about given symbols, the same for the same seed. Pure.

Story k depends on the seed, k and the symbols alone, so a wire goes on where it was left.
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
"""The part of the stories that concern no single instrument."""

_FUTURE = re.compile(r"([A-Z0-9]{1,3})[FGHJKMNQUVXZ]\d{1,2}")
_STOCK = re.compile(r"[A-Z]{1,5}(\.[A-Z])?")


@dataclass(frozen=True, slots=True)
class Story:
    """One simulated headline.

    Attributes
    ----------
    id : str
        Unique for the seed.
    delay_s : float
        Seconds after the story before it, exponentially distributed.
    title, summary : str
        What it says.
    symbols : tuple of str
        What it is about; empty for macro news.
    """

    id: str
    delay_s: float
    title: str
    summary: str
    symbols: tuple[str, ...]


def story_id(seed: int, k: int) -> str:
    """Return the id of story k."""
    return f"sim-{seed}-{k}"


def story_number(seed: int, identity: str) -> int | None:
    """Return the k of an id of this seed's wire, None for any other id."""
    number = identity.removeprefix(f"sim-{seed}-")
    return int(number) if number != identity and number.isdecimal() else None


def story(
    seed: int,
    k: int,
    symbols: Collection[str],
    mean_interval_s: float = DEFAULT_MEAN_INTERVAL_S,
) -> Story:
    """Return story k of a wire.

    Parameters
    ----------
    seed, k : int
        Which wire, and which story of it.
    symbols : collection of str
        The instruments; order does not matter. Those that are neither stocks nor futures, such as
        spreads, make no news.
    mean_interval_s : float
        The mean of `delay_s`.
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
    """Return whether a symbol is a stock's or an outright future's."""
    return bool(_STOCK.fullmatch(symbol) or _FUTURE.fullmatch(symbol))


def name_of(symbol: str) -> str:
    """Return what a journalist calls an instrument."""
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
