"""`Parser`: a buffer of feed bytes, and the kernel over it.

parser = Parser(book)
for batch in parser.feed(chunk):     # chunk: bytes of whole or cut records
    ...batch.controls, batch.ticks, batch.bars: views, to be taken before the next step
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tickfire.base.errors import UserError
from tickfire.ingest.kernel import context as ctx
from tickfire.ingest.kernel.parse_kernel import walk
from tickfire.ingest.kernel.state import InstrumentStates, Rows

BUFFER_SIZE: Final = 4 << 20


class FeedCorrupt(UserError):
    """The bytes of a feed cannot be read on: a record's length is impossible."""


class Batch:
    """What one step of the parser yields.

    Mappings and definitions come in a batch of their own, ahead of the ticks that follow them.

    Attributes
    ----------
    controls : list of bytes
        Whole records: symbol mappings, definitions, system messages, errors.
    ticks : TICK[]
    bars : BAR[]
        Pieces of closed bars.
    """

    __slots__ = ("bars", "controls", "ticks")

    def __init__(self, controls: list[bytes], ticks: Rows, bars: Rows) -> None:
        self.controls, self.ticks, self.bars = controls, ticks, bars


class Parser:
    """Bytes of DBN records in, batches out; a record may be cut anywhere between two reads.

    Read into `free()` and tell `received(n)`, or hand over chunks with `feed`.

    Parameters
    ----------
    states : InstrumentStates
    size : int
        Bytes of the buffer; more than the largest record (1,020) by far.
    """

    def __init__(self, states: InstrumentStates, size: int = BUFFER_SIZE) -> None:
        self.states = states
        words = np.zeros(size // 8, np.int64)  # 8-aligned
        self.buffer: NDArray[np.uint8] = words.view(np.uint8)
        self.view = memoryview(self.buffer)
        self.start = self.end = 0

    def reset(self) -> None:
        """Forget the bytes of a session that ended."""
        self.start = self.end = 0

    @property
    def pending(self) -> int:
        """Bytes received and not parsed yet."""
        return self.end - self.start

    def free(self) -> memoryview:
        """Return the memory to receive into; what is left of the last read is moved out of it."""
        if self.start:
            left = self.end - self.start
            self.buffer[:left] = self.buffer[self.start : self.end].copy()
            self.start, self.end = 0, left
        return self.view[self.end :]

    def received(self, count: int) -> None:
        """Say that ``count`` bytes were read into `free()`."""
        self.end += count

    def step(self) -> Batch | None:
        """Parse on; None when only a cut record, or nothing, is left.

        Raises
        ------
        FeedCorrupt
            When a record's length is impossible. What came before it was returned.
        """
        states = self.states
        states.drain()
        states.context[ctx.CTX_BUFFER] = self.buffer.ctypes.data
        before = self.start
        while True:
            self.start = walk(states.address, self.start, self.end)
            if states.counters[ctx.COUNT_STOP] != ctx.STOP_INSTRUMENTS:
                break
            states.grow()
        if self.start != before:
            return Batch(self._controls(), states.ticks, states.bars)
        if states.counters[ctx.COUNT_STOP] == ctx.STOP_BAD_LENGTH:
            length = int(self.buffer[self.start]) * 4
            raise FeedCorrupt(f"the feed sent a record of {length} bytes, which cannot be")
        return None

    def feed(self, chunk: NDArray[np.uint8] | bytes) -> Iterator[Batch]:
        """Take a chunk of any size and yield the batches of its records."""
        data = np.frombuffer(chunk, np.uint8)
        while len(data):
            room = self.free()
            take = min(len(room), len(data))
            self.buffer[self.end : self.end + take] = data[:take]
            self.received(take)
            data = data[take:]
            while (batch := self.step()) is not None:
                yield batch

    def _controls(self) -> list[bytes]:
        offsets = self.states.controls[: self.states.count(ctx.COUNT_CONTROLS)]
        return [bytes(self.view[o : o + 4 * int(self.buffer[o])]) for o in offsets.tolist()]
