"""`Watch`: nobody waits for a server that no longer holds the key, or for one that has vanished.

A server that was suspended, or whose machine has gone, closes no connection. So whatever waits for
a reply is looked at several times a second. If it has waited for longer than any reply should take,
the Cluster or the Sentinels are asked who holds what now: the moment that another server has taken
over, the connection to the old one is closed and the command is given up, and both are tried again
there. A server that is only slow keeps its connections, until it has been silent for too long.

Time is counted in looks, not by the clock: a process that was suspended itself, or whose event loop
was held up, finds the replies before it gives up.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Hashable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, Protocol

from tickfire.base.notifier import Notifier
from tickfire.store.connection import RedisConnection
from tickfire.store.errors import REDIS_ERRORS, is_outage
from tickfire.store.limits import SILENCE_S
from tickfire.store.outage import Outage
from tickfire.store.url import Host

LOOK_S: Final = 0.25
DOUBT_LOOKS: Final = 3
"""Looks without a reply after which the servers are asked who holds what. ``XREAD`` replies within
BLOCK_MS, which is less."""
TOLD_LOOKS: Final = 8
"""Looks without a reply after which Redis counts as out of reach."""
SILENT_LOOKS: Final = round(SILENCE_S / LOOK_S)
"""Looks without a reply after which a connection is closed in any case."""

SERVERS: Final = "servers"
"""The part that fails until a server says who holds what."""

logger = logging.getLogger(__name__)


class Servers(Protocol):
    """The servers among which a key may move: a Cluster, or a primary that Sentinels name.

    Attributes
    ----------
    version : int
        Number that grows whenever a key has moved.
    """

    version: int

    async def find(self, key: bytes) -> Host:
        """Return the server that holds a key; ask only if that is in doubt.

        Raises
        ------
        REDIS_ERRORS
            No server answers, or none holds the key.
        """

    def known(self, key: bytes) -> Host | None:
        """Return the server that held a key when last asked, None if that is not known."""

    def doubt(self) -> None:
        """Note that what is known may be wrong."""

    async def look(self) -> None:
        """Ask the servers who holds what now.

        Raises
        ------
        REDIS_ERRORS
            No server answers.
        """


@dataclass(slots=True)
class _Waiting:
    """Something that waits for a reply."""

    part: Hashable
    has_moved: Callable[[], bool]
    looks: int = 0
    received: int = 0


class Watch:
    """Watch over the connections and commands of a process.

    Parameters
    ----------
    outage : Outage
    servers : Servers, optional
        None if there is one server alone.
    """

    def __init__(self, outage: Outage, servers: Servers | None = None) -> None:
        self._outage = outage
        self._servers = servers
        self._connections: dict[RedisConnection, _Waiting] = {}
        self._commands: dict[asyncio.Timeout, _Waiting] = {}
        self._moved = Notifier()
        self._version = 0  # that of the servers when a move was last told

    def add(self, connection: RedisConnection, key: bytes, node: Host | None) -> None:
        """Watch a connection to the server that holds a key until it is closed."""
        servers = self._servers

        def has_moved() -> bool:
            return servers is not None and servers.known(key) not in (None, node)

        self._connections[connection] = _Waiting(key, has_moved)

    @asynccontextmanager
    async def attempt(self, part: Hashable) -> AsyncIterator[None]:
        """Watch what is awaited within, and tell of its failure or success.

        Raises
        ------
        TimeoutError
            A key has moved, or there was no reply for SILENCE_S.
        """
        servers = self._servers
        version = 0 if servers is None else servers.version
        try:
            async with asyncio.timeout(None) as limit:
                self._commands[limit] = _Waiting(
                    part, lambda: servers is not None and servers.version != version
                )
                try:
                    yield
                finally:
                    del self._commands[limit]
        except Exception as error:
            if is_outage(error) and servers is not None:
                servers.doubt()
            self._outage.begin(part, error)
            raise
        self._outage.end(part)

    async def run(self) -> None:
        """Look at what waits until cancelled."""
        while True:
            await asyncio.sleep(LOOK_S)
            in_doubt = self._count() or self._outage.since is not None
            if in_doubt and self._servers is not None:
                await self._look(self._servers)
            self._give_up()
            self._outage.settle()

    async def pause(self, limit_s: float) -> None:
        """Wait until a key has moved, for a limited time."""
        try:
            async with asyncio.timeout(limit_s):
                await self._moved.wait()
        except TimeoutError:
            pass

    async def _look(self, servers: Servers) -> None:
        servers.doubt()
        try:
            async with asyncio.timeout(SILENCE_S):
                await servers.look()
        except REDIS_ERRORS as error:
            self._outage.begin(SERVERS, error)
            return
        except Exception:  # one look has failed, and without others every command may wait for ever
            logger.exception("cannot find out which server holds what")
            return
        self._outage.end(SERVERS)
        if servers.version != self._version:
            self._version = servers.version
            self._moved.notify()

    def _count(self) -> bool:
        """Count this look; return whether anything has waited for too long."""
        for connection in [one for one in self._connections if one.closed.is_set()]:
            del self._connections[connection]
        for connection, waiting in self._connections.items():
            if connection.is_waiting and connection.received == waiting.received:
                waiting.looks += 1
            else:
                if waiting.looks >= TOLD_LOOKS:
                    self._outage.end(waiting.part)
                waiting.looks, waiting.received = 0, connection.received
        for waiting in self._commands.values():
            waiting.looks += 1
        for waiting in self._all():
            if waiting.looks >= TOLD_LOOKS:
                self._silence(waiting)
        return any(waiting.looks >= DOUBT_LOOKS for waiting in self._all())

    def _all(self) -> list[_Waiting]:
        return [*self._connections.values(), *self._commands.values()]

    def _give_up(self) -> None:
        for connection, waiting in self._connections.items():
            if self._is_over(waiting):
                connection.error = self._silence(waiting)
                connection.close()
        now = asyncio.get_running_loop().time()
        for limit, waiting in self._commands.items():
            if self._is_over(waiting) and not limit.expired():
                self._silence(waiting)
                limit.reschedule(now)

    def _silence(self, waiting: _Waiting) -> TimeoutError:
        """Tell of a silence, and return the error that it is."""
        silent_s = waiting.looks * LOOK_S
        error = TimeoutError(f"no reply for {silent_s:g} s")
        self._outage.begin(waiting.part, error, silent_s)
        return error

    @staticmethod
    def _is_over(waiting: _Waiting) -> bool:
        if waiting.looks < DOUBT_LOOKS:
            return False
        return waiting.looks >= SILENT_LOOKS or waiting.has_moved()
