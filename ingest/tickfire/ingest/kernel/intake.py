"""`Intake`: the records of a feed before and after they are parsed.

It keeps a cursor for each source of records, so that a session goes on exactly where the last one
ended, and the feed's clock, with which the times of records are compared.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tickfire.ingest.dbn.layout import RTYPE_MBO
from tickfire.ingest.dbn.records import field_offsets
from tickfire.ingest.kernel import intake_context as ctx
from tickfire.ingest.kernel.intake_context import BUCKET_NS, CURSOR
from tickfire.ingest.kernel.intake_kernel import count_records, screen
from tickfire.ingest.kernel.rows import HASH_FACTOR
from tickfire.kernels.pointers import address_of
from tickfire.store.limits import MAX_INSTRUMENTS
from tickfire.store.schema import Rows

FIRST_CAPACITY: Final = 256
SOURCES_PER_INSTRUMENT: Final = 4
"""Types of records that instruments have on average, at most."""
SEEN: Final = ("total", "bucket", "count", "before", "mark", "mark_before")
"""The fields of a cursor that tell what was seen."""

_NO_ORDERS: Final[NDArray[np.uint8]] = np.zeros(0, np.uint8)


class Intake:
    """The cursors and the clock of a feed.

    Parameters
    ----------
    capacity : int
        The number of sources for which to make room at first; the table grows.
    dense : int
        Where the venue's sequence numbers have no natural holes: ``DENSE_*``.
    most : int
        Maximum number of cursors; beyond it, those that were quiet for longest are forgotten.

    Attributes
    ----------
    forgotten : int
        Number of cursors that were forgotten since they were too many.
    types : int64[256]
        Number of records parsed, by record type.
    generation : int
        A number that grows whenever all cursors are replaced.
    """

    def __init__(
        self,
        capacity: int = FIRST_CAPACITY,
        dense: int = ctx.DENSE_NONE,
        most: int = SOURCES_PER_INSTRUMENT * MAX_INSTRUMENTS,
    ) -> None:
        self._most = most
        self.forgotten = 0
        self._context = np.zeros(ctx.IN_WORDS, np.int64)
        self._words = memoryview(self._context)  # its elements are read at half the cost
        self._address = int(self._context.ctypes.data)
        self.generation = 0
        self._keeps_orders = False
        self._orders = np.zeros(0, np.int64)
        self._repeated = 0
        self._offsets = {
            word: field_offsets(name)
            for word, name in (
                (ctx.IN_RECV_OFFSETS, "ts_recv"),
                (ctx.IN_SEQUENCE_OFFSETS, "sequence"),
                (ctx.IN_FLAGS_OFFSETS, "flags"),
            )
        }
        self.types = np.zeros(256, np.int64)
        self._types = memoryview(self.types)
        self._channels = np.zeros((ctx.CHANNELS, 2), np.int64)
        self._told: tuple[tuple[int, int, int], ...] | None = None  # in `channels`
        self._holes = np.zeros(ctx.HOLE_ROOM, ctx.HOLE)
        self._ahead_ns = ctx.AHEAD_NS
        for word, table in self._offsets.items():
            self._context[word] = table.ctypes.data
        self._context[ctx.IN_TYPES] = self.types.ctypes.data
        self._context[ctx.IN_CHANNELS] = self._channels.ctypes.data
        self._context[ctx.IN_HOLE_LIST] = self._holes.ctypes.data
        self._context[ctx.IN_DENSE] = dense
        self._context[ctx.IN_AHEAD] = ctx.AHEAD_NS
        self._context[ctx.IN_PATIENT] = 1
        self._resize(capacity, np.zeros(0, CURSOR))

    def _resize(self, capacity: int, cursors: Rows) -> None:
        """Allocate a table with room for a number of cursors, and insert those given."""
        size = 1 << max(4, (2 * capacity - 1).bit_length())
        self._table = np.zeros(size, CURSOR)
        self._table["source"] = ctx.UNUSED
        self._changed = np.zeros(capacity, np.int64)
        self._context[ctx.IN_TABLE] = self._table.ctypes.data
        self._context[ctx.IN_MASK] = size - 1
        self._context[ctx.IN_CHANGED] = self._changed.ctypes.data
        self._context[ctx.IN_CAPACITY] = capacity
        self._context[ctx.IN_CURSORS] = len(cursors)
        for cursor in cursors:
            self._table[self._place(int(cursor["source"]))] = cursor
        changes = np.flatnonzero(self._table["changed"])
        self._changed[: len(changes)] = changes
        self._context[ctx.IN_CHANGES] = len(changes)

    def _place(self, source: int) -> int:
        h = (source * HASH_FACTOR & 0xFFFF_FFFF_FFFF_FFFF) >> 32 & len(self._table) - 1
        while self._table["source"][h] not in (ctx.UNUSED, source):
            h = h + 1 & len(self._table) - 1
        return h

    # --- cursors
    @property
    def cursors(self) -> Rows:
        """CURSOR[sources]: a copy."""
        used: Rows = self._table[self._table["source"] != ctx.UNUSED]
        return used

    def take_changed(self) -> Rows:
        """Return a copy of the cursors that changed since the last call."""
        at = self._changed[: self.count(ctx.IN_CHANGES)]
        self._table["changed"][at] = 0
        self._context[ctx.IN_CHANGES] = 0
        changed: Rows = self._table[at]
        return changed

    def load(self, cursors: Rows) -> None:
        """Replace all cursors."""
        self.generation += 1
        self._resize(max(FIRST_CAPACITY, 2 * len(cursors)), cursors)

    def forget(self) -> None:
        """Remove all cursors, as what comes next was not seen yet."""
        self.load(np.zeros(0, CURSOR))
        self._context[ctx.IN_SKIP] = ctx.SKIP_NONE
        self._clear_channels()

    # --- numbers of channels, where they are dense
    @property
    def channels(self) -> tuple[tuple[int, int, int], ...]:
        """The place, the key and the latest sequence number of each channel."""
        if self._told is None or self.count(ctx.IN_DENSE) != ctx.DENSE_NONE:  # or they stay
            places = np.flatnonzero(self._channels[:, 0])
            rows = self._channels[places].tolist()
            self._told = tuple((at, *row) for at, row in zip(places.tolist(), rows, strict=True))
        return self._told

    def _clear_channels(self) -> None:
        self._channels[:] = 0
        self._told = None

    def load_channels(self, channels: Iterable[tuple[int, int, int]]) -> None:
        """Replace the latest sequence numbers of channels by those of another time."""
        self._clear_channels()
        for place, key, number in channels:
            if place < ctx.CHANNELS:
                self._channels[place] = key, number

    # --- sessions
    def begin(
        self,
        *clocks: int,
        skip: int = ctx.SKIP_NONE,
        start: int = 0,
        ahead_ns: int = ctx.AHEAD_NS,
        may_go_back: bool = False,
        keeps_orders: bool = False,
    ) -> None:
        """Begin a session.

        Parameters
        ----------
        *clocks : int
            One to three times, to one of which the first records may be near, in ns since the Unix
            epoch.
        skip : int
            How the gateway repeats records that were seen: ``SKIP_*``.
        start : int
            With `SKIP_BY_TIME`, the time from which it sends records: a multiple of `BUCKET_NS`.
        ahead_ns : int
            Time ahead of the feed's clock that a record may have without a vote.
        may_go_back : bool
            True if the clock may go back within what is sent, as in a recording of one instrument
            after another; otherwise the feed then begins again.
        keeps_orders : bool
            True if `take_orders` returns the MBO records that were seen before.
        """
        for name in SEEN:
            self._table[f"skip_{name}"] = self._table[name]
        bucket = self._table["bucket"]
        self._table["skip_before"][bucket - BUCKET_NS < start] = 0
        self._table["skip_count"][bucket < start] = 0
        self._context[ctx.IN_SKIP] = skip
        self._context[ctx.IN_CLOCK] = self._context[ctx.IN_LATEST] = clocks[0]
        self._context[ctx.IN_HINTS :] = 0
        self._context[ctx.IN_HINTS : ctx.IN_HINTS + len(clocks)] = clocks
        self._context[ctx.IN_WAITS] = 0
        self._context[ctx.IN_MAY_GO_BACK] = int(may_go_back)
        self._keeps_orders = keeps_orders
        self._context[ctx.IN_ORDERS] = self._context[ctx.IN_ORDERS_END] = 0
        self._ahead_ns = ahead_ns
        self.allow(0)
        self.wait()

    @property
    def clock(self) -> int:
        """The feed's clock, as most records agree, in ns since the Unix epoch."""
        return self.count(ctx.IN_CLOCK)

    @property
    def latest(self) -> int:
        """The time of the latest record that agrees with the clock, in ns."""
        return self.count(ctx.IN_LATEST)

    @property
    def is_set(self) -> bool:
        """True once a record of the session has set the clock."""
        return self.count(ctx.IN_HINTS) == 0

    def allow(self, passed_ns: int) -> None:
        """Allow the next records to be later than the clock by the time that has passed."""
        self._words[ctx.IN_AHEAD] = self._ahead_ns + max(0, passed_ns)

    @property
    def waits(self) -> bool:
        """True while a record that disagrees with the clock waits for later ones to decide."""
        return self.count(ctx.IN_WAITS) != 0

    def wait(self) -> None:
        """Let a record that disagrees with the clock wait for later ones to decide on it."""
        self._context[ctx.IN_PATIENT] = 1

    def decide(self) -> None:
        """Decide on a record that waits, by the records that have come."""
        self._context[ctx.IN_PATIENT] = 0

    def count(self, word: int) -> int:
        """Return a counter, or another word of the context (``IN_*``)."""
        return self._words[word]

    def counted(self, rtypes: Iterable[int]) -> int:
        """Return the number of records of some types that were parsed."""
        return sum([self._types[rtype] for rtype in rtypes])

    # --- records
    def screen(self, address: int, start: int, end: int) -> tuple[int, int]:
        """Drop repeats and outliers from bytes [start, end) of the buffer at an address.

        Returns
        -------
        int
            The offset up to which records may be parsed.
        int
            The new end of the bytes.
        """
        self._words[ctx.IN_BUFFER] = address
        if self._keeps_orders:
            if self._orders.nbytes < end - start:
                self._orders = np.zeros((end - start + 7) // 8, np.int64)
            self._context[ctx.IN_ORDERS] = address_of(self._orders)
        new_end = int(screen(self._address, start, end))
        return self.count(ctx.IN_DECIDED), new_end

    def count_parsed(self, address: int, start: int, end: int) -> None:
        """Count the records in bytes [start, end) of the buffer at an address: those parsed."""
        self._words[ctx.IN_BUFFER] = address
        while (start := int(count_records(self._address, start, end))) < end:
            self._make_room()

    def _make_room(self) -> None:
        """Allocate a larger table, or forget the half of the cursors that is quiet for longest.

        Those that changed since they were stored are kept before others.
        """
        capacity, cursors = self.count(ctx.IN_CAPACITY), self.cursors
        if capacity < self._most:
            self._resize(min(2 * capacity, self._most), cursors)
            return
        newest = np.lexsort((cursors["bucket"], cursors["changed"]))[-max(1, capacity // 2) :]
        self.forgotten += len(cursors) - len(newest)
        self._resize(capacity, cursors[newest])

    def take_dropped(self) -> int:
        """Return the number of records dropped since the last call."""
        dropped = self.count(ctx.IN_RECORDS)
        self._words[ctx.IN_RECORDS] = 0
        return dropped

    def take_repeated(self) -> int:
        """Return the number of repeated records since the last call."""
        repeated, before = self.count(ctx.IN_REPEATED), self._repeated
        self._repeated = repeated
        return repeated - before

    @property
    def has_repeats(self) -> bool:
        """True if records were repeated since the last call of `take_repeated`."""
        return self.count(ctx.IN_REPEATED) > self._repeated

    def take_holes(self) -> Rows:
        """Return HOLE[]: the first of the holes in sequence numbers since the last call."""
        holes: Rows = self._holes[: self.count(ctx.IN_LISTED)].copy()
        self._context[ctx.IN_LISTED] = 0
        return holes

    def take_orders(self) -> NDArray[np.uint8]:
        """Return the repeated MBO records of the latest `screen`, valid until the next one."""
        end = self.count(ctx.IN_ORDERS_END)
        if not end:
            return _NO_ORDERS
        self._context[ctx.IN_ORDERS_END] = 0
        return self._orders.view(np.uint8)[:end]

    @property
    def lacks_orders(self) -> bool:
        """True if MBO records are kept of which some are still to be sent again."""
        rtypes = self._table["source"] >> np.uint64(8) & np.uint64(0xFF)
        left = self._table["skip_total"][rtypes == RTYPE_MBO]
        return self._keeps_orders and bool(left.any())

    def take_rewind(self) -> bool:
        """Return whether the clock went back since the last call; if so, forget the cursors."""
        went_back = self.count(ctx.IN_WENT_BACK) != 0
        if went_back:
            self._context[ctx.IN_WENT_BACK] = 0
            self.forget()
        return went_back
