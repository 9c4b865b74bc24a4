"""A low-level client: raw WebSocket frames and plain HTTP over asyncio streams.

It can send what no library would, and records all that comes as *steps*, the vocabulary of the
transcripts.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import os
import struct
from collections import deque
from dataclasses import dataclass
from typing import Any

type Step = dict[str, Any]

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
NAMES = {PING: "recv_ping", PONG: "recv_pong", 0: "recv_cont"}
RESPONSE_TIMEOUT_S = 30.0

KEPT_OF_UPGRADE = (
    "upgrade",
    "connection",
    "sec-websocket-protocol",
    "sec-websocket-extensions",
    "content-type",
    "allow",
    "sec-websocket-version",
)
GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def frame(opcode: int, data: bytes = b"", *, fin: bool = True, rsv: int = 0) -> bytes:
    """Return a masked frame."""
    size = len(data)
    head = bytes([(0x80 if fin else 0) | rsv << 4 | opcode])
    if size < 126:
        head += bytes([0x80 | size])
    elif size < 1 << 16:
        head += b"\xfe" + struct.pack("!H", size)
    else:
        head += b"\xff" + struct.pack("!Q", size)
    key = os.urandom(4)
    pad = (key * (size // 4 + 1))[:size]
    masked = int.from_bytes(data, "big") ^ int.from_bytes(pad, "big")
    return head + key + masked.to_bytes(size, "big")


@dataclass(frozen=True)
class Response:
    """An HTTP response; header names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body as text, undecodable bytes escaped."""
        return self.body.decode("utf8", "backslashreplace")


async def read_response(reader: asyncio.StreamReader, *, head: bool = False) -> Response:
    """Read one response."""
    async with asyncio.timeout(RESPONSE_TIMEOUT_S):
        raw = await reader.readuntil(b"\r\n\r\n")
    first, *lines = raw.decode("latin1").split("\r\n")
    status = int(first.split()[1])
    headers = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if colon:
            headers[name.lower()] = value.strip()
    body = b""
    if not head and status not in (101, 204, 304):
        body = await _read_body(reader, headers)
    return Response(status, headers, body)


async def _read_body(reader: asyncio.StreamReader, headers: dict[str, str]) -> bytes:
    if "content-length" in headers:
        return await reader.readexactly(int(headers["content-length"]))
    if headers.get("transfer-encoding") != "chunked":
        return await reader.read()
    body = b""
    while size := int((await reader.readline()).split(b";")[0], 16):
        body += await reader.readexactly(size)
        await reader.readexactly(2)
    await reader.readexactly(2)
    return body


async def fetch(
    host: str, port: int, method: str, target: str, headers: dict[str, str], body: bytes = b""
) -> Response:
    """Do one HTTP request on a connection of its own."""
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(_request(method, target, headers) + body)
        return await read_response(reader, head=method == "HEAD")
    finally:
        writer.close()


def _request(method: str, target: str, headers: dict[str, str]) -> bytes:
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"{method} {target} HTTP/1.1\r\n{lines}\r\n".encode()


async def open_websocket(
    name: str,
    host: str,
    port: int,
    target: str,
    *,
    method: str = "GET",
    headers: dict[str, str] | None = None,
    omit: tuple[str, ...] = (),
) -> tuple[RawWebSocket | None, Step]:
    """Do a handshake.

    Returns
    -------
    socket, step
        None if it was refused, and the `response` step.
    """
    key = base64.b64encode(os.urandom(16)).decode()
    sent = {
        "Host": f"localhost:{port}",
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": key,
    }
    sent = {name: value for name, value in sent.items() if name not in omit} | (headers or {})
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(_request(method, target, sent))
    response = await read_response(reader)
    kept = {name: value for name, value in response.headers.items() if name in KEPT_OF_UPGRADE}
    step: Step = {"conn": name, "op": "response", "status": response.status, "headers": kept}
    if response.status != 101:
        writer.close()
        return None, step | {"body": response.text}
    accept = base64.b64encode(hashlib.sha1((key + GUID).encode()).digest()).decode()
    step["accept_ok"] = response.headers.get("sec-websocket-accept") == accept
    return RawWebSocket(name, reader, writer), step


class RawWebSocket:
    """An open WebSocket that records what the server does."""

    def __init__(
        self, name: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.name = name
        self.arrived: deque[Step] = deque()
        self.closing = False  # a close frame of ours is out
        self._reader = reader
        self._writer = writer
        self._news = asyncio.Event()
        self._task = asyncio.ensure_future(self._listen())

    async def next(self, timeout_s: float) -> Step | None:
        """Return the next event, or None if none comes in time or the connection has ended."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout_s
        while not self.arrived:
            left = deadline - loop.time()
            if self._task.done() or left <= 0:
                return None
            self._news.clear()
            try:
                await asyncio.wait_for(self._news.wait(), left)
            except TimeoutError:
                pass
        return self.arrived.popleft()

    async def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        try:
            self._writer.write(data)
            await self._writer.drain()
        except OSError as error:
            self._record({"op": "send_failed", "desc": type(error).__name__})

    async def end(self) -> None:
        """Cut the connection."""
        self._task.cancel()
        self._writer.close()
        await asyncio.gather(self._task, return_exceptions=True)

    # --- what the server does
    def _record(self, step: Step) -> None:
        self.arrived.append({"conn": self.name, **step})
        self._news.set()

    async def _listen(self) -> None:
        try:
            while True:
                await self._read_frame()
        except asyncio.IncompleteReadError:
            self._record({"op": "eof", "desc": "server closed the TCP connection (FIN)"})
        except OSError:
            self._record({"op": "eof", "desc": "server reset the TCP connection (RST)"})
        finally:
            self._news.set()

    async def _read_frame(self) -> None:
        first, size = await self._reader.readexactly(2)
        size &= 0x7F
        if size >= 126:
            size = int.from_bytes(await self._reader.readexactly(2 if size == 126 else 8), "big")
        data = await self._reader.readexactly(size)
        self._record(_step(first, data))
        if first & 15 == CLOSE and not self.closing:
            self.closing = True
            self._writer.write(frame(CLOSE, data[:2]))


def _step(first: int, data: bytes) -> Step:
    opcode, rsv = first & 15, first >> 4 & 7
    if opcode == CLOSE:
        code = int.from_bytes(data[:2], "big") if len(data) >= 2 else None
        return {"op": "recv_close", "code": code, "reason": data[2:].decode("utf8", "replace")}
    if opcode not in (TEXT, BINARY):
        return {"op": NAMES.get(opcode, f"recv_{opcode}"), "data": base64.b64encode(data).decode()}
    step: Step = {"op": "recv"}
    if not first & 0x80:
        step["fin"] = False
    if rsv:
        step["rsv"] = rsv
    if opcode == TEXT and not rsv:
        step["text"] = data.decode("utf8", "backslashreplace")
    else:
        step["binary"] = base64.b64encode(data).decode()
    return step
