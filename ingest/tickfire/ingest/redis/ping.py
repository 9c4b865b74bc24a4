"""Ask a Redis whether it serves, without a client library."""

from __future__ import annotations

import asyncio
from typing import Final

PING: Final = b"PING\r\n"
PONG: Final = b"+PONG\r\n"


class NotReady(Exception):
    """A server answered something else than PONG: it loads its data, or wants a password."""


async def ping(host: str, port: int, *, timeout_s: float = 1.0) -> None:
    """Send one PING on a connection of its own.

    Raises
    ------
    OSError
        Nothing listens there, or it closed the connection.
    TimeoutError
        No answer came in time.
    NotReady
        The answer was not PONG.
    """
    async with asyncio.timeout(timeout_s):
        reader, writer = await asyncio.open_connection(host, port)
        try:
            writer.write(PING)
            answer = await reader.readline()
        finally:
            writer.close()
    if not answer:
        raise ConnectionResetError("closed without an answer")
    if answer != PONG:
        raise NotReady(answer.decode("utf-8", "replace").strip().lstrip("-"))
