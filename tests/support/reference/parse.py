"""A plain reference of the parse kernel: DBN records to ticks, bars and instruments' state.

Nothing here is fast; everything is a dictionary, a list or an integer of Python.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from tests.support.reference.book import LAST, MAYBE_BAD, Books
from tickfire.ingest.dbn.records import MBO

UNDEF = 2**63 - 1
UNDEF_SIZE = 2**32 - 1
S, M = 10**9, 60 * 10**9
BAR_SECONDS = {32: 1, 33: 60, 34: 3600, 35: 86_400, 36: 86_400}
GRACE = S // 4
LATEST = 2**62
LATE, REWIND = 1, 2
TRADE, BID, ASK, CLEAR = 1, 2, 3, 4

LEAST = {
    0: 48, 1: 80, 10: 368, 177: 80, 194: 80, 192: 80, 193: 80, 195: 80, 196: 80, 160: 56,
    32: 56, 33: 56, 34: 56, 35: 56, 36: 56, 21: 80, 22: 80, 23: 80, 19: 360,
    18: 40, 20: 112, 24: 64,
}  # fmt: skip
WITHOUT_SEQUENCE = (177, 192, 193, 194)
QUOTES_ALONE = (192, 193, 195, 196)
CONSOLIDATED = (177, 192, 193, 194)
NO_TOP = (UNDEF, 0), (UNDEF, 0)
CONTROLS = (18, 19, 20, 21, 22, 23, 24)

type Tick = tuple[int, int, int, int, int, int, int, int]
"""ts_event, price, size, instrument_id, sequence, kind, side, flags."""
type Side = tuple[int, int]
"""Price and size."""
type Top = tuple[Side, Side]
"""Bid and ask."""
type Bar = tuple[int, int, int, int, int, int, int, int, int, int, int]
"""start, open, high, low, close, volume, n, trades, instrument_id, interval_s, flags."""


@dataclass
class Running:
    """A running bar."""

    start: int
    open: int
    high: int
    low: int
    close: int
    volume: int
    trades: int

    def take(self, other: Running) -> None:
        self.high, self.low = max(self.high, other.high), min(self.low, other.low)
        self.close = other.close
        self.volume += other.volume
        self.trades += other.trades


@dataclass
class Row:
    """The state of an instrument."""

    number: int
    n: int = 0
    bid: tuple[int, int] = (UNDEF, 0)
    ask: tuple[int, int] = (UNDEF, 0)
    quote_ts: int = 0
    last: tuple[int, int, int] = (0, 0, 0)
    """price, size, ts_event."""
    volume: int = 0
    trade_n: int = 0
    cleared: bool = False
    closed: dict[int, int] = field(default_factory=lambda: {1: 0, 60: 0, 3600: 0, 86_400: 0})
    day_rtype: int = 0
    second: Running | None = None
    minute: Running | None = None
    tops: dict[int, Top] = field(default_factory=dict, compare=False)
    """By publisher."""
    consolidated: bool = field(default=False, compare=False)
    """True once the feed has sent consolidated quotes."""

    def best(self) -> Top:
        """Return the top of the one publisher, or the best of several."""
        if len(self.tops) == 1:
            return next(iter(self.tops.values()))
        bids = [bid for bid, _ in self.tops.values() if bid[0] != UNDEF]
        asks = [ask for _, ask in self.tops.values() if ask[0] != UNDEF]
        bid = max((price for price, _ in bids), default=UNDEF)
        ask = min((price for price, _ in asks), default=UNDEF)
        sizes = (
            sum(size for price, size in bids if price == bid),
            sum(size for price, size in asks if price == ask),
        )
        return capped((bid, sizes[0])), capped((ask, sizes[1]))


@dataclass
class Reference:
    """The state after the records folded so far."""

    trades_only: bool = False
    ticks: list[Tick] = field(default_factory=list)
    bars: list[Bar] = field(default_factory=list)
    rows: dict[int, Row] = field(default_factory=dict)
    controls: list[bytes] = field(default_factory=list)
    books: Books = field(default_factory=Books)
    sweep_at: int = 0
    records: int = 0

    # --- bars
    def close(self, row: Row, bar: Running, seconds: int) -> None:
        before = row.closed[seconds]
        flags = REWIND if before == -1 else LATE if bar.start <= before else 0
        row.closed[seconds] = max(before, bar.start)
        prices = (bar.open, bar.high, bar.low, bar.close, bar.volume)
        self.bars.append((bar.start, *prices, row.trade_n, bar.trades, row.number, seconds, flags))

    def close_minute(self, row: Row) -> None:
        if row.minute is not None:
            self.close(row, row.minute, 60)
            row.minute = None

    def close_second(self, row: Row) -> None:
        bar = row.second
        if bar is None:
            return
        start = bar.start - bar.start % M
        if not (by_feed(row.closed[60]) and start < row.closed[60]):
            if row.minute is not None and row.minute.start != start:
                self.close_minute(row)
            if row.minute is None:
                row.minute = Running(**{**vars(bar), "start": start})
            else:
                row.minute.take(bar)
        self.close(row, bar, 1)
        row.second = None

    def rewind(self, row: Row) -> None:
        self.close_second(row)
        self.close_minute(row)
        row.closed = {seconds: -1 if start else 0 for seconds, start in row.closed.items()}
        row.volume = row.day_rtype = 0

    def sweep(self, received: int) -> None:
        due = received - GRACE
        for row in self.rows.values():
            if row.second is not None and row.second.start + S <= due:
                self.close_second(row)
            if row.minute is not None and row.minute.start + M <= due and row.second is None:
                self.close_minute(row)
        self.sweep_at = due - due % S + S + GRACE

    # --- ticks
    def emit(self, row: Row, tick: Tick) -> None:
        self.ticks.append(tick)
        row.n = len(self.ticks)

    def trade(self, row: Row, ts: int, price: int, size: int, rest: tuple[int, int, int]) -> None:
        sequence, side, flags = rest
        self.emit(row, (ts, price, size, row.number, sequence, TRADE, side, flags))
        if row.cleared:
            row.cleared = False
            if ts < row.last[2]:
                self.rewind(row)
        bar = Running(ts - ts % S, price, price, price, price, size, 1)
        if row.second is not None and row.second.start == bar.start:
            row.second.take(bar)
        else:
            self.close_second(row)
            if row.minute is not None and row.minute.start != ts - ts % M:
                self.close_minute(row)
            row.second = bar
        row.last, row.trade_n = (price, size, ts), row.n
        row.volume += size

    def clear(self, row: Row, ts: int, sequence: int, flags: int, publisher: int | None) -> None:
        """Empty the top of a publisher; None stands for consolidated quotes."""
        is_quoted = bool(row.tops) or row.consolidated
        is_whole = row.consolidated if publisher is None else not row.consolidated
        if is_quoted and not (is_whole and (publisher is None or set(row.tops) == {publisher})):
            if publisher in row.tops:
                row.tops[publisher] = NO_TOP
                if not row.consolidated:
                    self.quotes(row, ts, row.best(), sequence, flags)
            return
        if publisher in row.tops:
            row.tops[publisher] = NO_TOP
        self.emit(row, (ts, UNDEF, 0, row.number, sequence, CLEAR, ord("N"), flags))
        row.bid, row.ask, row.cleared = (UNDEF, 0), (UNDEF, 0), True

    # --- records
    def take(self, record: bytes) -> None:
        self.records += 1
        rtype = record[1]
        if rtype not in LEAST or len(record) < LEAST[rtype]:
            return
        if rtype in CONTROLS:
            self.controls.append(record)
            return

        def at(offset: int, size: int = 8, *, signed: bool = True) -> int:
            return int.from_bytes(record[offset : offset + size], "little", signed=signed)

        ts = at(8)
        received = at(40) if rtype == 160 else ts if rtype in BAR_SECONDS else at(32)
        if not 0 < ts <= LATEST or (rtype in QUOTES_ALONE and 0 < received <= LATEST):
            ts = received
        if not 0 < received <= LATEST:
            received = ts
        if not 0 < ts <= LATEST:
            return
        if received >= self.sweep_at:
            self.sweep(received)
        number = at(4, 4, signed=False)
        publisher = None if rtype in CONSOLIDATED else at(2, 2, signed=False)
        row = self.rows.setdefault(number, Row(number))
        if rtype in BAR_SECONDS:
            self.ohlcv(row, rtype, ts, *(at(16 + 8 * i) for i in range(5)))
        elif rtype == 160:
            rest = at(52, 4, signed=False), record[39], record[36]
            event = record[38], at(24), sized(at(32, 4, signed=False))
            self.event(row, ts, event, rest, publisher)
            if not self.trades_only:
                self.order(row, ts, record, *rest)
        else:
            sequence = 0 if rtype in WITHOUT_SEQUENCE else at(44, 4, signed=False)
            action = 0 if rtype in QUOTES_ALONE else record[28]
            rest = sequence, record[29], record[30]
            event = action, at(16), sized(at(24, 4, signed=False))
            self.event(row, ts, event, rest, publisher)
            if rtype != 0 and not self.trades_only:
                sizes = sized(at(64, 4, signed=False)), sized(at(68, 4, signed=False))
                top = (at(48), sizes[0]), (at(56), sizes[1])
                self.top(row, ts, publisher, top, sequence, record[30])

    def event(
        self,
        row: Row,
        ts: int,
        event: tuple[int, int, int],
        rest: tuple[int, int, int],
        publisher: int | None,
    ) -> None:
        action, price, size = event
        if action == ord("T") and price != UNDEF:
            self.trade(row, ts, price, size, rest)
        elif action == ord("R") and not self.trades_only:
            self.clear(row, ts, rest[0], rest[2], publisher)

    def order(self, row: Row, ts: int, record: bytes, sequence: int, side: int, flags: int) -> None:
        book = self.books.take(np.frombuffer(record[: MBO.itemsize], MBO)[0])
        if flags & LAST:
            flags |= MAYBE_BAD if book.unsynced else 0
            top = capped(book.best("B")), capped(book.best("A"))
            self.top(row, ts, int.from_bytes(record[2:4], "little"), top, sequence, flags)

    def top(
        self, row: Row, ts: int, publisher: int | None, top: Top, sequence: int, flags: int
    ) -> None:
        """Take the top of a publisher; None stands for a consolidated one."""
        if publisher is None:
            row.consolidated = True
            self.quotes(row, ts, top, sequence, flags)
            return
        row.tops[publisher] = top
        if not row.consolidated:
            self.quotes(row, ts, row.best(), sequence, flags)

    def quotes(self, row: Row, ts: int, top: Top, sequence: int, flags: int) -> None:
        sides = ((BID, "bid", top[0]), (ASK, "ask", top[1]))
        for kind, name, new in sides:
            if getattr(row, name) != new:
                setattr(row, name, new)
                row.quote_ts = ts
                self.emit(row, (ts, *new, row.number, sequence, kind, ord("N"), flags))

    def ohlcv(self, row: Row, rtype: int, ts: int, *values: int) -> None:
        if self.trades_only or values[3] == UNDEF or not 0 <= values[4] <= 2**56:
            return
        seconds = BAR_SECONDS[rtype]
        start = ts - ts % (seconds * S)
        if row.cleared and not row.last[2]:
            row.cleared = False
            if start <= row.closed[seconds]:
                self.rewind(row)
        if row.last[2] or (seconds == 86_400 and row.day_rtype not in (0, rtype)):
            return
        open_, high, low, close, volume = values
        bar = Running(start, open_, high, low, close, volume, 0)
        if seconds == 1:
            row.second = bar
            self.close_second(row)
        elif seconds > 60:
            row.day_rtype = rtype if seconds == 86_400 else row.day_rtype
            self.close(row, bar, seconds)
        elif row.closed[1] <= 0 or row.closed[60] < start or by_feed(row.closed[60]):
            if row.minute is not None and row.minute.start != start:
                self.close_minute(row)
            row.minute = bar
            self.close_minute(row)
            if row.closed[60] == start:
                row.closed[60] += 1


def by_feed(closed: int) -> bool:
    """Return whether the feed made the latest closed 1 m bar."""
    return closed > 0 and closed % 2 == 1


def capped(side: Side) -> Side:
    """Return a side whose size is the largest that is not the undefined one, at most."""
    return side[0], min(side[1], UNDEF_SIZE - 1)


def sized(size: int) -> int:
    """Return a size, 0 if it is undefined."""
    return 0 if size == UNDEF_SIZE else size


def records_of(data: bytes) -> Iterator[bytes]:
    """Cut bytes into records."""
    at = 0
    while at + 16 <= len(data) and 4 * data[at] <= len(data) - at:
        yield data[at : at + 4 * data[at]]
        at += 4 * data[at]
