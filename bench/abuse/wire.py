"""A WebSocket client on a plain socket: no checks, so that it can break any rule."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

PATIENCE_S: Final = 15.0
REQUEST: Final = (
    "GET /socket/websocket?{query} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
_MASK: Final = bytes(4)


@dataclass(frozen=True, slots=True)
class Target:
    """A server, and the client that attacks it.

    Attributes
    ----------
    port : int
    token : str
        The token or key of the client, which may be none.
    source : str
        The address of this machine from which the client connects.
    """

    port: int
    token: str = ""
    source: str = "127.0.0.1"

    def connect(self, timeout_s: float = PATIENCE_S) -> socket.socket:
        """Open a connection to the server."""
        return socket.create_connection(("127.0.0.1", self.port), timeout_s, (self.source, 0))

    def query(self) -> str:
        """Return the query of the WebSocket's address."""
        return urlencode({"vsn": "2.0.0"} | ({"token": self.token} if self.token else {}))

    def request(self) -> bytes:
        """Return the request that opens the WebSocket."""
        return REQUEST.format(port=self.port, query=self.query()).encode()


def upgrade(connection: socket.socket, target: Target) -> None:
    """Open the WebSocket of the market.

    Raises
    ------
    ConnectionError
        The server refused it; the text is its response.
    """
    connection.sendall(target.request())
    head = b""
    while b"\r\n\r\n" not in head:
        head += receive_exactly(connection, 1)
    if b" 101 " not in head.split(b"\r\n")[0]:
        raise ConnectionError(head.decode("latin-1"))


def text_frame(payload: bytes) -> bytes:
    """Return a masked text frame; the mask is nought, which is cheap."""
    size = len(payload)
    if size < 126:
        header = bytes((0x81, 0x80 | size))
    elif size < 1 << 16:
        header = b"\x81\xfe" + size.to_bytes(2, "big")
    else:
        header = b"\x81\xff" + size.to_bytes(8, "big")
    return header + _MASK + payload


def receive_exactly(connection: socket.socket, size: int) -> bytes:
    """Return the next bytes from a connection."""
    data = b""
    while len(data) < size:
        more = connection.recv(size - len(data))
        if not more:
            raise ConnectionError(f"process {os.getpid()}: the server closed the connection")
        data += more
    return data


def frames_in(connection: socket.socket) -> Iterator[tuple[int, bytes]]:
    """Yield (opcode, payload) of the server's frames."""
    data = bytearray()

    def take(size: int) -> bytes:
        while len(data) < size:
            more = connection.recv(1 << 16)
            if not more:
                raise ConnectionError("the server closed the connection")
            data.extend(more)
        taken = bytes(data[:size])
        del data[:size]
        return taken

    while True:
        opcode, size = take(2)
        if size >= 126:
            size = int.from_bytes(take(2 if size == 126 else 8), "big")
        yield opcode & 0x0F, take(size)
