"""A TCP proxy that passes HTTP on and lets no WebSocket through, as some networks do."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from concurrent.futures import Future
from types import TracebackType
from typing import Self

START_TIMEOUT_S = 60
CHUNK = 64 << 10

FORBIDDEN = b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"

type Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Proxy:
    """Serves a free port in a thread.

    Parameters
    ----------
    upstream
        The port of the server behind it.
    answer
        The answer to a WebSocket handshake; None for nothing, ever.
    """

    def __init__(self, upstream: int, answer: bytes | None) -> None:
        self.port = 0
        self.upgrades = 0
        self._upstream = upstream
        self._answer = answer
        self._running: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event, int]] = Future()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))

    def __enter__(self) -> Self:
        self._thread.start()
        self._loop, self._stop, self.port = self._running.result(START_TIMEOUT_S)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(START_TIMEOUT_S)

    async def _serve(self) -> None:
        connections: set[asyncio.Task[None]] = set()

        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.create_task(self._connection(reader, writer))
            connections.add(task)
            task.add_done_callback(connections.discard)

        stop = asyncio.Event()
        server = await asyncio.start_server(accept, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        self._running.set_result((asyncio.get_running_loop(), stop, port))
        await stop.wait()
        server.close()
        for task in connections:
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            try:
                head = await reader.readuntil(b"\r\n\r\n")
                if b"\nupgrade: websocket" in head.lower():
                    await self._refuse(reader, writer)
                else:
                    await self._pass_on(head, (reader, writer))
            finally:
                writer.close()

    async def _refuse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.upgrades += 1
        if self._answer is None:
            await reader.read()  # until the client gives up
        else:
            writer.write(self._answer)
            await writer.drain()

    async def _pass_on(self, head: bytes, client: Streams) -> None:
        server = await asyncio.open_connection("127.0.0.1", self._upstream)
        try:
            server[1].write(head)
            pumps = [
                asyncio.create_task(_pump(client[0], server[1])),
                asyncio.create_task(_pump(server[0], client[1])),
            ]
            try:
                await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for pump in pumps:
                    pump.cancel()
                await asyncio.gather(*pumps, return_exceptions=True)
        finally:
            server[1].close()


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while data := await source.read(CHUNK):
        sink.write(data)
        await sink.drain()
