"""Instruments of the simulated market: symbols, tick sizes and the parameters of their moves."""

from __future__ import annotations

import random
import string
from calendar import FRIDAY
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

from tickfire.base.calendar.weekdays import nth_weekday
from tickfire.base.units import NS_PER_S

_QUARTERS: Final = {3: "H", 6: "M", 9: "U", 12: "Z"}
_ROLL_AHEAD: Final = timedelta(days=8)
"""The time before a future's expiration at which the next one replaces it."""

FUTURE: Final = "F"
STOCK: Final = "K"
"""Instrument classes, named as in DBN's definitions."""


@dataclass(frozen=True, slots=True)
class Kind:
    """An instrument regardless of the date.

    Attributes
    ----------
    root : str
        The symbol of a stock, or that of a future without month and year.
    instrument_class : str
        `FUTURE` or `STOCK`.
    exchange : str
        The code of its venue.
    price, tick : float
        The starting price, and the tick size.
    volatility : float
        Volatility per year, as a fraction.
    beta : float
        Its move, as a multiple of that of the market as a whole.
    events_per_s : float
        The rate of events at the busiest time of day.
    lot : int
        The typical size of a trade.
    depth : int
        The typical size at the top of the book.
    """

    root: str
    instrument_class: str
    exchange: str
    price: float
    tick: float
    volatility: float
    beta: float
    events_per_s: float
    lot: int
    depth: int


@dataclass(frozen=True, slots=True)
class Listing:
    """An instrument as it is listed on a day.

    Attributes
    ----------
    instrument_id : int
    symbol : str
        Such as ``ESZ6`` or ``AAPL``.
    kind : Kind
    expiration : int or None
        ns since the Unix epoch; None for stocks.
    """

    instrument_id: int
    symbol: str
    kind: Kind
    expiration: int | None

    @property
    def continuous(self) -> str | None:
        """The symbol of the front contract, such as ``ES.c.0``."""
        return None if self.expiration is None else f"{self.kind.root}.c.0"


_KINDS: Final = (
    Kind("ES", FUTURE, "XCME", 5950.0, 0.25, 0.16, 1.0, 260.0, 2, 60),
    Kind("NQ", FUTURE, "XCME", 20800.0, 0.25, 0.22, 1.25, 240.0, 1, 8),
    Kind("RTY", FUTURE, "XCME", 2320.0, 0.1, 0.24, 1.1, 110.0, 1, 14),
    Kind("YM", FUTURE, "XCBT", 43700.0, 1.0, 0.15, 0.9, 110.0, 1, 12),
    Kind("SPY", STOCK, "ARCX", 593.0, 0.01, 0.16, 1.0, 180.0, 100, 900),
    Kind("AAPL", STOCK, "XNAS", 228.0, 0.01, 0.27, 1.1, 110.0, 100, 500),
    Kind("NVDA", STOCK, "XNAS", 142.0, 0.01, 0.5, 1.6, 160.0, 100, 900),
    Kind("TSLA", STOCK, "XNAS", 342.0, 0.01, 0.58, 1.5, 130.0, 60, 300),
    Kind("MSFT", STOCK, "XNAS", 416.0, 0.01, 0.24, 1.0, 80.0, 80, 250),
    Kind("AMZN", STOCK, "XNAS", 201.0, 0.01, 0.31, 1.2, 80.0, 80, 350),
    Kind("JPM", STOCK, "XNYS", 245.0, 0.01, 0.22, 0.9, 40.0, 60, 250),
    Kind("XOM", STOCK, "XNYS", 121.0, 0.01, 0.23, 0.6, 40.0, 80, 400),
)


def listings(count: int, seed: int, at_ns: int) -> list[Listing]:
    """Return the first instruments of the market as they are listed at a time.

    Fictitious stocks with symbols of four letters follow the well-known instruments.

    Parameters
    ----------
    count : int
        The number of instruments.
    seed : int
        The seed of the fictitious stocks.
    at_ns : int
        ns since the Unix epoch; futures are represented by the front contract of that day.
    """
    day = datetime.fromtimestamp(at_ns // NS_PER_S, UTC).date()
    kinds = [*_KINDS, *_made_up(max(0, count - len(_KINDS)), seed)]
    return [_listed(index, kind, day) for index, kind in enumerate(kinds[:count], start=1)]


def _listed(number: int, kind: Kind, day: date) -> Listing:
    if kind.instrument_class == STOCK:
        return Listing(1000 + number, kind.root, kind, None)
    month = _front_month(day)
    expiry = _expiry(month)
    symbol = f"{kind.root}{_QUARTERS[month.month]}{month.year % 10}"
    noon = datetime(expiry.year, expiry.month, expiry.day, 14, 30, tzinfo=UTC)
    return Listing(1000 + number, symbol, kind, int(noon.timestamp()) * NS_PER_S)


def _front_month(day: date) -> date:
    """Return the first day of the month of the front contract."""
    month = date(day.year, day.month, 1)
    while month.month not in _QUARTERS or _expiry(month) <= day + _ROLL_AHEAD:
        month = (month + timedelta(days=32)).replace(day=1)
    return month


def _expiry(month: date) -> date:
    """Return the third Friday of a month."""
    return nth_weekday(month.year, month.month, FRIDAY, 3)


def _made_up(count: int, seed: int) -> list[Kind]:
    rng = random.Random(seed)
    taken = {kind.root for kind in _KINDS}
    made: list[Kind] = []
    while len(made) < count:
        root = "".join(rng.choices(string.ascii_uppercase, k=4))
        if root not in taken:
            taken.add(root)
            made.append(
                Kind(
                    root=root,
                    instrument_class=STOCK,
                    exchange=rng.choice(("XNAS", "XNYS")),
                    price=round(rng.lognormvariate(4.0, 0.8), 2) + 2.0,
                    tick=0.01,
                    volatility=rng.uniform(0.15, 0.6),
                    beta=rng.uniform(0.3, 1.6),
                    events_per_s=rng.uniform(1.0, 10.0),
                    lot=100,
                    depth=rng.randrange(200, 800),
                )
            )
    return made
