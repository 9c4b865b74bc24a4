"""Connections on which little waits that a client has not read."""

from __future__ import annotations

import socket

from tests.support.server import Server

BYTES = 4 << 10


def narrow_socket(port: int) -> socket.socket:
    """Return a connection that keeps little of what is not read."""
    narrow = socket.socket()
    narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BYTES)
    narrow.connect(("127.0.0.1", port))
    narrow.setblocking(False)
    return narrow


def narrow_sending(server: Server) -> None:
    """Let the server's side of all connections keep little of what a client does not take."""
    for connection in server.connections():
        own = connection.transport.get_extra_info("socket")
        own.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BYTES)
