"""Proxy between a client and a server that breaks connections as a bad network does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Literal, NamedTuple

STALL_S = 0.1


class Fault(NamedTuple):
    """A fault of a connection, after a number of bytes from the server.

    ``kind`` is ``"cut"`` (reset), ``"half-close"`` (the server seems to have ended), or ``"stall"``
    (nothing for a while, and then a cut).
    """

    kind: str
    after: int


class FaultyProxy:
    """A proxy whose connections have one fault each, and none once the faults are used up.

    Attributes
    ----------
    host, port : str, int
        The address at which it listens.
    left : int
        The number of faults still to come.
    """

    def __init__(self, target: tuple[str, int], faults: Iterable[Fault]) -> None:
        self.host, self.port = "127.0.0.1", 0
        self._target = target
        self._faults = list(faults)
        self._serving: set[asyncio.Task[None]] = set()

    @property
    def left(self) -> int:
        return len(self._faults)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Relay one connection until its fault."""
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)
        fault = self._faults.pop(0) if self._faults else None
        from_server, to_server = await asyncio.open_connection(*self._target)
        upwards = asyncio.create_task(_relay(reader, to_server))
        try:
            await _relay(from_server, writer, fault.after if fault else None)
            if fault is not None and fault.kind != "cut":
                if fault.kind == "half-close":
                    writer.write_eof()
                await asyncio.wait([upwards], timeout=STALL_S)
        except ConnectionError:
            pass
        finally:
            upwards.cancel()
            to_server.transport.abort()
            writer.transport.abort()

    async def close(self) -> None:
        """Break the connections."""
        serving = list(self._serving)
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)


async def _serve_http(
    target: tuple[str, int],
    answer: Literal["refused", "silent"],
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
) -> None:
    """Relay a connection unless it begins with the handshake of a WebSocket."""
    with suppress(asyncio.IncompleteReadError, ConnectionError):
        head = await reader.readuntil(b"\r\n\r\n")
        if b"upgrade: websocket" not in head.lower():
            from_server, to_server = await asyncio.open_connection(*target)
            to_server.write(head)
            upwards = asyncio.create_task(_relay(reader, to_server))
            await _relay(from_server, writer)
            upwards.cancel()
            to_server.transport.abort()
        elif answer == "refused":
            writer.write(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n")
            await writer.drain()
        else:
            await reader.read()
    writer.transport.abort()


@asynccontextmanager
async def without_websockets(
    target: tuple[str, int], answer: Literal["refused", "silent"]
) -> AsyncIterator[int]:
    """Listen with a proxy that lets no WebSocket through to a server; yield its port."""
    server = await asyncio.start_server(partial(_serve_http, target, answer), "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def _relay(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, limit: int | None = None
) -> None:
    """Copy bytes until the end, or as many as a limit."""
    left = limit
    while left is None or left > 0:
        data = await reader.read(1 << 16 if left is None else min(left, 1 << 16))
        if not data:
            return
        writer.write(data)
        await writer.drain()
        left = None if left is None else left - len(data)


@asynccontextmanager
async def faulty_proxy(
    target: tuple[str, int], faults: Iterable[Fault]
) -> AsyncIterator[FaultyProxy]:
    """Listen with a proxy to a server."""
    proxy = FaultyProxy(target, faults)
    server = await asyncio.start_server(proxy.serve, proxy.host, 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        await proxy.close()
