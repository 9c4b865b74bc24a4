"""Signals into stream ``signals``, together with how far was read: each once, whoever dies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from tickfire.models.infer.counters import Counters
from tickfire.models.records import POSITIONS_KEY, SIGNALS_KEY, Signal
from tickfire.store.limits import MAX_SIGNALS
from tickfire.store.store import Store

# One step: what was published and how far was read can never disagree. Another process that has
# come further has published these already.
_PUBLISH: Final = """
local was = redis.call('HGET', KEYS[2], ARGV[1]) or ''
if was ~= ARGV[2] then
  return was
end
redis.call('HSET', KEYS[2], ARGV[1], ARGV[3])
for i = 5, #ARGV do
  redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[4], '*', 'd', ARGV[i])
end
return ARGV[3]
"""


class Outlet:
    """Publishes for one epoch.

    Parameters
    ----------
    store : Store
    epoch : bytes
    counters : Counters
    """

    def __init__(self, store: Store, epoch: bytes, counters: Counters) -> None:
        self._store = store
        self._epoch = epoch.hex().encode()
        self._counters = counters

    async def position(self, key: bytes) -> bytes | None:
        """Return how far a stream was read; None if nothing of this epoch was ever published."""
        found: bytes | None = await self._store.ask(
            lambda client: client.hget(POSITIONS_KEY, self._field(key)), "reading a position"
        )
        return found

    async def forget_others(self) -> None:
        """Drop the positions of other epochs."""
        fields: list[bytes] = await self._store.ask(
            lambda client: client.hkeys(POSITIONS_KEY), "reading the positions"
        )
        others = [field for field in fields if not field.startswith(self._epoch + b":")]
        if others:
            await self._store.ask(
                lambda client: client.hdel(POSITIONS_KEY, *others), "deleting old positions"
            )

    async def publish(
        self, key: bytes, before: bytes, after: bytes, signals: Sequence[Signal]
    ) -> bytes:
        """Publish what came of entries up to the id `after`, if `before` is still the position.

        Returns
        -------
        bytes
            The position now: `after`, or another process's, and then nothing was published.
        """
        packed = [msgspec.msgpack.encode(signal) for signal in signals]
        arguments: tuple[Any, ...] = (self._field(key), before, after, MAX_SIGNALS, *packed)
        now: bytes = await self._store.ask(
            lambda client: client.eval(_PUBLISH, 2, SIGNALS_KEY, POSITIONS_KEY, *arguments),
            "writing signals",
        )
        if now == after:
            for signal in signals:
                self._counters.signals.labels(signal.event).inc()
        return now

    def _field(self, key: bytes) -> bytes:
        return self._epoch + b":" + key
