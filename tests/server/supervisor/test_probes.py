"""Readiness probes: the reason of a server that is not ready."""

from __future__ import annotations

import asyncio

import pytest

from tickfire.server.supervisor.plan import Probe
from tickfire.server.supervisor.probes import ask

WHY = b'{"ready": false, "why": "feed 1 is catching up with its source: X", "feeds": []}'


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n{}", None),
        (
            b"HTTP/1.1 503 Service Unavailable\r\n\r\n" + WHY,
            "feed 1 is catching up with its source: X",
        ),
        (b"HTTP/1.1 502 Bad Gateway\r\n\r\n<p>no upstream</p>\n", "<p>no upstream</p>"),
        (b"HTTP/1.1 500 Oops\r\n\r\n", "HTTP/1.1 500 Oops"),
        (b"HTTP/1.1 503 \xff\r\n\r\n\xff" + b"x" * 1000, "\ufffd" + "x" * 199),
    ],
)
async def test_a_reason_is_one_sentence(answer: bytes, reason: str | None) -> None:
    async def reply(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(reply, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        assert await ask(Probe("http", "127.0.0.1", port)) == reason
    assert await ask(Probe("http", "127.0.0.1", port)) == f"nothing listens on port {port} yet"
