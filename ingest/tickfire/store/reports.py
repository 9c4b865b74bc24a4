"""Reports: what a venue tells of an instrument beside its trades and quotes.

Statistics of the session, the trading status, and the imbalance of an auction. Each kind has a
stream of each feed, whose entries hold a msgpack map (field ``d``). The hash ``reports:{f}`` keeps
the present ones. Prices are in units of 1e-9, times in ns since the Unix epoch; a field that the
venue leaves undefined is None.
"""

from __future__ import annotations

from typing import Final

import msgspec

HISTORY_REPORTS: Final = 20_000
"""Approximate number of entries that each stream of reports keeps."""
EPOCH_FIELD: Final = b"epoch"
FENCE_FIELD: Final = b"fence"
"""Field of the hash of present reports: the epoch that they belong to."""


class Statistic(msgspec.Struct, frozen=True, tag="stat"):
    """One entry of the stream ``stats:{f}``, version 1.

    Attributes
    ----------
    name : str
        Name of the statistic, such as ``"open_interest"``; see docs/formats.md.
    price, quantity : int or None
    reference : int or None
        Time that the value refers to, such as the day of a settlement.
    deleted : bool
        True if the value is withdrawn.
    flags : int
        As the venue gives them; of a settlement price, bit 0 tells that it is final.
    n : int
        Position of the newest tick of the instrument's shard when the report came.
    """

    feed: int
    instrument_id: int
    name: str
    price: int | None
    quantity: int | None
    ts_event: int
    received: int
    reference: int | None = None
    deleted: bool = False
    flags: int = 0
    publisher_id: int = 0
    sequence: int = 0
    n: int = 0
    version: int = 1


class TradingStatus(msgspec.Struct, frozen=True, tag="status"):
    """One entry of the stream ``halts:{f}``, version 1: the trading status of an instrument.

    Attributes
    ----------
    status : str
        Such as ``"trading"``, ``"halt"`` or ``"pre_open"``; see docs/formats.md.
    reason, event : str
        The reason of the change, and its further effect; ``"none"`` if the venue does not say.
    is_trading, is_quoting, is_short_sell_restricted : bool or None
        None if the venue does not say.
    """

    feed: int
    instrument_id: int
    status: str
    reason: str
    event: str
    is_trading: bool | None
    is_quoting: bool | None
    is_short_sell_restricted: bool | None
    ts_event: int
    received: int
    publisher_id: int = 0
    n: int = 0
    version: int = 1

    @property
    def is_halted(self) -> bool:
        """True while trading is interrupted: halted, paused or suspended, and not merely closed."""
        return self.status in HALTED


HALTED: Final = frozenset(("halt", "pause", "suspend"))


class Imbalance(msgspec.Struct, frozen=True, tag="imbalance"):
    """One entry of the stream ``imbalance:{f}``, version 1: the state of an auction.

    Attributes
    ----------
    auction : str
        Type of the auction as the venue codes it, such as ``"O"`` for the opening.
    side, unpaired_side : str
        ``"A"``, ``"B"`` or ``"N"``.
    """

    feed: int
    instrument_id: int
    auction: str
    side: str
    reference_price: int | None
    paired: int | None
    imbalance: int | None
    clearing_price: int | None
    book_clearing_price: int | None
    match_price: int | None
    short_sale_price: int | None
    upper_collar: int | None
    lower_collar: int | None
    market_imbalance: int | None
    unpaired: int | None
    unpaired_side: str
    significant: str
    auction_time: int | None
    auction_status: int
    freeze_status: int
    extensions: int
    ts_event: int
    received: int
    publisher_id: int = 0
    n: int = 0
    version: int = 1


type Report = Statistic | TradingStatus | Imbalance

_DECODER: Final = msgspec.msgpack.Decoder(Statistic | TradingStatus | Imbalance)
_ENCODER: Final = msgspec.msgpack.Encoder()


def encode_report(report: Report) -> bytes:
    """Return a report as the field ``d`` of its entry."""
    return _ENCODER.encode(report)


def decode_report(data: bytes) -> Report | None:
    """Return the report in the field ``d`` of an entry, None if it cannot be decoded."""
    try:
        report: Report = _DECODER.decode(data)
    except msgspec.MsgspecError:
        return None
    return report


# --- keys
def stats_key(feed: int) -> bytes:
    """Return the key of a feed's stream of statistics."""
    return b"stats:{%d}" % feed


def halts_key(feed: int) -> bytes:
    """Return the key of a feed's stream of trading statuses."""
    return b"halts:{%d}" % feed


def imbalance_key(feed: int) -> bytes:
    """Return the key of a feed's stream of imbalances."""
    return b"imbalance:{%d}" % feed


def report_streams(feed: int) -> tuple[bytes, ...]:
    """Return the keys of a feed's streams of reports, which share a slot."""
    return stats_key(feed), halts_key(feed), imbalance_key(feed)


def present_key(feed: int) -> bytes:
    """Return the key of a feed's hash of present reports."""
    return b"reports:{%d}" % feed


def stream_of(report: Report) -> bytes:
    """Return the key of the stream that a report belongs to."""
    if isinstance(report, Statistic):
        return stats_key(report.feed)
    if isinstance(report, TradingStatus):
        return halts_key(report.feed)
    return imbalance_key(report.feed)


def present_field(report: Report) -> bytes:
    """Return the field of the present report that a report takes the place of."""
    head = f"{report.instrument_id}:{report.publisher_id}"
    if isinstance(report, Statistic):
        return f"{head}:stat:{report.name}".encode()
    if isinstance(report, TradingStatus):
        return f"{head}:status".encode()
    return f"{head}:imbalance:{report.auction}".encode()
