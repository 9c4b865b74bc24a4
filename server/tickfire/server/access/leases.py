"""`Leases`: the connections of grants that may have few, counted over all workers and servers.

A connection of such a grant holds a lease in Redis, which its worker renews. The leases of a worker
that was killed end by themselves. While Redis does not answer, each worker counts for itself.
"""

from __future__ import annotations

import asyncio
import itertools
import secrets
import time
from typing import Final

from tickfire.server.access.grant import Grant
from tickfire.server.access.sockets import GrantedSocket
from tickfire.store.requests import RedisUnavailable, Requests
from tickfire.store.store import Store

HELD: Final = "{access}:held:"
"""Prefix of the sorted sets, one a holder: lease to the time at which it ends, in ms."""
LEASE_S: Final = 10.0
RENEWALS: Final = 3
"""Times that a lease is renewed before it would end."""
MAX_RELEASED: Final = 10_000
"""Leases that may wait for Redis to be ended; older ones end by themselves."""

_CLAIM: Final = b"""
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[1])
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[4]) then return 0 end
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[3])
redis.call('PEXPIREAT', KEYS[1], ARGV[2])
return 1
"""
_RENEW: Final = b"""
for i = 2, #ARGV do redis.call('ZADD', KEYS[1], ARGV[1], ARGV[i]) end
redis.call('PEXPIREAT', KEYS[1], ARGV[1])
return 1
"""


class Leases:
    """The leases of one worker."""

    def __init__(self) -> None:
        self._requests: Requests | None = None
        self._held: dict[GrantedSocket, str] = {}
        """Open connections with the holders that their leases count for."""
        self._released: list[tuple[str, str]] = []
        self._changed = asyncio.Event()
        self._name = secrets.token_urlsafe(8)
        self._numbers = itertools.count()

    async def run(self, store: Store) -> None:
        """Renew the leases and end those of closed connections, until cancelled."""
        self._requests = requests = Requests(store, HELD.encode())
        renew_at = time.monotonic()
        try:
            while True:
                self._changed.clear()
                try:
                    await self._end_released(requests)
                    if time.monotonic() >= renew_at:
                        renew_at = time.monotonic() + LEASE_S / RENEWALS
                        await self._renew(requests)
                except RedisUnavailable:
                    renew_at = time.monotonic()
                    del self._released[:-MAX_RELEASED]
                try:
                    async with asyncio.timeout(LEASE_S / RENEWALS):
                        await self._changed.wait()
                except TimeoutError:
                    pass
        finally:
            self._requests = None
            requests.close()

    async def claim(self, grant: Grant) -> str | None:
        """Return the lease of one more connection of a grant, or None if it has all it may have.

        The lease ends soon unless a connection keeps it.
        """
        lease = f"{self._name}:{next(self._numbers)}"
        requests, holder = self._requests, grant.holder
        if requests is None or holder is None or grant.connections is None:
            return lease
        now, end = _now_ms(), _end_ms()
        arguments = now, end, lease, grant.connections
        try:
            claimed = await requests.command("EVAL", _CLAIM, 1, HELD + holder, *arguments)
        except RedisUnavailable:
            return lease
        return lease if claimed else None

    def keep(self, socket: GrantedSocket) -> None:
        """Renew the lease of an open connection, by the grant that it has now."""
        holder = socket.grant.holder if socket.grant.connections is not None else None
        if self._held.get(socket) == holder:
            return
        self.release(socket)
        if holder is not None:
            if socket.lease is None:
                socket.lease = f"{self._name}:{next(self._numbers)}"
            self._held[socket] = holder

    def release(self, socket: GrantedSocket) -> None:
        """End the lease of a connection."""
        holder = self._held.pop(socket, None)
        if holder is not None and socket.lease is not None:
            self._released.append((holder, socket.lease))
            self._changed.set()

    async def _end_released(self, requests: Requests) -> None:
        while self._released:
            holder, lease = self._released[-1]
            await requests.command("ZREM", HELD + holder, lease)
            self._released.remove((holder, lease))

    async def _renew(self, requests: Requests) -> None:
        by_holder: dict[str, list[str]] = {}
        for socket, holder in self._held.items():
            if socket.lease is not None:
                by_holder.setdefault(holder, []).append(socket.lease)
        for holder, leases in by_holder.items():
            await requests.command("EVAL", _RENEW, 1, HELD + holder, _end_ms(), *leases)


def _now_ms() -> int:
    return int(time.time() * 1000)


def _end_ms() -> int:
    return int((time.time() + LEASE_S) * 1000)
