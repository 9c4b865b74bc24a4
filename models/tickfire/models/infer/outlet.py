"""Publishing of signals together with the position read: each signal once, whatever fails."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import msgspec

from tickfire.base.units import NS_PER_MS
from tickfire.models.infer.counters import Counters
from tickfire.models.records import POSITIONS_KEY, SIGNALS_KEY, SIGNALS_WRITER_KEY, Signal
from tickfire.store.entries import id_parts
from tickfire.store.epoch import Epoch
from tickfire.store.fenced import FencedWriter
from tickfire.store.head import Arguments
from tickfire.store.lease import Lease
from tickfire.store.limits import MAX_SIGNALS
from tickfire.store.requests import newest_id
from tickfire.store.store import Store


class SignalWriter:
    """Writer of the stream ``signals``, for all feeds, while this process holds the lease.

    Its entries have explicit ids, the time in ms and a number, so that those which a failover has
    lost are written again under the same ids. If this process has ended as well, its successor
    finds the positions from before them, and makes the signals again, in other entries.

    Parameters
    ----------
    store : Store
        The streams' Redis.
    counters : Counters

    Attributes
    ----------
    store : Store
    fenced : FencedWriter
    """

    def __init__(self, store: Store, counters: Counters) -> None:
        self.store = store
        self.fenced = FencedWriter(store, SIGNALS_WRITER_KEY)
        self._counters = counters
        self._newest = (0, 0)

    async def claim(self, lease: Lease) -> None:
        """Begin to write after the last writer.

        Raises
        ------
        LeaseLost
            Another process holds the lease.
        """
        await self.fenced.claim(lease)
        self._newest = id_parts(await newest_id(self.store, SIGNALS_KEY))

    async def write(self, field: bytes, position: bytes, signals: Sequence[Signal]) -> None:
        """Write signals, and the position of which they are.

        Raises
        ------
        LeaseLost, Overtaken
            As `FencedWriter.write`.
        """
        commands: list[Arguments] = [(b"HSET", POSITIONS_KEY, field, position)]
        for signal in signals:
            data = msgspec.msgpack.encode(signal)
            commands.append(
                (b"XADD", SIGNALS_KEY, b"MAXLEN", b"~", MAX_SIGNALS, self._next_id(), b"d", data)
            )
        await self.fenced.write(commands)
        for signal in signals:
            self._counters.signals.labels(signal.event).inc()

    def _next_id(self) -> bytes:
        last, number = self._newest
        now = time.time_ns() // NS_PER_MS
        self._newest = (now, 0) if now > last else (last, number + 1)
        return b"%d-%d" % self._newest


class Outlet:
    """Publisher of signals for one epoch.

    Parameters
    ----------
    writer : SignalWriter
    epoch : Epoch
    """

    def __init__(self, writer: SignalWriter, epoch: Epoch) -> None:
        self._writer = writer
        self._epoch = epoch.key.hex().encode()
        self._tag = b":{%d." % epoch.feed

    async def position(self, key: bytes) -> bytes | None:
        """Return how far a stream was read; None if nothing was published in this epoch."""
        found: bytes | None = await self._ask(
            lambda client: client.hget(POSITIONS_KEY, self._field(key))
        )
        return found

    async def forget_others(self) -> None:
        """Delete the positions of other epochs of this feed."""
        fields: list[bytes] = await self._ask(lambda client: client.hkeys(POSITIONS_KEY))
        own = [field for field in fields if self._tag in field]
        others = [field for field in own if not field.startswith(self._epoch + b":")]
        if others:
            await self._writer.fenced.write([(b"HDEL", POSITIONS_KEY, *others)])

    async def publish(self, key: bytes, position: bytes, signals: Sequence[Signal] = ()) -> None:
        """Publish the signals of the entries of a stream up to a position, the id of an entry.

        Raises
        ------
        LeaseLost, Overtaken
            As `FencedWriter.write`.
        """
        await self._writer.write(self._field(key), position, signals)

    async def _ask(self, command: Any) -> Any:
        return await self._writer.store.ask(command, "reading positions")

    def _field(self, key: bytes) -> bytes:
        return self._epoch + b":" + key
