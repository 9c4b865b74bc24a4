"""`ControlSocket`: the Unix socket at which a server takes commands."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

from tickfire.base.errors import UserError
from tickfire.server.control import wire
from tickfire.server.workers.pool import Pool, ReloadError, Tell

REQUEST_S: Final = 5.0

logger = logging.getLogger(__name__)


@contextlib.asynccontextmanager
async def controlled(pool: Pool, path: Path) -> AsyncIterator[None]:
    """Take commands for a pool at a Unix socket that only its owner can use.

    Raises
    ------
    UserError
        There cannot be a socket at the path, or another server has it.
    """
    listener = _bound(path)
    serving = set[asyncio.Task[None]]()

    def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(_serve(pool, reader, writer))
        serving.add(task)
        task.add_done_callback(serving.discard)

    server = await asyncio.start_unix_server(serve, sock=listener, limit=wire.MAX_LINE)
    try:
        yield
    finally:
        server.close()
        _remove(path)
        if serving:
            await asyncio.wait(serving, timeout=1)


async def _serve(pool: Pool, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    def tell(text: str) -> None:
        writer.write(wire.pack(progress=text))

    with contextlib.suppress(OSError, ValueError, TimeoutError):
        async with asyncio.timeout(REQUEST_S):
            request = wire.unpack(await reader.readline())
        answer = await _obey(pool, request, tell)
        writer.write(wire.pack(**answer))
        await writer.drain()
    writer.close()


async def _obey(pool: Pool, request: dict[str, Any], tell: Tell) -> dict[str, Any]:
    match request:
        case {"do": wire.RELOAD}:
            try:
                await pool.reload(tell)
            except ReloadError as error:
                logger.error("the workers are not replaced: %s", error)
                return {"failed": str(error)}
        case {"do": wire.DRAIN, "delay": float() | int() | None as delay} if (delay or 0) >= 0:
            await pool.drain(tell, delay)
        case _:
            return {"failed": "this server does not know the command"}
    return {"done": True}


def _bound(path: Path) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX)
    try:
        if _is_served(path):
            raise UserError(f"another server takes commands at {path}; set --control to another.")
        _remove(path)
        mask = os.umask(0o177)
        try:
            listener.bind(str(path))
        finally:
            os.umask(mask)
    except OSError as error:
        listener.close()
        raise UserError(f"no commands can be taken at {path}: {error}.") from error
    except UserError:
        listener.close()
        raise
    return listener


def _remove(path: Path) -> None:
    """Remove the socket, of a server that was killed too, but no other file."""
    if path.is_socket():
        path.unlink()


def _is_served(path: Path) -> bool:
    if not path.is_socket():
        return False
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0
