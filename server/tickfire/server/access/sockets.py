"""`Sockets`: the open connections of a worker whose grants may end before they do."""

from __future__ import annotations

import asyncio
import heapq
import time
from collections import Counter
from typing import Final

from tickfire.phoenix.user_socket import ConnectionLike, UserSocket
from tickfire.server.access.grant import Grant, grant_of
from tickfire.server.access.key_book import KeyBook

SLACK: Final = 64
"""Expiries of connections that ended, which are kept beside as many as there are others."""


class GrantedSocket(UserSocket):
    """User socket of a client with a grant.

    Attributes
    ----------
    connection : ConnectionLike or None
        The connection, while it is open.
    lease : str or None
        Its lease, if its grant bounds the number of connections.
    """

    connection: ConnectionLike | None = None
    lease: str | None = None

    @property
    def grant(self) -> Grant:
        """The rights of the client now."""
        return grant_of(self.assigns)


class Sockets:
    """Open connections of clients that are known, by one timer for all of them.

    Parameters
    ----------
    book : KeyBook
        Its changes close the connections of revoked keys and signed-out users.
    """

    def __init__(self, book: KeyBook) -> None:
        self._book = book
        self._open: dict[GrantedSocket, str | None] = {}
        """Connections with the holders that they count for."""
        self._held: Counter[str] = Counter()
        self._expiries: list[tuple[float, int, GrantedSocket]] = []
        self._number = 0
        self._timer: asyncio.TimerHandle | None = None
        book.on_change.append(self._close_revoked)

    def __len__(self) -> int:
        return len(self._open)

    def add(self, socket: GrantedSocket) -> None:
        """Close a connection once its grant expires or is revoked, or consider its new grant."""
        grant = socket.grant
        if grant.expires_at is None and grant.holder is None:
            return
        self._uncount(socket)
        if self.is_full(grant) or not self._book.allows(grant):  # by now, after the handshake
            asyncio.get_running_loop().call_soon(_close, socket)
        self._open[socket] = grant.holder
        if grant.holder is not None:
            self._held[grant.holder] += 1
        if grant.expires_at is not None:
            self._number += 1
            expiry = (grant.expires_at, self._number, socket)
            self._drop_past_expiries()
            heapq.heappush(self._expiries, expiry)
            if self._expiries[0] is expiry:
                self._set_timer()

    def remove(self, socket: GrantedSocket) -> None:
        """Forget a connection that has ended."""
        self._uncount(socket)
        self._drop_past_expiries()

    def is_full(self, grant: Grant) -> bool:
        """Return whether a grant has as many connections on this worker as it may have."""
        holder, most = grant.holder, grant.connections
        return holder is not None and most is not None and self._held[holder] >= most

    def _uncount(self, socket: GrantedSocket) -> None:
        holder = self._open.pop(socket, None)
        if holder is not None:
            self._held[holder] -= 1
            if not self._held[holder]:
                del self._held[holder]

    def _drop_past_expiries(self) -> None:
        """Drop those of connections that have ended and of grants that were renewed, if many."""
        if len(self._expiries) > 2 * len(self._open) + SLACK:
            self._expiries = [
                (at, number, socket)
                for at, number, socket in self._expiries
                if socket in self._open and socket.grant.expires_at == at
            ]
            heapq.heapify(self._expiries)

    def _close_revoked(self) -> None:
        for socket in [each for each in self._open if not self._book.allows(each.grant)]:
            _close(socket)

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._expiries:
            wait_s = max(0.0, min(self._expiries[0][0] - time.time(), 3600.0))
            self._timer = asyncio.get_running_loop().call_later(wait_s, self._close_expired)

    def _close_expired(self) -> None:
        now = time.time()
        while self._expiries and self._expiries[0][0] <= now:
            socket = heapq.heappop(self._expiries)[2]
            if socket in self._open and socket.grant.has_expired(now):
                _close(socket)
        self._set_timer()


def _close(socket: GrantedSocket) -> None:
    if socket.connection is not None:
        socket.connection.disconnect()
