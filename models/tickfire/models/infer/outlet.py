"""Publishing of signals together with the position read: each signal once, whatever fails."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from tickfire.models.infer.counters import Counters
from tickfire.models.records import POSITIONS_KEY, SIGNALS_KEY, Signal
from tickfire.store.epoch import Epoch
from tickfire.store.limits import MAX_SIGNALS
from tickfire.store.store import Store

# One atomic step, so that signals and position always agree. If the position is not the expected
# one, another process has read further, and has published these signals already.
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
    """Publisher of signals for one epoch.

    Parameters
    ----------
    store : Store
        The streams' Redis.
    epoch : Epoch
    counters : Counters
    """

    def __init__(self, store: Store, epoch: Epoch, counters: Counters) -> None:
        self._store = store
        self._epoch = epoch.key.hex().encode()
        self._tag = b":{%d." % epoch.feed
        self._counters = counters

    async def position(self, key: bytes) -> bytes | None:
        """Return how far a stream was read; None if nothing was published in this epoch."""
        found: bytes | None = await self._store.ask(
            lambda client: client.hget(POSITIONS_KEY, self._field(key)), "reading a position"
        )
        return found

    async def forget_others(self) -> None:
        """Delete the positions of other epochs of this feed."""
        fields: list[bytes] = await self._store.ask(
            lambda client: client.hkeys(POSITIONS_KEY), "reading the positions"
        )
        own = [field for field in fields if self._tag in field]
        others = [field for field in own if not field.startswith(self._epoch + b":")]
        if others:
            await self._store.ask(
                lambda client: client.hdel(POSITIONS_KEY, *others), "deleting old positions"
            )

    async def publish(
        self, key: bytes, before: bytes, after: bytes, signals: Sequence[Signal]
    ) -> bytes:
        """Publish the signals of entries up to ``after``, if ``before`` is still the position.

        Parameters
        ----------
        key : bytes
            Key of the stream that was read.
        before, after : bytes
            Ids of its entries.
        signals : sequence of Signal

        Returns
        -------
        bytes
            The position now: ``after``, or that of another process; then nothing was published.
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
