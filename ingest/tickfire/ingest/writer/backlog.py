"""`Backlog`: the batches that Redis has not acknowledged, and some that it has. Pure.

A failover may lose batches that were acknowledged. As many as fit in some memory are kept, to
be written again under the same ids.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from tickfire.store.writes import Write

MAX_JOINED_BYTES: Final = 256 << 10
"""Size up to which writes are joined to a batch that waits to be sent."""
OBJECT_BYTES: Final = 512
"""Approximate memory of the objects of a write, beside its data: most of that of a single tick."""


class Batch(msgspec.Struct, gc=False):
    """Writes to one stream, made together or not at all.

    Attributes
    ----------
    number : int
        Number of the batch in the epoch, from 1.
    writes : list of Write
    position : int
        Position of the last tick once the batch is written.
    bar_index : int
        Index of the next entry of bars once the batch is written.
    closing : bool
        True if it is the last batch of its writer.
    size : int
        Number of bytes of data.
    """

    number: int
    writes: list[Write]
    position: int
    bar_index: int
    closing: bool
    size: int

    @property
    def memory(self) -> int:
        """Approximate number of bytes of memory."""
        return self.size + OBJECT_BYTES * len(self.writes)

    def shift(self, offset: int) -> None:
        """Subtract `offset` from all positions, as those of a new epoch begin at 1."""
        self.position = max(0, self.position - offset)
        for write in self.writes:
            write.shift(offset)


class Backlog:
    """Batches of one stream, in the order of their numbers.

    Parameters
    ----------
    number : int
        Number of the last batch in Redis.
    keep_bytes : int
        Memory of acknowledged batches to keep, in bytes.

    Attributes
    ----------
    waiting : deque of Batch
        The batches that are not acknowledged.
    bytes_waiting : int
    acknowledged : int
        Number of the last batch that is.
    """

    def __init__(self, number: int, keep_bytes: int) -> None:
        self._keep_bytes = keep_bytes
        self.restart(number)

    def restart(self, number: int) -> None:
        """Forget all batches; `number` is that of the last one in Redis."""
        self.acknowledged = number
        self.waiting: deque[Batch] = deque()
        self.bytes_waiting = 0
        self._kept: deque[Batch] = deque()
        self._bytes_kept = 0
        self._sent = number  # number of the last batch that Redis may have

    # --- adding and sending
    def add(
        self, writes: Sequence[Write], position: int, bar_index: int, *, closing: bool = False
    ) -> None:
        """Add writes, joined to the last batch if that one was never sent and is not too large."""
        size = sum([write.size for write in writes])
        self.bytes_waiting += size
        last = self.waiting[-1] if self.waiting else None
        if last is None or last.number <= self._sent or last.size + size > MAX_JOINED_BYTES:
            number = self.acknowledged + len(self.waiting) + 1
            self.waiting.append(Batch(number, list(writes), position, bar_index, closing, size))
        else:
            last.writes += writes
            last.position, last.bar_index, last.closing = position, bar_index, closing
            last.size += size

    def sent(self, batch: Batch) -> None:
        """Note that Redis may have a batch, so that nothing is joined to it any more."""
        self._sent = max(self._sent, batch.number)

    def acknowledge(self) -> Batch:
        """Take the oldest waiting batch for written, and return it."""
        batch = self.waiting.popleft()
        self.bytes_waiting -= batch.size
        self.acknowledged = batch.number
        self._kept.append(batch)
        self._bytes_kept += batch.memory
        while self._bytes_kept > self._keep_bytes:
            self._bytes_kept -= self._kept.popleft().memory
        return batch

    # --- after a loss
    def go_back(self, number: int) -> int | None:
        """Let the batches after `number`, the last one that Redis has, wait again.

        Returns
        -------
        int or None
            The number of acknowledged batches that wait again; None, and no change, if a batch
            after `number` is no longer kept, or if no batch of that number was sent.
        """
        if not self.acknowledged - len(self._kept) <= number <= self._sent:
            return None
        while self.acknowledged < number:
            self.acknowledge()
        lost = self.acknowledged - number
        for _ in range(lost):
            batch = self._kept.pop()
            self._bytes_kept -= batch.memory
            self.waiting.appendleft(batch)
            self.bytes_waiting += batch.size
        self.acknowledged = number
        return lost

    def renumber(self) -> Iterator[Batch]:
        """Forget the acknowledged batches, and yield the waiting ones with numbers from 1."""
        waiting = self.waiting
        self.restart(0)
        for batch in waiting:
            batch.number = len(self.waiting) + 1
            self.waiting.append(batch)
            self.bytes_waiting += batch.size
            yield batch
