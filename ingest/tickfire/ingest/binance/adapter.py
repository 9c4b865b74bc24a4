"""`BinanceAdapter`: trades and the top of book of symbols, from combined WebSocket streams.

The exchange replays nothing: a session has what happens while it lasts. Trade ids are dense, so
that a trade is taken once, whatever is repeated, and one that is missing is known by its id and
published as a gap. The exchange closes every connection after 24 hours, and pings every 20 s,
which the WebSocket library answers; it pings as well, and ends a connection that is dead.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from itertools import batched
from typing import Final

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from tickfire.ingest.adapter.protocol import FeedRefused, Inlet, Resume, SessionEnded, Source
from tickfire.ingest.binance.instrument import BinanceInstrument, Inexact
from tickfire.ingest.binance.messages import BOOK_TICKER, MALFORMED, MESSAGE, TRADE, Message
from tickfire.ingest.binance.rest import symbol_infos
from tickfire.ingest.dbn.metadata import Metadata

STREAM_URL: Final = "wss://stream.binance.com:9443"
REST_URL: Final = "https://api.binance.com"
MAX_SYMBOLS: Final = 512
"""Two streams each make the 1,024 that a connection may have."""
STREAMS_PER_REQUEST: Final = 256
"""At most five requests a second may be sent."""
TRADES: Final = "@trade"
TOP_OF_BOOK: Final = "@bookTicker"

logger = logging.getLogger(__name__)


class BinanceAdapter:
    """Adapter of Binance's spot streams.

    Parameters
    ----------
    symbols : sequence of str
        Such as ``("BTCUSDT", "ETHUSDT")``.
    url : str
        Address of the WebSocket streams.
    rest_url : str
        Address of the REST interface, which is asked for the steps of prices and sizes.

    Attributes
    ----------
    name : str
    silence_s : None
        A quiet symbol is no fault: the WebSocket library notices a dead connection.
    inexact : dict of str to int
        Number of values by symbol that could not be stated exactly.
    """

    name = "BINANCE.SPOT"
    silence_s = None

    def __init__(
        self, symbols: Sequence[str], *, url: str = STREAM_URL, rest_url: str = REST_URL
    ) -> None:
        self._symbols = tuple(dict.fromkeys(symbol.upper() for symbol in symbols))
        if not 1 <= len(self._symbols) <= MAX_SYMBOLS:
            raise FeedRefused(
                f"Binance carries 1 to {MAX_SYMBOLS} symbols in a feed, not {len(self._symbols)};"
                " name them with --symbols, and give further ones to a feed of their own."
            )
        self._url, self._rest_url = url.rstrip("/"), rest_url
        self._socket: ClientConnection | None = None
        self._early: list[Message] = []
        self._instruments: dict[str, BinanceInstrument] = {}
        self.inexact: dict[str, int] = {}

    # --- FeedAdapter
    async def connect(self) -> Source:
        """Learn the steps of the symbols, and connect."""
        if not self._instruments:
            self._instruments = await self._learn()
        try:
            self._socket = await connect(f"{self._url}/stream", open_timeout=None)
        except InvalidStatus as error:
            raise SessionEnded(
                f"{self._url} refused the connection (status {error.response.status_code})"
            ) from None
        except WebSocketException as error:
            raise SessionEnded(f"cannot connect to {self._url} ({error})") from None
        return Source()

    async def subscribe(self, resume: Resume) -> Metadata:
        """Subscribe to the streams of all symbols; there is no past to ask for."""
        streams = [
            symbol.lower() + kind for symbol in self._symbols for kind in (TRADES, TOP_OF_BOOK)
        ]
        requests = list(batched(streams, STREAMS_PER_REQUEST))
        socket = self._connected()
        self._early = []
        try:
            for number, names in enumerate(requests, 1):
                ask = {"method": "SUBSCRIBE", "params": names, "id": number}
                await socket.send(msgspec.json.encode(ask).decode())
            waiting: set[object] = set(range(1, len(requests) + 1))
            while waiting:
                message = _decoded(await socket.recv())
                if message.error is not None:
                    raise FeedRefused(
                        f"{self._url} refused the subscription: {message.error.msg.rstrip('.')}."
                    )
                waiting.discard(message.id)
                if message.stream:
                    self._early.append(message)
        except ConnectionClosed as error:
            raise _ended(error) from None
        return Metadata(self.name, stype_in="raw_symbol")

    async def run(self, inlet: Inlet) -> None:
        """Put the records of all messages into the inlet until the connection ends."""
        socket = self._connected()
        now = time.time_ns()
        await inlet.put(b"".join(each.introduction(now) for each in self._instruments.values()))
        for message in self._early:
            await self._take(message, inlet)
        try:
            while True:
                await self._take(_decoded(await socket.recv()), inlet)
        except ConnectionClosed as error:
            raise _ended(error) from None

    async def close(self) -> None:
        """Close the connection."""
        socket, self._socket = self._socket, None
        if socket is not None:
            await socket.close()

    # --- messages
    async def _learn(self) -> dict[str, BinanceInstrument]:
        infos = await symbol_infos(self._rest_url, self._symbols)
        instruments = {info.symbol: BinanceInstrument.of(info) for info in infos}
        numbers: dict[int, str] = {}
        for each in instruments.values():
            other = numbers.setdefault(each.instrument_id, each.symbol)
            if other != each.symbol:
                raise FeedRefused(
                    f"{each.symbol} and {other} have the same instrument id; give one of them to"
                    " a feed of its own."
                )
        return instruments

    def _connected(self) -> ClientConnection:
        if self._socket is None:
            raise SessionEnded("the connection is closed")
        return self._socket

    async def _take(self, message: Message, inlet: Inlet) -> None:
        """Put the record of a message into the inlet, if it has one."""
        symbol, _, kind = message.stream.partition("@")
        instrument = self._instruments.get(symbol.upper())
        if instrument is None:
            return
        received = time.time_ns()
        try:
            if kind == TRADES[1:]:
                await self._take_trade(instrument, message.data, received, inlet)
            elif kind == TOP_OF_BOOK[1:]:
                await self._take_quote(instrument, message.data, received, inlet)
        except Inexact as error:
            self._report(instrument, error)
        except MALFORMED as error:
            raise SessionEnded(
                f"the stream {message.stream} sent a message that cannot be read ({error})"
            ) from None

    async def _take_trade(
        self, instrument: BinanceInstrument, data: msgspec.Raw, received: int, inlet: Inlet
    ) -> None:
        trade = TRADE.decode(data)
        missing = instrument.missing(trade.id)
        if missing is None:
            return
        if missing:
            inlet.gap(_missing(missing, instrument.symbol))
        try:
            record = instrument.trade(trade, received)
        except Inexact as error:
            inlet.gap(f"trade {trade.id} of {instrument.symbol} is left out: {error}")
            raise
        await inlet.put(record)

    async def _take_quote(
        self, instrument: BinanceInstrument, data: msgspec.Raw, received: int, inlet: Inlet
    ) -> None:
        ticker = BOOK_TICKER.decode(data)
        if instrument.is_new(ticker.id):
            record, faults = instrument.quote(ticker, received)
            await inlet.put(record)
            for fault in faults:
                self._report(instrument, fault)

    def _report(self, instrument: BinanceInstrument, error: Inexact) -> None:
        """Count a value that cannot be stated, and log the first of each symbol."""
        seen = self.inexact.get(instrument.symbol, 0)
        self.inexact[instrument.symbol] = seen + 1
        if not seen:
            logger.warning("%s; it is left out, and so are others of the kind", error)


def _decoded(text: str | bytes) -> Message:
    try:
        return MESSAGE.decode(text)
    except MALFORMED as error:
        raise SessionEnded(f"the exchange sent a message that cannot be read ({error})") from None


def _missing(ids: range, symbol: str) -> str:
    first, last = ids[0], ids[-1]
    if first == last:
        return f"trade {first} of {symbol} is missing"
    return f"trades {first} to {last} of {symbol} are missing"


def _ended(error: ConnectionClosed) -> SessionEnded:
    received = error.rcvd
    detail = f" (code {received.code}: {received.reason})" if received and received.reason else ""
    return SessionEnded(f"the exchange closed the connection{detail}")
