"""A gateway that sends numbered trades at a steady rate, or as fast as they are taken."""

from __future__ import annotations

import asyncio
import time
from typing import Final

import numpy as np

from tests.support.lsg import welcome
from tickfire.ingest.dbn.control import SymbolMappingMsg, encode_control
from tickfire.ingest.dbn.layout import ACTION_TRADE, RTYPE_TRADE
from tickfire.ingest.dbn.metadata import Metadata
from tickfire.ingest.dbn.records import TRADE

INSTRUMENTS: Final = 64
CHUNK_S: Final = 0.02


def trades(first: int, count: int, at_ns: int | None = None) -> bytes:
    """Return trades with the sequence numbers from `first`, all stamped `at_ns`, or now."""
    numbers = np.arange(first, first + count)
    rows = np.zeros(count, TRADE)
    rows["length"], rows["rtype"], rows["publisher_id"] = TRADE.itemsize // 4, RTYPE_TRADE, 1
    rows["instrument_id"] = 1 + numbers % INSTRUMENTS
    rows["ts_event"] = rows["ts_recv"] = time.time_ns() if at_ns is None else at_ns
    rows["price"] = 10**11 + numbers % 100 * 10**7
    rows["size"], rows["action"], rows["side"] = 1, ACTION_TRADE, ord("B")
    rows["sequence"] = numbers
    return rows.tobytes()


class Feed:
    """Gateway for one session.

    Parameters
    ----------
    dataset : str
        The dataset that its metadata names.

    Attributes
    ----------
    sent : int
        Number of trades that the session's socket has taken.
    """

    def __init__(self, dataset: str = "BENCH") -> None:
        self.sent = 0
        self._dataset = dataset
        self._writer: asyncio.StreamWriter | None = None
        self._ready = asyncio.Event()

    async def listen(self) -> int:
        """Listen on a free port and return it."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return int(server.sockets[0].getsockname()[1])

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if await welcome(reader, writer) is None:
            return
        writer.write(Metadata(self._dataset).encode())
        for number in range(1, INSTRUMENTS + 1):
            name = f"B{number}"
            writer.write(encode_control(SymbolMappingMsg(number, name, name, time.time_ns())))
        self._writer = writer
        self._ready.set()
        await reader.read()

    async def fill(self, past_s: int) -> None:
        """Send a trade of each instrument for each second of the past, as fast as taken."""
        await self._ready.wait()
        assert self._writer is not None
        now_s = int(time.time())
        for at_s in range(now_s - past_s, now_s):
            self._writer.write(trades(self.sent, INSTRUMENTS, at_s * 1_000_000_000))
            await self._writer.drain()
            self.sent += INSTRUMENTS

    async def run(self, rate: float, seconds: float) -> None:
        """Send at a steady rate; the trades that are not taken in time are sent later."""
        await self._ready.wait()
        assert self._writer is not None
        before = self.sent
        loop = asyncio.get_running_loop()
        began = loop.time()
        while (passed := loop.time() - began) < seconds or self.sent - before < rate * seconds:
            due = int(min(passed, seconds) * rate) - (self.sent - before)
            count = min(due, max(1, int(rate * CHUNK_S)))
            if count > 0:
                self._writer.write(trades(self.sent, count))
                await self._writer.drain()
                self.sent += count
            if due <= count:
                await asyncio.sleep(CHUNK_S / 4)

    async def flood(self, count: int, *, chunk: int = 8192) -> float:
        """Send trades as fast as they are taken; return when the first was sent."""
        await self._ready.wait()
        assert self._writer is not None
        data = trades(0, chunk)
        began = time.perf_counter()
        while self.sent < count:
            self._writer.write(data)
            await self._writer.drain()
            self.sent += chunk
        return began

    async def close(self) -> None:
        """End the session once everything is sent."""
        assert self._writer is not None
        self._writer.close()
        await self._writer.wait_closed()
