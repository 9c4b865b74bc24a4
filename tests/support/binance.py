"""An exchange that speaks as Binance's spot streams and REST interface do, on a local port."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, urlsplit

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.http11 import Request, Response

from tests.support.eventually import TIMEOUT_S

STEPS: Mapping[str, tuple[str, str]] = {
    "BTCUSDT": ("0.01000000", "0.00001000"),
    "PEPEUSDT": ("0.00000001", "1.00"),
    "FINEUSDT": ("0.00000000001", "1"),
}
"""Steps of prices and sizes by symbol."""


@dataclass
class Exchange:
    """The exchange.

    Attributes
    ----------
    subscribed : list of str
        The streams that were subscribed to, over all connections.
    """

    subscribed: list[str] = field(default_factory=list)
    _server: Server | None = None
    _clients: list[ServerConnection] = field(default_factory=list)
    _arrived: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def port(self) -> int:
        """The port of both interfaces."""
        assert self._server is not None
        port: int = next(iter(self._server.sockets)).getsockname()[1]
        return port

    async def next_client(self) -> None:
        """Wait until a client has subscribed since the last call."""
        async with asyncio.timeout(TIMEOUT_S):
            await self._arrived.wait()
        self._arrived.clear()

    async def send(self, *messages: Mapping[str, Any]) -> None:
        """Send messages of streams to the newest client."""
        for message in messages:
            await self._clients[-1].send(json.dumps(message))

    async def hang_up(self) -> None:
        """Close the connection of the newest client, as after 24 hours."""
        await self._clients[-1].close(1001, "24 hours")

    async def serve(self, client: ServerConnection) -> None:
        """Serve a client."""
        async for text in client:
            request = json.loads(text)
            unknown = [name for name in request["params"] if "nosuch" in name]
            if unknown:
                error = {"code": 2, "msg": "Invalid request: unknown stream."}
                await client.send(json.dumps({"error": error, "id": request["id"]}))
                continue
            self.subscribed += request["params"]
            await client.send(json.dumps({"result": None, "id": request["id"]}))
            self._clients.append(client)
            self._arrived.set()

    def answer(self, connection: ServerConnection, request: Request) -> Response | None:
        """Answer a request for the rules of symbols; others open a WebSocket."""
        url = urlsplit(request.path)
        if url.path != "/api/v3/exchangeInfo":
            return None
        symbols = json.loads(parse_qs(url.query)["symbols"][0])
        if any(symbol not in STEPS for symbol in symbols):
            body = json.dumps({"code": -1121, "msg": "Invalid symbol."})
            return connection.respond(HTTPStatus.BAD_REQUEST, body)
        rules = [
            {
                "symbol": symbol,
                "status": "TRADING",
                "filters": [
                    {
                        "filterType": "PRICE_FILTER",
                        "minPrice": "0.01",
                        "tickSize": STEPS[symbol][0],
                    },
                    {"filterType": "LOT_SIZE", "minQty": "0.1", "stepSize": STEPS[symbol][1]},
                    {"filterType": "ICEBERG_PARTS", "limit": 10},
                ],
            }
            for symbol in symbols
        ]
        return connection.respond(HTTPStatus.OK, json.dumps({"timezone": "UTC", "symbols": rules}))


@asynccontextmanager
async def trading() -> AsyncIterator[Exchange]:
    """Run an exchange."""
    exchange = Exchange()
    async with serve(exchange.serve, "127.0.0.1", 0, process_request=exchange.answer) as server:
        exchange._server = server
        yield exchange


def trade_message(
    number: int,
    price: str = "65000.12000000",
    quantity: str = "0.00123000",
    symbol: str = "BTCUSDT",
    time_ms: int = 1_700_000_000_123,
    *,
    buyer_is_maker: bool = False,
) -> dict[str, Any]:
    """Return a message of a stream of trades, in the shape of the exchange's documentation."""
    data = {
        "e": "trade", "E": time_ms + 2, "s": symbol, "t": number, "p": price, "q": quantity,
        "T": time_ms, "m": buyer_is_maker, "M": True,
    }  # fmt: skip
    return {"stream": f"{symbol.lower()}@trade", "data": data}


def ticker_message(
    number: int, bid: tuple[str, str], ask: tuple[str, str], symbol: str = "BTCUSDT"
) -> dict[str, Any]:
    """Return a message of a stream of the top of book."""
    data = {"u": number, "s": symbol, "b": bid[0], "B": bid[1], "a": ask[0], "A": ask[1]}
    return {"stream": f"{symbol.lower()}@bookTicker", "data": data}
