"""Client of the tickfire market-data server, and of any Phoenix Channels server.

::

    async for tick in Market("https://market.example.com", token).ticks(symbols=["ESU4"]):
        print(tick.symbol, tick.price, tick.volume)

`tickfire.client.sync` has the same without async.
"""

from __future__ import annotations

from tickfire.client.channels.channel import Channel
from tickfire.client.channels.options import PhoenixOptions
from tickfire.client.channels.presence import Presence
from tickfire.client.channels.push import Push
from tickfire.client.channels.socket import Phoenix
from tickfire.client.errors import (
    ChannelClosedError,
    ClientError,
    ConnectionFailedError,
    ConnectionLostError,
    DataError,
    JoinRefusedError,
    PushRefusedError,
    ReplyTimeoutError,
)
from tickfire.client.market.market import Market
from tickfire.client.market.notices import Delivery, Gap, Notice, Reset
from tickfire.client.market.packed import TickBatch
from tickfire.client.market.records import (
    Book,
    Candle,
    Headline,
    Instrument,
    Quote,
    Signal,
    Tick,
)
from tickfire.client.market.tables import Records, to_arrow, to_pandas, to_polars

__all__ = [
    "Book",
    "Candle",
    "Channel",
    "ChannelClosedError",
    "ClientError",
    "ConnectionFailedError",
    "ConnectionLostError",
    "DataError",
    "Delivery",
    "Gap",
    "Headline",
    "Instrument",
    "JoinRefusedError",
    "Market",
    "Notice",
    "Phoenix",
    "PhoenixOptions",
    "Presence",
    "Push",
    "PushRefusedError",
    "Quote",
    "Records",
    "ReplyTimeoutError",
    "Reset",
    "Signal",
    "Tick",
    "TickBatch",
    "to_arrow",
    "to_pandas",
    "to_polars",
]
