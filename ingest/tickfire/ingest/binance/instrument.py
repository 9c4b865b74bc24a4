"""`BinanceInstrument`: a symbol with the scale of its sizes; its messages become DBN records. Pure.

A record's size is a whole number of 32 bits, while Binance trades fractions. The size is therefore
stated in units of 1e-N of the base asset, where N is the number of digits of the symbol's
``stepSize``: every quantity that the exchange accepts is exact. The unit is stated in the
instrument's definition.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Final

from tickfire.base.units import NS_PER_MS, PRICE_SCALE, UNDEF_PRICE, scaled
from tickfire.ingest.adapter import records
from tickfire.ingest.adapter.protocol import FeedRefused
from tickfire.ingest.binance.messages import BookTicker, SymbolInfo, Trade
from tickfire.ingest.dbn.layout import LARGEST_SIZE, SIDE_ASK, SIDE_BID, UNDEF_SIZE

MAX_DIGITS: Final = 9
"""Digits of prices and of units of sizes that can be stated."""


class Inexact(ValueError):
    """A value that cannot be stated exactly; the message names it."""


@dataclass(slots=True)
class BinanceInstrument:
    """A symbol, and the newest ids that were seen of it.

    Attributes
    ----------
    symbol : str
    instrument_id : int
        A checksum of the symbol, so that it is the same in every run.
    tick_size : int
        The smallest price step, in units of 1e-9; 0 if unknown.
    size_digits : int
        Sizes are in units of 1e-`size_digits`.
    trade_id, update_id : int
        The newest ids; 0 before the first.
    """

    symbol: str
    instrument_id: int
    tick_size: int
    size_digits: int
    trade_id: int = 0
    update_id: int = 0

    @classmethod
    def of(cls, info: SymbolInfo) -> BinanceInstrument:
        """Return the instrument of a symbol's rules.

        Raises
        ------
        FeedRefused
            If its prices or sizes have more digits than can be stated exactly.
        """
        try:
            tick_size = scaled(info.price_step() or "0", MAX_DIGITS)
            size_digits = _digits(info.size_step() or "1")
        except ValueError as error:
            raise FeedRefused(f"{info.symbol} cannot be carried exactly: {error}") from None
        number = zlib.crc32(info.symbol.encode())
        return cls(info.symbol, number, tick_size, size_digits)

    def introduction(self, now: int) -> bytes:
        """Return the records that name and define the instrument."""
        return records.mapping(self.instrument_id, self.symbol, now) + records.definition(
            self.instrument_id,
            self.symbol,
            now,
            tick_size=self.tick_size,
            size_digits=self.size_digits,
        )

    # --- ids
    def missing(self, trade_id: int) -> range | None:
        """Note a trade by its id; return the ids missing before it, None if it is repeated."""
        if trade_id <= self.trade_id:
            return None
        first = self.trade_id + 1 if self.trade_id else trade_id
        self.trade_id = trade_id
        return range(first, trade_id)

    def is_new(self, update_id: int) -> bool:
        """Note an update of the book by its id, and return whether it is newer than all before."""
        if update_id <= self.update_id:
            return False
        self.update_id = update_id
        return True

    # --- records
    def trade(self, message: Trade, received: int) -> bytes:
        """Return the record of a trade that was received at a time, in ns.

        Raises
        ------
        Inexact
            If its price or quantity cannot be stated exactly.
        """
        return records.trade(
            self.instrument_id,
            message.time_ms * NS_PER_MS,
            self._price(message.price),
            self._size(message.quantity),
            side=SIDE_ASK if message.buyer_is_maker else SIDE_BID,
            sequence=message.id,
            ts_recv=received,
        )

    def quote(self, message: BookTicker, received: int) -> tuple[bytes, list[Inexact]]:
        """Return the record of the top of book as of the time of receiving, and what is not exact.

        A size that cannot be stated is undefined in the record.

        Raises
        ------
        Inexact
            If a price cannot be stated exactly.
        """
        faults: list[Inexact] = []
        sides = []
        for price, quantity in (
            (message.bid, message.bid_quantity),
            (message.ask, message.ask_quantity),
        ):
            try:
                size = self._size(quantity)
            except Inexact as error:
                faults.append(error)
                size = UNDEF_SIZE
            value = self._price(price)
            sides.append((value, size) if value else (UNDEF_PRICE, 0))
        bid, ask = sides
        made = records.quote(self.instrument_id, received, bid, ask, sequence=message.id)
        return made, faults

    def _price(self, text: str) -> int:
        try:
            price = scaled(text)
        except ValueError:
            price = UNDEF_PRICE
        if not -UNDEF_PRICE < price < UNDEF_PRICE:
            raise Inexact(f"the price {text[:40]} of {self.symbol} is no number of units of 1e-9")
        return price

    def _size(self, text: str) -> int:
        try:
            size = scaled(text, self.size_digits)
        except ValueError:
            size = -1
        if not 0 <= size <= LARGEST_SIZE:
            raise Inexact(
                f"the quantity {text[:40]} of {self.symbol} is no number of 32 bits in units of"
                f" {unit(self.size_digits)}"
            )
        return size


def unit(digits: int) -> str:
    """Return 1e-`digits` as a decimal.

    >>> unit(5), unit(0)
    ('0.00001', '1')
    """
    return f"0.{'1':0>{digits}}" if digits else "1"


def _digits(step: str) -> int:
    """Return the number of digits after the point of the smallest step."""
    exact = scaled(step, MAX_DIGITS)
    if not exact:
        return 0
    return next(digits for digits in range(MAX_DIGITS + 1) if exact * 10**digits % PRICE_SCALE == 0)
