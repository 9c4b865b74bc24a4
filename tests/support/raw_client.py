"""A WebSocket client on a plain socket, which reads only on request."""

from __future__ import annotations

import json
import socket
from typing import Any

from tests.support.phoenix.rawclient import CLOSE, TEXT, frame

ENOUGH = 60_000
"""Ticks: more than the kernel's own buffers and the high-water mark take."""


class RawClient:
    """A WebSocket client that reads only on request, and lets the kernel keep little."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 << 10)
        self._data = bytearray()
        self._at = 0
        self._opcode = TEXT
        self._socket.settimeout(60)

    def close(self) -> None:
        self._socket.close()

    def connect(self, port: int) -> None:
        self._socket.sendall(
            b"GET /socket/websocket?vsn=2.0.0 HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n"
            b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n" % port
        )
        while b"\r\n\r\n" not in self._data:
            self._fill()
        del self._data[: self._data.index(b"\r\n\r\n") + 4]

    def read_much(self) -> None:
        """Let the kernel keep much from now on, as much cannot be read through a small buffer."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)

    def join(self, topic: str, payload: Any) -> None:
        message = json.dumps(["1", "1", topic, "phx_join", payload])
        self._socket.sendall(frame(TEXT, message.encode()))

    def heartbeat(self) -> None:
        message = json.dumps([None, "9", "phoenix", "heartbeat", {}])
        self._socket.sendall(frame(TEXT, message.encode()))

    def close_frame(self) -> bytes:
        """Read up to the close frame; return its payload."""
        while True:
            payload = self._whole_frame()
            if self._opcode == CLOSE:
                return payload

    def message(self) -> list[Any]:
        """Read one message."""
        message: list[Any] = json.loads(self._whole_frame())
        return message

    def _whole_frame(self) -> bytes:
        while (frame := self._frame()) is None:
            self._fill()
        return frame

    def _frame(self) -> bytes | None:
        data, at = self._data, self._at
        if len(data) < at + 4:
            return None
        size, begin = data[at + 1], at + 2
        if size == 126:
            size, begin = int.from_bytes(data[at + 2 : at + 4], "big"), at + 4
        if len(data) < begin + size:
            return None
        self._opcode = data[at] & 0x0F
        self._at = begin + size
        return bytes(data[begin : self._at])

    def _fill(self) -> None:
        chunk = self._socket.recv(1 << 20)
        assert chunk, "closed"
        del self._data[: self._at]
        self._at = 0
        self._data += chunk
