"""Instrument definitions: dtypes with all fields of version 3, and those used of versions 1 and 2.

The versions agree up to ``max_price_variation``; each has its own order of the other fields.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

_FIRST: Final = {
    "length": ("u1", 0),
    "rtype": ("u1", 1),
    "publisher_id": ("<u2", 2),
    "instrument_id": ("<u4", 4),
    "ts_event": ("<u8", 8),
    "ts_recv": ("<u8", 16),
    "min_price_increment": ("<i8", 24),
    "display_factor": ("<i8", 32),
    "expiration": ("<u8", 40),
    "activation": ("<u8", 48),
    "high_limit_price": ("<i8", 56),
    "low_limit_price": ("<i8", 64),
    "max_price_variation": ("<i8", 72),
}


def _definition(size: int, **later: tuple[str, int]) -> np.dtype[np.void]:
    fields = _FIRST | later
    return np.dtype(
        {
            "names": list(fields),
            "formats": [form for form, _ in fields.values()],
            "offsets": [offset for _, offset in fields.values()],
            "itemsize": size,
        }
    )


DEFINITION_V1: Final = _definition(
    360,
    raw_instrument_id=("<u4", 120),
    currency=("S4", 186),
    raw_symbol=("S22", 200),
    group=("S21", 222),
    exchange=("S5", 243),
    asset=("S7", 248),
    security_type=("S7", 262),
    instrument_class=("S1", 325),
    security_update_action=("S1", 349),
)
DEFINITION_V2: Final = _definition(
    400,
    raw_instrument_id=("<u4", 128),
    currency=("S4", 186),
    raw_symbol=("S71", 200),
    group=("S21", 271),
    exchange=("S5", 292),
    asset=("S7", 297),
    security_type=("S7", 311),
    instrument_class=("S1", 374),
    security_update_action=("S1", 382),
)
DEFINITION_V3: Final = _definition(
    520,
    unit_of_measure_qty=("<i8", 80),
    min_price_increment_amount=("<i8", 88),
    price_ratio=("<i8", 96),
    strike_price=("<i8", 104),
    raw_instrument_id=("<u8", 112),
    leg_price=("<i8", 120),
    leg_delta=("<i8", 128),
    inst_attrib_value=("<i4", 136),
    underlying_id=("<u4", 140),
    market_depth_implied=("<i4", 144),
    market_depth=("<i4", 148),
    market_segment_id=("<u4", 152),
    max_trade_vol=("<u4", 156),
    min_lot_size=("<i4", 160),
    min_lot_size_block=("<i4", 164),
    min_lot_size_round_lot=("<i4", 168),
    min_trade_vol=("<u4", 172),
    contract_multiplier=("<i4", 176),
    decay_quantity=("<i4", 180),
    original_contract_size=("<i4", 184),
    leg_instrument_id=("<u4", 188),
    leg_ratio_price_numerator=("<i4", 192),
    leg_ratio_price_denominator=("<i4", 196),
    leg_ratio_qty_numerator=("<i4", 200),
    leg_ratio_qty_denominator=("<i4", 204),
    leg_underlying_id=("<u4", 208),
    appl_id=("<i2", 212),
    maturity_year=("<u2", 214),
    decay_start_date=("<u2", 216),
    channel_id=("<u2", 218),
    leg_count=("<u2", 220),
    leg_index=("<u2", 222),
    currency=("S4", 224),
    settl_currency=("S4", 228),
    secsubtype=("S6", 232),
    raw_symbol=("S71", 238),
    group=("S21", 309),
    exchange=("S5", 330),
    asset=("S11", 335),
    cfi=("S7", 346),
    security_type=("S7", 353),
    unit_of_measure=("S31", 360),
    underlying=("S21", 391),
    strike_price_currency=("S4", 412),
    leg_raw_symbol=("S71", 416),
    instrument_class=("S1", 487),
    match_algorithm=("S1", 488),
    main_fraction=("u1", 489),
    price_display_format=("u1", 490),
    sub_fraction=("u1", 491),
    underlying_product=("u1", 492),
    security_update_action=("S1", 493),
    maturity_month=("u1", 494),
    maturity_day=("u1", 495),
    maturity_week=("u1", 496),
    user_defined_instrument=("S1", 497),
    contract_multiplier_unit=("i1", 498),
    flow_schedule_type=("i1", 499),
    tick_rule=("u1", 500),
    leg_instrument_class=("S1", 501),
    leg_side=("S1", 502),
)
PRICES_V3: Final = (
    "high_limit_price",
    "low_limit_price",
    "max_price_variation",
    "unit_of_measure_qty",
    "min_price_increment_amount",
    "price_ratio",
    "strike_price",
    "leg_price",
    "leg_delta",
)
"""Prices and quantities of version 3 that are undefined, rather than 0, where they are unknown."""


class Definition(NamedTuple):
    """The part of a definition that the instrument table keeps.

    Attributes
    ----------
    instrument_id : int
    raw_symbol : str
        The venue's own symbol.
    tick_size : int
        The smallest price step, in units of 1e-9.
    ts_recv : int
        ns since the Unix epoch.
    """

    instrument_id: int
    raw_symbol: str
    tick_size: int
    ts_recv: int


def definition_of(record: bytes) -> Definition | None:
    """Decode a definition, whose size tells its version; None if it is too short."""
    fitting = (DEFINITION_V3, DEFINITION_V2, DEFINITION_V1)
    dtype = next((dtype for dtype in fitting if len(record) >= dtype.itemsize), None)
    if dtype is None:
        return None
    row = np.frombuffer(record, dtype, count=1)[0]
    return Definition(
        int(row["instrument_id"]),
        bytes(row["raw_symbol"]).partition(b"\0")[0].decode(errors="replace"),
        int(row["min_price_increment"]),
        int(row["ts_recv"]),
    )
