"""The client without asyncio, used by several threads of a program."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterable

import pytest

from tests.support.eventually import eventually
from tests.support.publisher import Publisher, trades
from tests.support.server import Server
from tickfire.client import sync

WITHIN_S = 60.0


class Reader(threading.Thread):
    """A thread that reads until the end."""

    def __init__(self, items: Iterable[object]) -> None:
        super().__init__(daemon=True)
        self._items = items
        self.count = 0
        self.error: BaseException | None = None
        self.has_read = threading.Event()

    def run(self) -> None:
        """Read all items."""
        try:
            for _ in self._items:
                self.count += 1
                self.has_read.set()
        except BaseException as error:
            self.error = error


def ended(readers: list[Reader], close: Callable[[], None]) -> None:
    """Start readers, close what they read, and check that they end without an error."""
    for reader in readers:
        reader.start()
    for reader in readers:
        assert reader.has_read.wait(WITHIN_S)
    close()
    for reader in readers:
        reader.join(WITHIN_S)
        assert not reader.is_alive()
        assert reader.error is None


async def test_streams_end_with_their_market(publisher: Publisher, server: Server) -> None:
    start = publisher.id(0)
    publisher.publish(trades(100))
    await server.reaches(publisher)

    def use() -> None:
        market = sync.Market(f"http://127.0.0.1:{server.port}")
        readers = [
            Reader(market.ticks(since=start)),
            Reader(market.batches(since=start)),
            Reader(market.candles("AAA", "1s")),
        ]
        ended(readers, market.close)
        with pytest.raises(RuntimeError, match="the market is closed; make another one"):
            market.ticks().take(1)

    await asyncio.to_thread(use)


async def test_a_call_ends_with_its_market(publisher: Publisher, server: Server) -> None:
    publisher.publish(trades(10))
    market = sync.Market(f"http://127.0.0.1:{server.port}")
    stream = market.ticks(since=publisher.id(0))
    taking = asyncio.create_task(asyncio.to_thread(stream.take, 1_000))
    await eventually(lambda: stream.id == publisher.id(10), "the ticks have arrived")
    await asyncio.to_thread(market.close)
    assert len(await asyncio.wait_for(taking, WITHIN_S)) == 10


async def test_events_end_with_their_connection(server: Server) -> None:
    def use() -> None:
        socket = sync.Phoenix(f"ws://127.0.0.1:{server.port}/socket")
        socket.connect()
        channel = socket.channel("pipeline:health")  # which has an event twice a second
        channel.join()
        ended([Reader(channel.events())], socket.close)

    await asyncio.to_thread(use)
