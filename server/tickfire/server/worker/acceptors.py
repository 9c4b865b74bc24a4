"""`Acceptors`: as many acceptors of a listening socket as the clients that wait ask for.

uvloop accepts one connection of a socket in a turn of the event loop. When many clients connect at
once, as after a restart, a turn is long, and the last of them, or a health check, would wait for a
turn of each that came before. So copies of the socket are listened on as well while a crowd waits,
of which each accepts one. Without a crowd there is none: each would be woken for nothing by every
connection.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Final

COPIES: Final = 63
CROWD: Final = 8
"""Clients that wait to be accepted, from which on the copies are of use."""
_TCP_INFO: Final = 28
_TCP_INFO_UNACKED: Final = slice(24, 28)
"""Where Linux has the length of a listening socket's queue among the figures of TCP."""


class Acceptors:
    """Maker of the protocols of one server, which sees the crowd whenever it makes one.

    Parameters
    ----------
    make : callable
        Makes a protocol of the keyword arguments that uvicorn gives.
    backlog : int
        Length of the queue of the sockets.

    Attributes
    ----------
    sockets : sequence of socket
        The sockets that the server listens on.
    """

    def __init__(self, make: Callable[..., asyncio.Protocol], backlog: int) -> None:
        self._make, self._backlog = make, backlog
        self.sockets: tuple[socket.socket, ...] = ()
        self._servers: list[asyncio.Server] = []
        self._opening: asyncio.Task[None] | None = None

    @property
    def count(self) -> int:
        """Number of copies that are listened on."""
        return len(self._servers)

    def __call__(self, **arguments: Any) -> asyncio.Protocol:
        """Return a protocol for a connection that was accepted."""
        if self._opening is None and (crowded := self._crowded()):
            self._opening = asyncio.get_running_loop().create_task(self._open(crowded, arguments))
        return self._make(**arguments)

    async def _open(self, crowded: Iterable[socket.socket], arguments: dict[str, Any]) -> None:
        loop = asyncio.get_running_loop()
        again = partial(self, **arguments)
        with contextlib.suppress(OSError):  # no descriptors are left: fewer copies will do
            for one in (one for one in crowded for _ in range(COPIES)):
                server = await loop.create_server(again, sock=one.dup(), backlog=self._backlog)
                self._servers.append(server)

    def review(self) -> None:
        """Close the copies, unless a crowd waits."""
        if self._opening is not None and self._opening.done() and not self._crowded():
            self.close()

    def close(self) -> None:
        """Close the copies."""
        if self._opening is not None:
            self._opening.cancel()
            self._opening = None
        for server in self._servers:
            server.close()
        self._servers.clear()

    def _crowded(self) -> list[socket.socket]:
        return [one for one in self.sockets if _waiting(one) >= CROWD]


def _waiting(listener: socket.socket) -> int:
    """Return the number of clients that wait to be accepted; 0 where it is not known."""
    try:
        figures = listener.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO)
    except OSError:  # it is no socket of TCP, or is closed
        return 0
    return int.from_bytes(figures[_TCP_INFO_UNACKED], "little")
