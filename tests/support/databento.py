"""Reports as tickfire carries them, from the records of databento_dbn."""

from __future__ import annotations

from typing import Any

import databento_dbn

from tickfire.base.units import UNDEF_PRICE
from tickfire.ingest.dbn.layout import UNDEF_SIZE, UNDEF_TIMESTAMP
from tickfire.store.reports import Imbalance, Report, Statistic, TradingStatus


def price(value: int) -> int | None:
    return None if value == UNDEF_PRICE else value


def size(value: int) -> int | None:
    return None if value == UNDEF_SIZE else value


def time(value: int) -> int | None:
    return None if value == UNDEF_TIMESTAMP else value


def yes(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def report_of(r: Any) -> Report:
    """Return the report that a record of databento_dbn stands for."""
    head = {"feed": 3, "instrument_id": r.instrument_id, "publisher_id": r.publisher_id}
    head |= {"ts_event": r.ts_event, "received": r.ts_recv, "n": 9}
    if type(r).__name__.startswith("StatMsg"):
        undefined = (2**31 - 1, 2**63 - 1)
        return Statistic(
            **head,
            name=r.stat_type.name.lower(),
            price=price(r.price),
            quantity=None if r.quantity in undefined else r.quantity,
            reference=time(r.ts_ref),
            deleted=r.update_action == databento_dbn.StatUpdateAction.DELETE,
            flags=r.stat_flags,
            sequence=r.sequence,
        )
    if type(r).__name__ == "StatusMsg":
        return TradingStatus(
            **head,
            status=r.action.name.lower(),
            reason=r.reason.name.lower(),
            event=r.trading_event.name.lower(),
            is_trading=yes(r.is_trading),
            is_quoting=yes(r.is_quoting),
            is_short_sell_restricted=yes(r.is_short_sell_restricted),
        )
    assert isinstance(r, databento_dbn.ImbalanceMsg)
    return Imbalance(
        **head,
        auction=str(r.auction_type),
        side=str(r.side),
        reference_price=price(r.ref_price),
        paired=size(r.paired_qty),
        imbalance=size(r.total_imbalance_qty),
        clearing_price=price(r.auct_interest_clr_price),
        book_clearing_price=price(r.cont_book_clr_price),
        match_price=price(r.ind_match_price),
        short_sale_price=price(r.ssr_filling_price),
        upper_collar=price(r.upper_collar),
        lower_collar=price(r.lower_collar),
        market_imbalance=size(r.market_imbalance_qty),
        unpaired=size(r.unpaired_qty),
        unpaired_side=str(r.unpaired_side),
        significant=str(r.significant_imbalance),
        auction_time=time(r.auction_time),
        auction_status=r.auction_status,
        freeze_status=r.freeze_status,
        extensions=r.num_extensions,
    )
