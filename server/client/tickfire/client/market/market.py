"""The market application's topics over connections that come back by themselves."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Self
from urllib.parse import urlsplit, urlunsplit

import msgspec

from tickfire.client.channels.options import AuthToken, endpoint_of, shown_of
from tickfire.client.channels.socket import Phoenix
from tickfire.client.market.candles import (
    DEFAULT_LIMIT,
    MAX_LIMIT,
    CandleStream,
    candles_of,
    page_of,
)
from tickfire.client.market.latest import BookStream, NewsStream, QuoteStream, SignalStream
from tickfire.client.market.records import Candle, Instrument
from tickfire.client.market.tables import Records
from tickfire.client.market.ticks import REALTIME, TickBatchStream, TickStream

HEARTBEAT_S: Final = 10.0
CONNECT_TIMEOUT_S: Final = 30.0
_STEPS_S: Final = (0.2, 0.5, 1.0, 2.0, 3.0)
_SOCKET_PATH: Final = "/socket"


@dataclass
class Line:
    """One connection, and the topics that streams have on it."""

    socket: Phoenix
    topics: set[str] = field(default_factory=set)


class Market:
    """A tickfire market-data server.

    ::

        async for tick in Market("https://market.example.com", token).ticks(symbols=["ESU4"]):
            print(tick.symbol, tick.price, tick.volume)

    It connects when it is needed, and disconnects after the last stream; as an ``async with`` it
    stays connected until the end of the block. Streams of one market share a connection, so one
    whose consumer is slow slows the others; give such a consumer a market of its own.

    Parameters
    ----------
    url : str
        Address of the server's page, or of its socket.
    token : str, or callable, or None
        Token that lets the client in, or a function that returns it at every attempt.
    connect_timeout_s : float
        Seconds until the first connection is given up. Later ones are never given up.
    **options
        See `tickfire.client.PhoenixOptions`.

    Raises
    ------
    ValueError
        If the address is not whole.
    """

    def __init__(
        self,
        url: str,
        token: AuthToken = None,
        *,
        connect_timeout_s: float = CONNECT_TIMEOUT_S,
        **options: Any,
    ) -> None:
        self._url = _socket_of(url)
        self._connect_timeout_s = connect_timeout_s
        self._options = {
            "auth_token": token,
            "heartbeat_interval_s": HEARTBEAT_S,
            "reconnect_after_s": backoff,
            "rejoin_after_s": backoff,
            **options,
        }
        self.socket = self._new_socket()
        self._lines: list[Line] = []
        self._connecting = asyncio.Lock()
        self._is_kept = False

    async def __aenter__(self) -> Self:
        """Connect, and stay connected."""
        self._is_kept = True
        await self.take_line("")
        return self

    async def __aexit__(self, *_: object) -> None:
        """Disconnect; streams end."""
        await self.close()

    async def close(self) -> None:
        """Disconnect; streams end."""
        self._is_kept = False
        lines, self._lines = self._lines, []
        for line in lines:
            await line.socket.disconnect()

    # --- streams
    def ticks(
        self,
        symbols: str | Sequence[str] | None = None,
        since: str | None = None,
        *,
        max_hz: float | None = None,
        notices: bool = False,
    ) -> TickStream:
        """Return every trade of some symbols, or of all.

        Parameters
        ----------
        symbols
            One symbol, or up to 1,000; None stands for all.
        since
            The id of a tick: all later ones come first, without gap or duplicate.
        max_hz
            From 0.1 to 100: the trades of each instrument are merged, at most so often a second.
        notices
            True to yield a `Gap` or a `Delivery` at its place among the ticks. Otherwise gaps are
            logged as warnings. Both ways they are in the stream's `gaps`.
        """
        return TickStream(self, symbols, since, max_hz, notices=notices)

    def batches(
        self,
        symbols: str | Sequence[str] | None = None,
        since: str | None = None,
        *,
        max_hz: float | None = None,
        notices: bool = False,
    ) -> TickBatchStream:
        """Return ticks of all kinds, quotes included, as arrays; parameters as of `ticks`."""
        return TickBatchStream(self, symbols, since, max_hz, notices=notices)

    def candles(
        self, symbol: str, interval: str, limit: int = DEFAULT_LIMIT, *, notices: bool = False
    ) -> CandleStream:
        """Return the bars of an instrument: the newest `limit`, and each change from then on.

        `interval` is one of 1s, 1m, 5m, 15m, 1h, 1d and 1w. With `notices`, a `Reset` precedes bars
        that replace all before.
        """
        return CandleStream(self, symbol, interval, limit, notices=notices)

    def news(self) -> NewsStream:
        """Return headlines: the latest, and each from then on."""
        return NewsStream(self, "news:headlines")

    def signals(self, symbol: str = "all") -> SignalStream:
        """Return signals of the models, of one instrument or of all: the latest, then each."""
        return SignalStream(self, f"signals:{symbol}")

    def book(self, symbol: str) -> BookStream:
        """Return the order book of an instrument, now and after each change."""
        return BookStream(self, f"book:{symbol}")

    def quotes(self, symbol: str) -> QuoteStream:
        """Return the top of book of an instrument after each change."""
        return QuoteStream(self, f"market:{symbol}")

    # --- answers
    async def instruments(self) -> Records[Instrument]:
        """Return the instruments of the server."""
        reply = await self._ask(REALTIME, {})
        return Records(msgspec.convert(reply["instruments"], list[Instrument]), Instrument)

    async def history(
        self,
        symbol: str,
        interval: str,
        limit: int = DEFAULT_LIMIT,
        *,
        before: int | None = None,
    ) -> Records[Candle]:
        """Return the newest bars of an instrument, oldest first.

        Parameters
        ----------
        symbol, interval
            As of `candles`.
        limit
            The number of bars, of any size: they are fetched page by page.
        before
            Time in ms; only bars that start before. None: up to now, the running bar included.
        """
        topic = f"candles:{symbol}:{interval}"
        async with self.connection(topic) as socket:
            channel = socket.channel(topic, {"limit": min(limit, MAX_LIMIT)})
            try:
                page = await channel.join()
                rows, more = page["candles"], page["more"]
                oldest = rows[0][0] if rows else None
                running = before is None
                if before is not None:
                    rows, more, oldest = [], True, before
                while more and oldest is not None and len(rows) < limit:
                    wanted = min(limit - len(rows), MAX_LIMIT)
                    page = await page_of(channel.push, oldest, wanted)
                    rows, more, oldest = [*page["candles"], *rows], page["more"], page["oldest"]
            finally:
                channel.leave()
            return candles_of(rows[-limit:], symbol, interval, has_running=running)

    # --- connections
    def connection(self, topic: str) -> contextlib.AbstractAsyncContextManager[Phoenix]:
        """Return a connection on which no other stream has the topic, for as long as it is used."""
        return _Use(self, topic)

    async def take_line(self, topic: str) -> Line:
        """Return a connection on which no stream has a topic, and take the topic."""
        loop = asyncio.get_running_loop()
        until = loop.time() + self._connect_timeout_s  # also while others try to connect
        async with self._connecting:
            for line in self._lines:
                if topic not in line.topics:
                    break
            else:
                line = Line(self.socket if not self._lines else self._new_socket())
                try:
                    await line.socket.connect(max(until - loop.time(), 0.0))
                except BaseException:  # a cancellation would leave the attempts going on
                    await line.socket.disconnect()
                    raise
                self._lines.append(line)
            if topic:
                line.topics.add(topic)
            return line

    async def give_back(self, line: Line, topic: str) -> None:
        """Leave a topic of a connection, which ends with its last one."""
        line.topics.discard(topic)
        if not line.topics and not self._is_kept and line in self._lines:
            self._lines.remove(line)
            await line.socket.disconnect()

    async def _ask(self, topic: str, params: dict[str, Any]) -> Any:
        """Join a topic for its reply alone."""
        async with self.connection(topic) as socket:
            channel = socket.channel(topic, params)
            try:
                return await channel.join()
            finally:
                channel.leave()

    def _new_socket(self) -> Phoenix:
        return Phoenix(self._url, **self._options)


class _Use(contextlib.AbstractAsyncContextManager[Phoenix]):
    """The use of a connection for a topic.

    It is no generator: those that a program leaves open are closed by their event loop in any
    order, and the one within another first.
    """

    def __init__(self, market: Market, topic: str) -> None:
        self._market, self._topic = market, topic

    async def __aenter__(self) -> Phoenix:
        self._line = await self._market.take_line(self._topic)
        return self._line.socket

    async def __aexit__(self, *_: object) -> None:
        await self._market.give_back(self._line, self._topic)


def _socket_of(url: str) -> str:
    """Return the address of the socket of a server, given that of its page."""
    try:
        endpoint_of(url)
        parts = urlsplit(url)
    except ValueError:
        text = f"{shown_of(url)!r} is no address of a server"
        raise ValueError(f'{text}, such as "https://market.example.com"') from None
    path = parts.path.rstrip("/")
    is_socket = path.endswith((_SOCKET_PATH, _SOCKET_PATH + "/websocket"))
    return url if is_socket else urlunsplit(parts._replace(path=path + _SOCKET_PATH))


def backoff(tries: int) -> float:
    """Return the seconds to wait before an attempt, spread by a fifth each way."""
    step = _STEPS_S[min(tries, len(_STEPS_S)) - 1]
    return step * random.uniform(0.8, 1.2)
