"""`Tail` over a real Valkey: order, reconnection and the limit on silence."""

from __future__ import annotations

import asyncio
import contextlib
import gc
from collections.abc import AsyncIterator, Awaitable, Iterator

import pytest

from tests.support.eventually import eventually
from tests.support.valkey import Valkey
from tickfire.store import tail as tail_module
from tickfire.store import watch as watch_module
from tickfire.store.entries import Entry
from tickfire.store.store import Store
from tickfire.store.tail import Tail

KEYS = (b"{t}:a", b"{t}:b")


@pytest.fixture(scope="module")
def valkey() -> Iterator[Valkey]:
    server = Valkey()
    yield server
    server.close()


@pytest.fixture(autouse=True)
def empty(valkey: Valkey) -> None:
    valkey.client.flushall()


class Proxy:
    """A proxy in front of a port that can cut its connections, or stop passing on replies."""

    def __init__(self, port: int) -> None:
        self._upstream = port
        self.port = 0
        self.passing = asyncio.Event()
        self.passing.set()
        self._writers: list[asyncio.StreamWriter] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", self._upstream)
        self._writers += (writer, inner_writer)
        with contextlib.suppress(OSError):
            await asyncio.gather(self._pass(reader, inner_writer), self._pass(inner_reader, writer))

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(1 << 16):
            await self.passing.wait()
            writer.write(data)
        writer.close()

    def cut(self) -> None:
        """Close all connections."""
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()


@contextlib.asynccontextmanager
async def proxied(valkey: Valkey) -> AsyncIterator[Proxy]:
    proxy = Proxy(valkey.port)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        proxy.passing.set()
        proxy.cut()
        server.close()


class Reader:
    """A running `Tail` and a record of its callbacks."""

    def __init__(self, store: Store) -> None:
        self.ids: dict[bytes, list[bytes]] = {key: [] for key in KEYS}
        self.events: list[str] = []
        self.tail = Tail(
            store,
            dict.fromkeys(KEYS, b"0-0"),
            self._on_entries,
            on_lost=lambda: self.events.append("lost"),
            on_live=lambda: self.events.append("live"),
        )

    def _on_entries(self, key: bytes, entries: list[Entry], _read_ns: int) -> None:
        self.ids[key] += [entry_id for entry_id, _ in entries]


@contextlib.asynccontextmanager
async def reading(port: int) -> AsyncIterator[Reader]:
    store = await Store.open(f"redis://127.0.0.1:{port}/0")
    reader = Reader(store)
    running = asyncio.create_task(reader.tail.run())
    try:
        yield reader
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await store.close()


def add(valkey: Valkey, key: bytes, first: int, last: int) -> list[bytes]:
    """Add entries with the ids from first to last; return the ids."""
    ids = [b"%d-0" % number for number in range(first, last + 1)]
    for entry_id in ids:
        valkey.client.xadd(key, {"d": b"x"}, id=entry_id)
    return ids


async def test_entries_of_each_stream_come_in_order(valkey: Valkey) -> None:
    before = add(valkey, KEYS[0], 1, 600)
    async with reading(valkey.port) as reader:
        await eventually(lambda: reader.ids[KEYS[0]] == before, "the old entries are read")
        after = add(valkey, KEYS[0], 601, 610)
        other = add(valkey, KEYS[1], 1, 10)
        expected = {KEYS[0]: before + after, KEYS[1]: other}
        await eventually(lambda: reader.ids == expected, "the new entries are read")
        assert reader.tail.positions == {KEYS[0]: b"610-0", KEYS[1]: b"10-0"}
        assert reader.events == ["live"]


async def test_reading_goes_on_after_the_connection_is_cut(valkey: Valkey) -> None:
    async with proxied(valkey) as proxy, reading(proxy.port) as reader:
        first = add(valkey, KEYS[0], 1, 3)
        await eventually(lambda: reader.ids[KEYS[0]] == first, "the first entries are read")
        proxy.cut()
        second = add(valkey, KEYS[0], 4, 6)
        await eventually(lambda: reader.ids[KEYS[0]] == first + second, "all entries are read once")
        assert reader.events == ["live", "lost", "live"]


async def test_a_silent_connection_is_replaced(
    valkey: Valkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch_module, "LOOK_S", 0.1)
    monkeypatch.setattr(watch_module, "SILENT_LOOKS", 4)
    monkeypatch.setattr(tail_module, "BLOCK_MS", 50)
    async with proxied(valkey) as proxy, reading(proxy.port) as reader:
        first = add(valkey, KEYS[0], 1, 3)
        await eventually(lambda: reader.ids[KEYS[0]] == first, "the first entries are read")
        proxy.passing.clear()
        second = add(valkey, KEYS[0], 4, 6)
        await eventually(lambda: "lost" in reader.events, "the silent connection is given up")
        assert reader.ids[KEYS[0]] == first
        proxy.cut()
        proxy.passing.set()
        await eventually(lambda: reader.ids[KEYS[0]] == first + second, "all entries are read once")


async def test_entries_whose_handling_has_not_begun_are_given_up_in_silence(valkey: Valkey) -> None:
    """A coroutine left behind would be a warning, which is an error here."""
    store = await Store.open(valkey.url)

    async def never() -> None:
        raise AssertionError("reading was cancelled before")

    def on_entries(*_: object) -> Awaitable[None]:
        task.cancel()
        return never()

    task = asyncio.create_task(Tail(store, {KEYS[0]: b"0-0"}, on_entries).run())
    valkey.client.xadd(KEYS[0], {"d": b"x"})
    with pytest.raises(asyncio.CancelledError):
        await task
    await store.close()
    gc.collect()
