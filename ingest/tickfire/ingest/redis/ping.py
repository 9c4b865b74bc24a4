"""Check whether a Redis server answers, without a client library."""

from __future__ import annotations

import asyncio
from typing import Final

PING: Final = b"PING\r\n"
PONG: Final = b"+PONG\r\n"


class NotReady(Exception):
    """Raised when a server answers, but not with PONG, as while it loads its data."""


async def ping(host: str, port: int, *, timeout_s: float = 1.0) -> None:
    """Send one PING over a new connection.

    Raises
    ------
    OSError
        The server cannot be reached, or closed the connection without an answer.
    TimeoutError
        The server did not answer within `timeout_s`.
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
