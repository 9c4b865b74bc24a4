"""`Lease`: the right to do some work, such as to write a feed, held by one process at a time.

The lease is a key that expires unless its holder renews it. It keeps two writers apart in the
ordinary case; a holder that was suspended is kept from writing by the fencing number in the heads
of the streams, which the next holder raises before it reads where to go on.
"""

from __future__ import annotations

import asyncio
import logging
import math
import os
import secrets
import socket
import time
from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple

import msgspec

from tickfire.store.requests import RedisUnavailable, Requests
from tickfire.store.schema import lease_key
from tickfire.store.store import Store

EXPIRY_S: Final = 1.5
"""Time after which the lease of a process that was killed, or hangs, ends."""
RENEWAL_S: Final = 0.4
RETURN_S: Final = 3.0
"""Time that a holder which Redis may have cut off is given to take its lease again."""
POLL_S: Final = 0.15
"""Interval at which a standby tries to take the lease, and at which its holder tries again."""

_TAKE: Final = b"""
local held = redis.call('GET', KEYS[1])
if held and held ~= ARGV[1] then
  return held
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return ARGV[1]
"""
_RELEASE: Final = b"""
if redis.call('GET', KEYS[1]) == ARGV[1] then
  return redis.call('DEL', KEYS[1])
end
return 0
"""

logger = logging.getLogger(__name__)


class Work(NamedTuple):
    """Work that one process at a time does.

    Attributes
    ----------
    key : bytes
        Key of its lease.
    name : str
        Part of the names of its standbys in the hash ``health``.
    subject, deed : str
        Words for the log, such as "feed 1" and "is written".
    command : str
        The command that does it, such as "ingest".
    """

    key: bytes
    name: str
    subject: str
    deed: str
    command: str

    @property
    def is_done(self) -> str:
        """The work as a clause, such as "feed 1 is written"."""
        return f"{self.subject} {self.deed}"


def feed_work(feed: int) -> Work:
    """Return the work of writing a feed."""
    return Work(lease_key(feed), str(feed), f"feed {feed}", "is written", "ingest")


class Holder(msgspec.Struct, frozen=True, tag=False):
    """The process that holds a lease.

    Attributes
    ----------
    token : str
        Random, so that no two processes are taken for one.
    host : str
    pid : int
    """

    token: str
    host: str
    pid: int

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}"


class LeaseLost(Exception):
    """Raised when another process has the right to write."""


class Lease:
    """The lease of some work, as sought or held by this process.

    Parameters
    ----------
    store : Store
    work : Work

    Attributes
    ----------
    work : Work
    holder : Holder
        This process.
    may_be_early : bool
        True if the lease was taken without giving its last holder time to come back, as that one
        had not been cut off from Redis by what was known then.
    """

    def __init__(self, store: Store, work: Work) -> None:
        self.holder = Holder(secrets.token_hex(8), socket.gethostname(), os.getpid())
        self.work = work
        self.may_be_early = False
        self._key = work.key
        self._packed = msgspec.json.encode(self.holder)
        self._requests = Requests(store, self._key)

    async def take(self) -> Holder:
        """Take or renew the lease if no other process holds it, and return its holder.

        Raises
        ------
        RedisUnavailable
            Redis does not answer, or answers with an error.
        """
        expiry_ms = round(EXPIRY_S * 1000)
        reply = await self._requests.command("EVAL", _TAKE, 1, self._key, self._packed, expiry_ms)
        return _decoded(reply)

    async def wait(
        self,
        on_standby: Callable[[Holder], None],
        may_return: Callable[[], Awaitable[bool]] | None = None,
    ) -> None:
        """Wait until this process holds the lease.

        Parameters
        ----------
        on_standby : callable
            Called with each other holder that has to be waited for.
        may_return : callable, optional
            Awaited when nobody holds the lease: true if its last holder may only have been cut off
            from Redis. It is then given `RETURN_S` to take it again.
        """
        known: Holder | None = None
        patience_ends, waited, was_out = math.inf, False, False
        while True:
            try:
                holder = await self._find()
                if holder is None and (was_out or (may_return and await may_return())):
                    patience_ends = min(patience_ends, time.monotonic() + RETURN_S)
                    if time.monotonic() < patience_ends:
                        await asyncio.sleep(POLL_S)
                        continue
                    waited = True
                if holder is None or holder == self.holder:
                    holder = await self.take()
            except RedisUnavailable as error:
                logger.debug("cannot take the lease: %s", error)
                # Its holder may be cut off as well, and is to renew it first once Redis answers.
                patience_ends, waited, was_out = math.inf, False, known is not None
            else:
                if holder == self.holder:
                    self.may_be_early = may_return is not None and not waited
                    return
                patience_ends, waited, was_out = math.inf, False, False
                if holder != known:
                    known = holder
                    on_standby(holder)
            await asyncio.sleep(POLL_S)

    async def _find(self) -> Holder | None:
        """Return the holder of the lease, None if there is none."""
        reply = await self._requests.command("GET", self._key)
        return None if reply is None else _decoded(reply)

    async def keep(self) -> None:
        """Renew the lease until cancelled.

        Raises
        ------
        LeaseLost
            Another process holds it.
        """
        while True:
            answered = await self.check()
            await asyncio.sleep(RENEWAL_S if answered else POLL_S)

    async def check(self) -> bool:
        """Renew the lease; return whether Redis answered.

        Raises
        ------
        LeaseLost
            Another process holds it.
        """
        try:
            holder = await self.take()
        except RedisUnavailable as error:
            logger.debug("cannot renew the lease: %s", error)
            return False
        if holder != self.holder:
            raise LeaseLost(f"{self.work.is_done} by {holder} now")
        return True

    async def ensure(self) -> None:
        """Make sure that this process holds the lease now.

        Raises
        ------
        LeaseLost
            Another process holds it.
        ConnectionError
            Redis does not answer.
        """
        if not await self.check():
            raise ConnectionError("the lease cannot be renewed")

    async def release(self) -> None:
        """End the lease, so that a standby takes over at once."""
        try:
            await self._requests.command("EVAL", _RELEASE, 1, self._key, self._packed)
        except RedisUnavailable as error:
            logger.debug("the lease was not released and will expire: %s", error)

    def close(self) -> None:
        """Close the connection to Redis."""
        self._requests.close()


def _decoded(reply: object) -> Holder:
    try:
        return msgspec.json.decode(bytes(reply), type=Holder)  # type: ignore[call-overload]
    except (msgspec.MsgspecError, TypeError):
        return Holder("", "an unknown host", 0)
