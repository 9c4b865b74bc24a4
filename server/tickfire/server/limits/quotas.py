"""`Quotas`: how much a client may ask for, by default and by its grant. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Final

from tickfire.base.errors import UsageError
from tickfire.base.listed import listed
from tickfire.server.limits.buckets import Rate

SHARED: Final = 20
"""Times the rate of a connection that all connections of a client have together."""


CONNECTS: Final = Rate(20, 512)
JOINS: Final = Rate(50, 200)
MESSAGES: Final = Rate(200, 1_000)
REPLAYS: Final = Rate(5, 100)
BANDWIDTH: Final = Rate(32_768, 262_144)


@dataclass(frozen=True, slots=True)
class Quotas:
    """Bounds of what clients ask for. A client is an address, or a key.

    Attributes
    ----------
    connects : Rate
        Connections that a client begins.
    joins, messages, replays : Rate
        Joins, messages of any kind, and requests for history, such as joins with ``since``, of a
        connection; a client has `SHARED` times as many.
    bandwidth : Rate
        KiB that a connection is sent; a client has `SHARED` times as many.
    topics, lanes, indicators : int
        Topics, views of ticks by ``symbols`` or ``max_hz``, and indicators, that a client may have
        joined at the same time.
    """

    connects: Rate = CONNECTS
    joins: Rate = JOINS
    messages: Rate = MESSAGES
    replays: Rate = REPLAYS
    bandwidth: Rate = BANDWIDTH
    topics: int = 10_000
    lanes: int = 64
    indicators: int = 100

    def override(self, values: Mapping[str, Any]) -> Quotas:
        """Return the quotas with others in place of those that are named.

        Parameters
        ----------
        values : mapping of str to int, float or str
            Numbers, a second if the quota is a rate; or text, for which see `parse_quota`.

        Raises
        ------
        UsageError
            There is no such quota, or a value is not valid.
        """
        parsed: dict[str, Any] = {name: parse_quota(name, each) for name, each in values.items()}
        return replace(self, **parsed)

    def __str__(self) -> str:
        return " ".join(f"{each.name}={getattr(self, each.name)}" for each in fields(self))


_RATES: Final = frozenset(each.name for each in fields(Quotas) if isinstance(each.default, Rate))
NAMES: Final = tuple(each.name for each in fields(Quotas))


def parse_quota(name: str, given: object) -> Rate | int:
    """Return the value of a quota.

    Parameters
    ----------
    name : str
    given : int, float or str
        A number, or of a rate also ``rate/burst`` such as ``50/200``; the burst is twice the rate,
        and at least 1, by default.

    Raises
    ------
    UsageError
        There is no such quota, or the value is not valid.
    """
    if name not in NAMES:
        raise UsageError(f"there is no quota {name!r}; the quotas are {', '.join(NAMES)}.")
    first, _, second = str(given).partition("/")
    try:
        if name not in _RATES:
            return _positive(max(1, int(given)) if type(given) is float else int(str(given)))
        per_s = _positive(float(first))
        burst = float(second) if second else max(1.0, 2 * per_s)
        return Rate(per_s, _positive(burst, 1))
    except (ValueError, OverflowError):
        example = "50 or 50/200 (a second, and at once)" if name in _RATES else "100"
        raise UsageError(f"the quota {name} must be a number such as {example}.") from None


def _positive[N: (int, float)](value: N, least: float = 0) -> N:
    if not (math.isfinite(value) and value > 0 and value >= least):
        raise ValueError
    return value


def parse_quotas(text: str) -> Quotas:
    """Return the quotas in a list such as ``joins=50/200 topics=100``, the rest by default.

    Raises
    ------
    UsageError
        An element is not valid.
    """
    values = {}
    for part in listed(text):
        name, equals, value = part.partition("=")
        if not equals:
            raise UsageError(f"write a quota as NAME=VALUE, such as joins=50/200, not {part!r}.")
        values[name] = value
    return Quotas().override(values)
