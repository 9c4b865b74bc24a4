"""`Slots`: the slot of each tick of an entry, and those of its slots that have subscribers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tickfire.ingest.kernel import context as ctx
from tickfire.ingest.kernel.fold_kernel import find_slots, fold_ticks
from tickfire.ingest.kernel.state import InstrumentStates
from tickfire.kernels.pointers import address_of
from tickfire.server.market.ticks.encode import MAX_TICKS, Ticks
from tickfire.server.market.ticks.slots_kernel import find_listened
from tickfire.store.entries import TickEntry
from tickfire.store.schema import BAR, Rows

_NO_BARS: Rows = np.zeros(0, BAR)


class Slots:
    """Slots of ticks in the `InstrumentStates`; an array it returns is valid until the next call.

    Attributes
    ----------
    listened : uint8[slots]
        1 for each slot that `listeners` looks for.
    """

    def __init__(self, states: InstrumentStates) -> None:
        self._states = states
        self._slots = np.zeros(MAX_TICKS, np.int64)
        self._slots_address = address_of(self._slots)
        self._found = np.zeros(MAX_TICKS, np.int64)
        self._listeners = 0
        self.listened: NDArray[np.uint8] = np.zeros(0, np.uint8)
        self._seen: NDArray[np.uint8] = np.zeros(0, np.uint8)

    def of(self, entry: TickEntry) -> Ticks:
        """Return the ticks of an entry with their slots; new instruments get a row."""
        states, count, at = self._states, len(entry.ticks), 0
        address = address_of(entry.ticks)
        while True:
            states.context[ctx.CTX_BUFFER] = address
            at = int(find_slots(states.address, at, count, self._slots_address))
            if at >= count:
                break
            states.grow()
        bound = states.count(ctx.COUNT_INSTRUMENTS)
        if bound > len(self.listened):
            self._resize(bound)
        return Ticks(entry.ticks, self._slots, entry.first, bound, address, self._slots_address)

    def fold(self, ticks: Ticks) -> Rows:
        """Fold ticks into the states; return the BAR[] pieces that they closed, usually none.

        Does the same as `InstrumentStates.fold`, without a copy of the ticks.
        """
        states = self._states
        states.context[ctx.CTX_BUFFER] = ticks.address
        done = fold_ticks(states.address, 0, ticks.count, ticks.first)
        pieces = states.bars.copy() if states.count(ctx.COUNT_BARS) else _NO_BARS
        states.drain()
        if done < ticks.count:  # the output of bars was full
            rest = states.fold(ticks.ticks[int(done) :], ticks.first + int(done))
            return np.concatenate([pieces, rest])
        return pieces

    def _resize(self, bound: int) -> None:
        listened = np.zeros(2 * bound, np.uint8)
        listened[: len(self.listened)] = self.listened
        self.listened, self._seen = listened, np.zeros(2 * bound, np.uint8)

    def listen(self, slot: int, on: bool) -> None:
        """Begin or stop looking for a slot in `listeners`."""
        if slot >= len(self.listened):
            self._resize(slot + 1)
        self._listeners += on - int(self.listened[slot])
        self.listened[slot] = on

    def listeners(self, ticks: Ticks) -> list[tuple[int, int]]:
        """Return (slot, SAW_* bits) of each slot in these ticks that is listened to."""
        if not self._listeners:
            return []
        count = find_listened(
            ticks.address,
            ticks.slots_address,
            ticks.count,
            address_of(self.listened),
            address_of(self._seen),
            address_of(self._found),
        )
        return [(word >> 8, word & 0xFF) for word in self._found[: int(count)].tolist()]
