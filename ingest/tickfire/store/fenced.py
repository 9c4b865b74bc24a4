"""`FencedWriter`: batches of commands, each made once, whatever fails.

Under a hash are kept the fencing number of the writer and the number of batches; both change in the
script that runs the commands. So an older writer is refused, a batch whose reply was lost is not
made twice, and batches that a failover has lost are found missing. They are made again from those
that the writer keeps.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from typing import Any, Final

from tickfire.store.head import RUN_AGAIN, Arguments
from tickfire.store.lease import Lease, LeaseLost
from tickfire.store.store import Store, until_done

FENCE_FIELD: Final = b"fence"
BATCHES_FIELD: Final = b"batches"
LOOK_S: Final = 1.0
"""Interval at which lost batches are looked for."""
KEEP_BATCHES: Final = 4_096

_CLAIM: Final = """
local held = redis.call('HMGET', KEYS[1], 'fence', 'batches')
if (held[1] or '0') ~= ARGV[1] then
  return -1
end
redis.call('HSET', KEYS[1], 'fence', ARGV[2])
return tonumber(held[2] or '0')
"""
"""Script that raises the fencing number if it is still the one that was read.

It returns the number of batches, -1 if the fencing number is another one.
"""
_RUN: Final = (
    """
local held = redis.call('HMGET', KEYS[1], 'fence', 'batches')
local fence, batches = tonumber(held[1] or '0'), tonumber(held[2] or '0')
if fence > tonumber(ARGV[1]) or batches ~= tonumber(ARGV[2]) then
  return {fence, batches}
end
"""
    + RUN_AGAIN
    + """
redis.call('HSET', KEYS[1], 'fence', ARGV[1], 'batches', batches + 1)
return {tonumber(ARGV[1]), batches + 1}
"""
)
"""Script that runs commands as `APPEND_FENCED` does, if as many batches are made as is expected.

KEYS are the key of the hash and those of the commands; ARGV are the fencing number, the number of
batches expected, and the commands. It returns the fencing number and the number of batches now.
"""

logger = logging.getLogger(__name__)


class Overtaken(Exception):
    """Raised when Redis holds less than can be made again, or batches that another writer made."""


class FencedWriter:
    """Writer of batches to keys of one slot, while it holds a lease.

    Parameters
    ----------
    store : Store
    key : bytes
        Key of the hash, in the slot of the keys that are written.
    keep : int
        Number of batches to keep, so that they can be made again.
    """

    def __init__(self, store: Store, key: bytes, keep: int = KEEP_BATCHES) -> None:
        self._store = store
        self._key = key
        self._lock = asyncio.Lock()
        self._kept: deque[Sequence[Arguments]] = deque(maxlen=keep)  # the last one is `_number`
        self._fence = self._claimed = self._number = 0

    async def claim(self, lease: Lease) -> None:
        """Raise the fencing number, so that no earlier writer can write any more.

        Raises
        ------
        LeaseLost
            Another process holds the lease.
        """
        while True:
            fence = await self._ask(lambda client: client.hget(self._key, FENCE_FIELD)) or b"0"
            await until_done(lease.ensure, "renewing the lease", logger)
            raised = int(fence) + 1
            arguments = (self._key, fence, raised)
            made = await self._ask(lambda c: c.eval(_CLAIM, 1, *arguments))  # noqa: B023
            if made >= 0:
                self._fence, self._claimed, self._number = raised, made, made
                self._kept.clear()
                return

    async def write(self, commands: Sequence[Arguments]) -> None:
        """Run commands together, and wait until they are made.

        If this is cancelled, they are made with the next ones.

        Raises
        ------
        LeaseLost
            A later writer has begun to write.
        Overtaken
            Redis has lost more than is kept.
        """
        async with self._lock:
            self._number += 1
            self._kept.append(commands)
            await self._make_up(self._number - 1)

    async def keep(self) -> None:
        """Make batches again that Redis has lost, until cancelled.

        Raises
        ------
        LeaseLost, Overtaken
            As `write`.
        """
        while True:
            await asyncio.sleep(LOOK_S)
            async with self._lock:
                await self._make_up(await self._made())

    # --- batches
    async def _made(self) -> int:
        """Return the number of batches that Redis holds."""
        fields = (FENCE_FIELD, BATCHES_FIELD)
        held = await self._ask(lambda client: client.hmget(self._key, fields))
        fence, made = (int(value or 0) for value in held)
        return self._checked(fence, made)

    async def _make_up(self, made: int) -> None:
        """Make the batches after a number of those that are made already."""
        told = False
        while made < self._number:
            now = self._checked(*await self._run(made))
            if now < made and not told:
                told = True
                name, lost = self._key.decode(), self._number - 1 - now
                logger.warning(
                    "Redis has lost %d batches of %s, as after a failover; writing them again",
                    lost,
                    name,
                )
            made = now

    async def _run(self, made: int) -> tuple[int, int]:
        """Make the batch after a number of them; return the fencing number and theirs, as now."""
        at = len(self._kept) - (self._number - made)
        if at < 0:
            raise Overtaken(f"Redis has lost more of {self._key.decode()} than can be made again")
        commands = self._kept[at]
        keys = dict.fromkeys((self._key, *(command[1] for command in commands)))
        flat = [part for command in commands for part in (len(command), *command)]
        arguments = (*keys, self._fence, made, *flat)
        fence, now = await self._ask(lambda client: client.eval(_RUN, len(keys), *arguments))
        return int(fence), int(now)

    def _checked(self, fence: int, made: int) -> int:
        """Return a number of batches, if this writer made them."""
        if fence > self._fence:
            raise LeaseLost("another process has begun to write")
        if made > self._number or (fence < self._fence and made != self._claimed):
            raise Overtaken(f"Redis does not hold what was written of {self._key.decode()}")
        return made

    async def _ask(self, command: Any) -> Any:
        what = f"writing {self._key.decode()}"
        return await until_done(lambda: command(self._store.client), what, logger)
