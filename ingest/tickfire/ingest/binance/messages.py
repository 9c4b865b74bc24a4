"""Messages of the combined WebSocket streams and of the REST interface; prices are decimal text."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec

from tickfire.base.units import NS_PER_MS

MALFORMED: Final = (msgspec.MsgspecError, UnicodeDecodeError)
"""Errors of decoding bytes that are not the JSON that is expected."""
LATEST_MS: Final = (2**63 - 1) // NS_PER_MS
"""The latest time of a trade, whose ns fit into 63 bits."""


class Trade(msgspec.Struct, frozen=True, tag_field="e", tag="trade"):
    """A trade of the stream ``<symbol>@trade``.

    Attributes
    ----------
    symbol : str
    id : int
        Trade id, dense for each symbol.
    price, quantity : str
    time_ms : int
        ms since the Unix epoch.
    buyer_is_maker : bool
        True if the seller was the aggressor.
    """

    symbol: str = msgspec.field(name="s")
    id: int = msgspec.field(name="t")
    price: str = msgspec.field(name="p")
    quantity: str = msgspec.field(name="q")
    time_ms: Annotated[int, msgspec.Meta(ge=0, le=LATEST_MS)] = msgspec.field(name="T")
    buyer_is_maker: bool = msgspec.field(name="m")


class BookTicker(msgspec.Struct, frozen=True):
    """The top of book, of the stream ``<symbol>@bookTicker``; it carries no time.

    Attributes
    ----------
    symbol : str
    id : int
        Update id of the book, which grows.
    bid, bid_quantity, ask, ask_quantity : str
    """

    symbol: str = msgspec.field(name="s")
    id: int = msgspec.field(name="u")
    bid: str = msgspec.field(name="b")
    bid_quantity: str = msgspec.field(name="B")
    ask: str = msgspec.field(name="a")
    ask_quantity: str = msgspec.field(name="A")


class Message(msgspec.Struct, frozen=True):
    """Any message of a combined stream: data of a stream, or the answer to a request.

    Attributes
    ----------
    stream : str
        Empty in an answer.
    data : Raw
    id : int, str or None
        The number of the request that is answered.
    error : Refusal, optional
    """

    stream: str = ""
    data: msgspec.Raw = msgspec.Raw()
    id: int | str | None = None
    error: Refusal | None = None


class Refusal(msgspec.Struct, frozen=True):
    """An error in an answer of either interface."""

    code: int = 0
    msg: str = ""


class Filter(msgspec.Struct, frozen=True):
    """A rule of trading; only `PRICE_FILTER` and `LOT_SIZE` state steps."""

    type: str = msgspec.field(name="filterType")
    price_step: str = msgspec.field(name="tickSize", default="")
    size_step: str = msgspec.field(name="stepSize", default="")


class SymbolInfo(msgspec.Struct, frozen=True):
    """The rules of a symbol."""

    symbol: str
    filters: list[Filter] = []

    def price_step(self) -> str:
        """Return the smallest step of prices, empty if it is not stated."""
        return next((each.price_step for each in self.filters if each.type == "PRICE_FILTER"), "")

    def size_step(self) -> str:
        """Return the smallest step of quantities, empty if it is not stated."""
        return next((each.size_step for each in self.filters if each.type == "LOT_SIZE"), "")


class ExchangeInfo(msgspec.Struct, frozen=True):
    """Answer to ``GET /api/v3/exchangeInfo``."""

    symbols: list[SymbolInfo] = []


MESSAGE: Final = msgspec.json.Decoder(Message)
TRADE: Final = msgspec.json.Decoder(Trade)
BOOK_TICKER: Final = msgspec.json.Decoder(BookTicker)
EXCHANGE_INFO: Final = msgspec.json.Decoder(ExchangeInfo)
REFUSAL: Final = msgspec.json.Decoder(Refusal)
