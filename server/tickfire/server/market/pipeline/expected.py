"""Expectation of data from a feed, by trading hours and halts. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from tickfire.base.calendar.hours import TradingHours
from tickfire.server.market.ticks.source import Listing
from tickfire.store.reports import TradingStatus

type StatusOf = Callable[[int, int], TradingStatus | None]
"""Returns the trading status of an instrument by feed and id, None if it is not known."""


def expects_data(
    listings: Iterable[Listing], status_of: StatusOf, feed: int, since: int, now: int
) -> bool:
    """Return whether an instrument of a feed has been traded since a time.

    It has if its market was open and its trading was not interrupted; of a feed without
    instruments, nothing else is known. Times are in ns since the Unix epoch.
    """
    opened: dict[TradingHours, int | None] = {}
    is_empty = True
    for listing in listings:
        about, hours = listing.instrument, listing.hours
        if about.feed != feed:
            continue
        is_empty = False
        if hours not in opened:
            opened[hours] = _opened(hours, now)
        begin = opened[hours]
        if begin is None or begin > since:
            continue
        status = status_of(feed, about.instrument_id)
        if status is None or (status.received <= since and _is_traded(status)):
            return True
    return is_empty


def _is_traded(status: TradingStatus) -> bool:
    return not status.is_halted and status.is_trading is not False


def _opened(hours: TradingHours, now: int) -> int | None:
    """Return when a market opened, None if it is closed; days without end count as two."""
    opened = hours.opened(now)
    if opened is None:
        return None
    before = hours.opened(opened - 1)
    return opened if before is None else before
