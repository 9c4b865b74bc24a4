"""A live gateway of numbered trades, which sends again what a session's start asks for."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import numpy as np

from tests.support.dbn import trades
from tests.support.lsg import welcome
from tests.support.roles import metadata
from tickfire.base.units import NS_PER_S, PRICE_SCALE

INTERVAL_S: Final = 0.05


class NumberedFeed:
    """Trades of one instrument: the price of each is its number, and its size is 1.

    Attributes
    ----------
    symbol : str
    sent : int
        The number of the last trade.
    seconds : dict of int to int
        The number of trades in each second since the Unix epoch.
    """

    def __init__(self, symbol: str, rate: float) -> None:
        self.symbol = symbol
        self.sent = 0
        self.seconds: dict[int, int] = {}
        self.address = ""
        self._at_once = max(1, round(rate * INTERVAL_S))
        self._trades: list[tuple[int, bytes]] = []
        self._writers: set[asyncio.StreamWriter] = set()

    def cut(self) -> None:
        """Break every session."""
        for writer in self._writers:
            writer.transport.abort()

    async def trade(self) -> None:
        """Trade for ever."""
        while True:
            now = time.time_ns()
            made = trades(self._at_once, start=now)
            numbers = self.sent + 1 + np.arange(self._at_once)
            made["price"] = PRICE_SCALE * numbers
            made["sequence"] = numbers
            made["size"] = 1
            self.sent += self._at_once
            second = now // NS_PER_S
            self.seconds[second] = self.seconds.get(second, 0) + self._at_once
            data = made.tobytes()
            self._trades.append((now, data))
            for writer in self._writers:
                writer.write(data)
            await asyncio.sleep(INTERVAL_S)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one session: the past from its start, then the present."""
        with contextlib.suppress(OSError):
            requests = await welcome(reader, writer)
            if requests is not None:
                starts = [int(line["start"]) for line in requests if "start" in line]
                past = [data for at, data in self._trades if starts and at >= min(starts)]
                writer.write(metadata(self.symbol).encode() + b"".join(past))
                self._writers.add(writer)
                await reader.read()
        self._writers.discard(writer)
        writer.close()


@asynccontextmanager
async def numbered_feed(symbol: str, rate: float) -> AsyncIterator[NumberedFeed]:
    """Run a gateway of an instrument with some trades a second."""
    feed = NumberedFeed(symbol, rate)
    server = await asyncio.start_server(feed.serve, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    feed.address = f"{host}:{port}"
    trading = asyncio.create_task(feed.trade())
    try:
        yield feed
    finally:
        trading.cancel()
        server.close()
        feed.cut()
