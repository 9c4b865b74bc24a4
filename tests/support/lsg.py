"""A live gateway's part of the handshake, for feeds that let every client in."""

from __future__ import annotations

import asyncio

from tickfire.ingest.lsg.lines import parse_line


async def welcome(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> list[dict[str, str]] | None:
    """Return the fields of a client's requests once it starts the session; None if it goes."""
    writer.write(b"lsg_version=0.7.2\ncram=x\n")
    await reader.readline()
    writer.write(b"success=1|session_id=1\n")
    requests = []
    while line := await reader.readline():
        requests.append(parse_line(line.decode()))
        if "start_session" in requests[-1]:
            return requests
    return None
