"""Clocks under a test's control, a recording transport, and clients of the gateway."""

from __future__ import annotations

import asyncio
import hashlib
import heapq
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import databento
import numpy as np

from tests.support.dbn import START
from tickfire.ingest.dbn.control import ControlMsg, decode_control
from tickfire.ingest.dbn.file import aligned
from tickfire.ingest.dbn.layout import CONTROL_RTYPES
from tickfire.ingest.dbn.metadata import Metadata, metadata_size
from tickfire.ingest.gateway.segment import Segment, survey_chunk

KEY = "db-0123456789abcdefghijklmnopqrs"
TIMEOUT_S = 60.0
MS = 1_000_000
S = 1_000_000_000


class AutoClock:
    """Clock that jumps to the time that is waited for, so that no wait takes any."""

    def __init__(self, now: int = START) -> None:
        self.now = now
        self.sleeps: list[int] = []

    def time_ns(self) -> int:
        return self.now

    def monotonic_ns(self) -> int:
        return self.now - START

    async def sleep_until(self, monotonic_ns: int) -> None:
        self.now = max(self.now, monotonic_ns + START)
        await asyncio.sleep(0)


class ManualClock:
    """Clock that stands still until `advance` moves it."""

    def __init__(self, now: int = START) -> None:
        self._now = now
        self._sleepers: list[tuple[int, int, asyncio.Future[None]]] = []
        self._slept = asyncio.Event()
        self._count = 0

    def time_ns(self) -> int:
        return self._now

    def monotonic_ns(self) -> int:
        return self._now - START

    async def sleep_until(self, monotonic_ns: int) -> None:
        if monotonic_ns <= self.monotonic_ns():
            await asyncio.sleep(0)
            return
        self._count += 1
        waiter = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (monotonic_ns, self._count, waiter))
        self._slept.set()
        await waiter

    async def asleep(self, count: int = 1) -> None:
        """Return once this many tasks wait for the clock."""
        async with asyncio.timeout(TIMEOUT_S):
            while sum(not waiter.done() for *_, waiter in self._sleepers) < count:
                self._slept.clear()
                await self._slept.wait()

    def due(self) -> list[int]:
        """Return the monotonic times that tasks wait for, in ns, the earliest first."""
        return sorted(time for time, _, waiter in self._sleepers if not waiter.done())

    def advance(self, ns: int) -> None:
        """Move the clock on, and wake the tasks whose time has come."""
        self._now += ns
        while self._sleepers and self._sleepers[0][0] <= self.monotonic_ns():
            waiter = heapq.heappop(self._sleepers)[2]
            if not waiter.done():
                waiter.set_result(None)


class Pipe:
    """Transport that records each write and its time."""

    def __init__(self, clock: AutoClock | None = None) -> None:
        self.data = b""
        self.writes: list[tuple[int, bytes]] = []
        self._clock = clock
        self._written = asyncio.Event()
        self.on_write: Callable[[], None] = lambda: None

    def write(self, data: bytes | memoryview, /) -> None:
        self.data += bytes(data)
        self.writes.append((self._clock.now if self._clock else 0, bytes(data)))
        self._written.set()
        self.on_write()

    async def written(self, count: int) -> None:
        """Return once there have been this many writes."""
        async with asyncio.timeout(TIMEOUT_S):
            while len(self.writes) < count:
                self._written.clear()
                await self._written.wait()


def records_of(data: bytes) -> list[bytes]:
    """Split bytes into DBN records by their length bytes."""
    at, records = 0, []
    while at < len(data):
        size = data[at] * 4
        assert size >= 16 and at + size <= len(data)
        records.append(data[at : at + size])
        at += size
    return records


def data_records(data: bytes) -> list[bytes]:
    """Return the records of the market."""
    return [record for record in records_of(data) if record[1] not in CONTROL_RTYPES]


def controls_of(data: bytes) -> list[ControlMsg]:
    """Return the decoded control records."""
    return [message for message in map(decode_control, records_of(data)) if message is not None]


def segment_of(records: bytes, clock: int = 0) -> Segment:
    """Return the segment of a run of records."""
    data = aligned(len(records))
    data[:] = np.frombuffer(records, np.uint8)
    return survey_chunk(data, clock)


class Client:
    """Client that speaks the gateway's text protocol line by line."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.nonce = ""

    async def line(self) -> str:
        async with asyncio.timeout(TIMEOUT_S):
            return (await self.reader.readline()).decode().rstrip("\n")

    def send(self, text: str) -> None:
        self.writer.write(text.encode())

    async def greet(self) -> None:
        assert (await self.line()).startswith("lsg_version=")
        self.nonce = (await self.line()).removeprefix("cram=")

    def answer(self, key: str = KEY) -> str:
        digest = hashlib.sha256(f"{self.nonce}|{key}".encode()).hexdigest()
        return f"{digest}-{key[-5:]}"

    async def authenticate(self, options: str = "", key: str = KEY) -> str:
        await self.greet()
        self.send(f"auth={self.answer(key)}|dataset=TEST|encoding=dbn|{options}\n")
        return await self.line()

    async def start(self, *schemas: str, options: str = "", extra: str = "") -> Metadata:
        """Authenticate, subscribe to all symbols of schemas, and start."""
        assert (await self.authenticate(options)).startswith("success=1|")
        for number, schema in enumerate(schemas):
            ask = f"schema={schema}|stype_in=raw_symbol|symbols=ALL_SYMBOLS|id={number}"
            self.send(f"{ask}{extra}\n")
        self.send("start_session=0\n")
        return await self.metadata()

    async def metadata(self) -> Metadata:
        async with asyncio.timeout(TIMEOUT_S):
            head = await self.reader.readexactly(8)
            return Metadata.decode(head + await self.reader.readexactly(metadata_size(head) - 8))

    async def record(self) -> bytes:
        async with asyncio.timeout(TIMEOUT_S):
            length = await self.reader.readexactly(1)
            return length + await self.reader.readexactly(length[0] * 4 - 1)

    async def until(self, text: str) -> list[bytes]:
        """Return the records up to the control record whose text contains a given one."""
        records = []
        while True:
            records.append(await self.record())
            message = decode_control(records[-1])
            if text in (getattr(message, "msg", "") or getattr(message, "err", "")):
                return records

    async def ended(self) -> bytes:
        """Return the bytes that come before the gateway closes the connection."""
        async with asyncio.timeout(TIMEOUT_S):
            return await self.reader.read()


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[Client]:
    """Yield a connected client, and close it afterwards."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield Client(reader, writer)
    finally:
        writer.close()
        try:
            await writer.wait_closed()
        except ConnectionError:
            pass


class StockClient:
    """databento's own live client, run until a given record arrives."""

    def __init__(self, port: int, key: str = KEY, **options: Any) -> None:
        self.records: list[Any] = []
        self._live = databento.Live(key, gateway="127.0.0.1", port=port, **options)
        self._loop = asyncio.get_running_loop()
        self._done = asyncio.Event()
        self._until: Callable[[Any], bool] = lambda record: False

    async def run(
        self,
        schemas: dict[str, Any],
        until: Callable[[Any], bool],
        *,
        timeout_s: float = 100.0,
        **options: Any,
    ) -> list[Any]:
        """Subscribe to symbols by schema; return the records up to the last one wanted."""
        self._until = until
        await asyncio.to_thread(self._start, schemas, options)
        async with asyncio.timeout(timeout_s):
            await self._done.wait()
        self._live.terminate()
        return self.records

    def _start(self, schemas: dict[str, Any], options: Any) -> None:
        for schema, symbols in schemas.items():
            self._live.subscribe("TEST", schema, symbols, **options)
        self._live.add_callback(self._take)
        self._live.start()

    def _take(self, record: Any) -> None:
        self.records.append(record)
        if self._until(record):
            self._loop.call_soon_threadsafe(self._done.set)


def completed(record: Any) -> bool:
    """Return whether a record of databento's client says that a replay is complete."""
    return "completed" in (getattr(record, "msg", None) or "")
