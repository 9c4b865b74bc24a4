"""Parser of a feed's bytes: a buffer, and the kernel over it.

::

    parser = Parser(states)
    for batch in parser.feed(chunk):  # bytes of records, cut anywhere
        ...                           # batch.controls, batch.ticks and batch.bars
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tickfire.base.errors import UserError
from tickfire.ingest.kernel import context as ctx
from tickfire.ingest.kernel.intake import Intake
from tickfire.ingest.kernel.orders_kernel import apply_orders
from tickfire.ingest.kernel.parse_kernel import walk
from tickfire.ingest.kernel.state import InstrumentStates
from tickfire.kernels.pointers import address_of
from tickfire.store.schema import Rows

BUFFER_SIZE: Final = 4 << 20


class FeedCorrupt(UserError):
    """A record of the feed has an impossible length, so the rest cannot be read."""


class Batch:
    """The output of one step of a parser.

    Mappings and definitions come in a batch of their own, before the ticks that follow them.

    Attributes
    ----------
    controls : list of bytes
        Whole records: symbol mappings, definitions, system messages and errors.
    ticks : TICK[]
        A view, valid until the parser's next step.
    bars : BAR[]
        Pieces of closed bars; a view, too.
    """

    __slots__ = ("bars", "controls", "ticks")

    def __init__(self, controls: list[bytes], ticks: Rows, bars: Rows) -> None:
        self.controls, self.ticks, self.bars = controls, ticks, bars


class Parser:
    """Parser of DBN records that arrive in pieces, cut anywhere.

    Either receive into `free` and report it to `received`, then call `step` until it returns
    None; or pass chunks to `feed`.

    Parameters
    ----------
    states : InstrumentStates
    size : int
        The size of the buffer in bytes, much larger than the largest record (1,020).
    intake : Intake, optional
        Drops repeats and outliers of a live feed; otherwise every record is parsed.

    Attributes
    ----------
    received_bytes : int
        Bytes received so far.
    """

    def __init__(
        self, states: InstrumentStates, size: int = BUFFER_SIZE, intake: Intake | None = None
    ) -> None:
        self.states = states
        self.intake = intake
        words = np.zeros(size // 8, np.int64)  # 8-aligned
        self.buffer: NDArray[np.uint8] = words.view(np.uint8)
        self.view = memoryview(self.buffer)
        self._address = address_of(self.buffer)
        self.start = self.end = 0
        self._decided = 0
        self.received_bytes = 0

    def reset(self) -> None:
        """Discard the bytes that are left of an ended session."""
        self.start = self.end = self._decided = 0

    @property
    def pending(self) -> int:
        """The number of bytes that were received and not parsed yet."""
        return self.end - self.start

    def free(self) -> memoryview:
        """Return the memory to receive into, after moving unparsed bytes out of its way."""
        if self.start:
            left = self.end - self.start
            if left:
                self.buffer[:left] = self.buffer[self.start : self.end].copy()
            self._decided -= self.start
            self.start, self.end = 0, left
        return self.view[self.end :]

    def received(self, count: int) -> None:
        """Report that ``count`` bytes were received into `free`."""
        self.end += count
        self.received_bytes += count

    def step(self) -> Batch | None:
        """Parse on, and return the next batch; None if no whole record is left.

        Raises
        ------
        FeedCorrupt
            If a record has an impossible length. The records before it were returned.
        """
        states = self.states
        states.drain()
        if not self.pending:
            return None
        states.context[ctx.CTX_BUFFER] = self._address
        before = self.start
        limit = self._screen() if self.intake is not None else self.end
        if self.intake is not None and self.intake.take_rewind():
            states.clear()
            return Batch([], states.ticks, states.bars)
        while True:
            self.start = walk(states.address, self.start, limit)
            if states.is_full:
                self._leave_out()
            elif not states.grow_full():
                break
        if self.start != before:
            if self.intake is not None:
                self.intake.count_parsed(self._address, before, self.start)
            return Batch(self._controls(), states.ticks, states.bars)
        if states.count(ctx.COUNT_STOP) == ctx.STOP_BAD_LENGTH:
            length = int(self.buffer[self.start]) * 4
            raise FeedCorrupt(
                f"the feed sent a record of {length} bytes, which is no possible length;"
                " the rest of its data cannot be read"
            )
        return None

    def _leave_out(self) -> None:
        """Pass over the next record, of an instrument that is one too many."""
        self.start += int(self.buffer[self.start]) * 4
        self.states.left_out += 1
        self.states.counters[ctx.COUNT_RECORDS] += 1

    def _screen(self) -> int:
        """Return the offset up to which records may be parsed, by the intake."""
        assert self.intake is not None
        if self.start == self._decided:
            self._decided, self.end = self.intake.screen(self._address, self.start, self.end)
            self.states.counters[ctx.COUNT_RECORDS] += self.intake.take_dropped()
            self._apply_orders(self.intake.take_orders())
        return self._decided

    def _apply_orders(self, orders: NDArray[np.uint8]) -> None:
        """Apply MBO records that were seen before to the order books, and to nothing else."""
        if not len(orders):
            return
        at, address = 0, address_of(orders)
        while at < len(orders):
            at = int(apply_orders(self.states.address, address, at, len(orders)))
            if at < len(orders):
                self.states.books.grow()

    def feed(self, chunk: NDArray[np.uint8] | bytes) -> Iterator[Batch]:
        """Parse a chunk of any size, and yield the batches of its records.

        Raises
        ------
        FeedCorrupt
            As `step`.
        """
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
        count = self.states.count(ctx.COUNT_CONTROLS)
        if not count:
            return []
        offsets = self.states.controls[:count]
        return [bytes(self.view[o : o + 4 * int(self.buffer[o])]) for o in offsets.tolist()]
