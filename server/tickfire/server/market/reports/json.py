"""Reports as clients see them; docs/topics.md describes the payloads. Pure."""

from __future__ import annotations

from typing import Any, Final

from tickfire.base.units import decimal, milliseconds
from tickfire.server.market.ticks.json import times_as_json
from tickfire.store.reports import Imbalance, Statistic, TradingStatus

_FINAL: Final = 1
"""Flag of a settlement price that is final."""
_LATEST_NS: Final = 2**63 - 1


def _price(value: int | None) -> str | None:
    return None if value is None else decimal(value)


def _times(report: Statistic | TradingStatus | Imbalance) -> dict[str, Any]:
    """Return the time of a report: that of the event or, where the venue gives none, of receipt."""
    ts = report.ts_event if 0 < report.ts_event <= _LATEST_NS else report.received
    return times_as_json(ts)


def stat_as_json(symbol: str, report: Statistic) -> dict[str, Any]:
    """Return a ``stat`` event."""
    is_settlement = report.name == "settlement_price"
    return {
        "symbol": symbol,
        "name": report.name,
        "price": _price(report.price),
        "quantity": report.quantity,
        "reference": None if report.reference is None else milliseconds(report.reference),
        "final": bool(report.flags & _FINAL) if is_settlement else None,
        "deleted": report.deleted,
        "publisher_id": report.publisher_id,
        **_times(report),
    }


def status_as_json(symbol: str, report: TradingStatus) -> dict[str, Any]:
    """Return a ``status`` or a ``halted`` event."""
    return {
        "symbol": symbol,
        "status": report.status,
        "halted": report.is_halted,
        "reason": report.reason,
        "event": report.event,
        "is_trading": report.is_trading,
        "is_quoting": report.is_quoting,
        "is_short_sell_restricted": report.is_short_sell_restricted,
        **_times(report),
    }


def imbalance_as_json(symbol: str, report: Imbalance) -> dict[str, Any]:
    """Return an ``imbalance`` event."""
    time = report.auction_time
    return {
        "symbol": symbol,
        "auction": report.auction,
        "side": report.side,
        "reference_price": _price(report.reference_price),
        "paired": report.paired,
        "imbalance": report.imbalance,
        "clearing_price": _price(report.clearing_price),
        "book_clearing_price": _price(report.book_clearing_price),
        "match_price": _price(report.match_price),
        "upper_collar": _price(report.upper_collar),
        "lower_collar": _price(report.lower_collar),
        "market_imbalance": report.market_imbalance,
        "unpaired": report.unpaired,
        "unpaired_side": report.unpaired_side,
        "significant": report.significant,
        "auction_time": milliseconds(time) if time else None,
        **_times(report),
    }
