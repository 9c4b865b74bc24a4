"""Decoder of statistics, status and imbalance records, versions 1 to 3, to reports."""

from __future__ import annotations

from typing import Final

import numpy as np

from tickfire.base.units import UNDEF_PRICE
from tickfire.ingest.dbn.layout import (
    RTYPE_IMBALANCE,
    RTYPE_STATISTICS,
    RTYPE_STATUS,
    SIZE_IMBALANCE,
    SIZE_STATISTICS_V1,
    SIZE_STATISTICS_V3,
    SIZE_STATUS,
    UNDEF_SIZE,
    UNDEF_TIMESTAMP,
)
from tickfire.ingest.dbn.records import IMBALANCE, STATISTICS_V1, STATISTICS_V3, STATUS
from tickfire.ingest.dbn.report_names import (
    STATISTICS,
    STATUS_REASONS,
    STATUSES,
    TRADING_EVENTS,
    name_of,
)
from tickfire.store.reports import Imbalance, Report, Statistic, TradingStatus

DELETED: Final = 2
"""Update action of a statistic that is withdrawn."""
_UNDEF_QUANTITY: Final = {STATISTICS_V1: 2**31 - 1, STATISTICS_V3: 2**63 - 1}
_YES_NO: Final = {ord("Y"): True, ord("N"): False}


def decode_report_record(record: bytes, feed: int, position: int = 0) -> Report | None:
    """Decode a record.

    Parameters
    ----------
    record : bytes
        The record from its header on; bytes after its fields, such as ts_out, are ignored.
    feed : int
        The number of the feed.
    position : int
        The position of the newest tick of the instrument's shard.

    Returns
    -------
    Report or None
        None if it is a record of another type, or too short.
    """
    rtype, size = record[1], len(record)
    if rtype == RTYPE_STATISTICS and size >= SIZE_STATISTICS_V1:
        return _statistic(record, feed, position)
    if rtype == RTYPE_STATUS and size >= SIZE_STATUS:
        return _status(record, feed, position)
    if rtype == RTYPE_IMBALANCE and size >= SIZE_IMBALANCE:
        return _imbalance(record, feed, position)
    return None


def _row(record: bytes, dtype: np.dtype[np.void]) -> np.void:
    row: np.void = np.frombuffer(record, dtype, count=1)[0]
    return row


def _price(value: np.int64) -> int | None:
    return None if value == UNDEF_PRICE else int(value)


def _time(value: np.uint64) -> int | None:
    return None if value == UNDEF_TIMESTAMP else int(value)


def _size(value: np.uint32) -> int | None:
    return None if value == UNDEF_SIZE else int(value)


def _char(code: np.uint8) -> str:
    return chr(int(code)) if code else ""


def _statistic(record: bytes, feed: int, position: int) -> Statistic:
    dtype = STATISTICS_V3 if len(record) >= SIZE_STATISTICS_V3 else STATISTICS_V1
    row = _row(record, dtype)
    quantity = int(row["quantity"])
    return Statistic(
        feed=feed,
        instrument_id=int(row["instrument_id"]),
        name=name_of(STATISTICS, int(row["stat_type"])),
        price=_price(row["price"]),
        quantity=None if quantity == _UNDEF_QUANTITY[dtype] else quantity,
        ts_event=int(row["ts_event"]),
        received=int(row["ts_recv"]),
        reference=_time(row["ts_ref"]),
        deleted=int(row["update_action"]) == DELETED,
        flags=int(row["stat_flags"]),
        publisher_id=int(row["publisher_id"]),
        sequence=int(row["sequence"]),
        n=position,
    )


def _status(record: bytes, feed: int, position: int) -> TradingStatus:
    row = _row(record, STATUS)
    return TradingStatus(
        feed=feed,
        instrument_id=int(row["instrument_id"]),
        status=name_of(STATUSES, int(row["action"])),
        reason=name_of(STATUS_REASONS, int(row["reason"])),
        event=name_of(TRADING_EVENTS, int(row["trading_event"])),
        is_trading=_YES_NO.get(int(row["is_trading"])),
        is_quoting=_YES_NO.get(int(row["is_quoting"])),
        is_short_sell_restricted=_YES_NO.get(int(row["is_short_sell_restricted"])),
        ts_event=int(row["ts_event"]),
        received=int(row["ts_recv"]),
        publisher_id=int(row["publisher_id"]),
        n=position,
    )


def _imbalance(record: bytes, feed: int, position: int) -> Imbalance:
    row = _row(record, IMBALANCE)
    return Imbalance(
        feed=feed,
        instrument_id=int(row["instrument_id"]),
        auction=_char(row["auction_type"]),
        side=_char(row["side"]),
        reference_price=_price(row["ref_price"]),
        paired=_size(row["paired_qty"]),
        imbalance=_size(row["total_imbalance_qty"]),
        clearing_price=_price(row["auct_interest_clr_price"]),
        book_clearing_price=_price(row["cont_book_clr_price"]),
        match_price=_price(row["ind_match_price"]),
        short_sale_price=_price(row["ssr_filling_price"]),
        upper_collar=_price(row["upper_collar"]),
        lower_collar=_price(row["lower_collar"]),
        market_imbalance=_size(row["market_imbalance_qty"]),
        unpaired=_size(row["unpaired_qty"]),
        unpaired_side=_char(row["unpaired_side"]),
        significant=_char(row["significant_imbalance"]),
        auction_time=_time(row["auction_time"]),
        auction_status=int(row["auction_status"]),
        freeze_status=int(row["freeze_status"]),
        extensions=int(row["num_extensions"]),
        ts_event=int(row["ts_event"]),
        received=int(row["ts_recv"]),
        publisher_id=int(row["publisher_id"]),
        n=position,
    )
