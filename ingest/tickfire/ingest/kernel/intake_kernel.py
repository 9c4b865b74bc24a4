"""Kernels that look at records before and after they are parsed.

`screen` drops the records that were seen before the session began, and those that disagree with the
feed's clock. `count_records` counts the records that were parsed, source by source, so that a later
session goes on where this one ended.

A source may repeat times, and its times may fall by less than a bucket. Of a gateway that sends
everything from a start on, the records of a source were all seen that are older than its last two
buckets, and of those two buckets as many as were counted. A gateway that knows of no start sends
something else, which the first record of a bucket tells.
"""

from __future__ import annotations

from typing import Any, Final

from numba import int64, uint8, uint64

from tickfire.ingest.dbn.layout import (
    FLAG_SNAPSHOT,
    HEADER_SIZE,
    RTYPE_BBO_1M,
    RTYPE_BBO_1S,
    RTYPE_CBBO_1M,
    RTYPE_CBBO_1S,
    RTYPE_ERROR,
    RTYPE_MBO,
    RTYPE_OHLCV_1H,
    RTYPE_OHLCV_1M,
    RTYPE_OHLCV_1S,
    RTYPE_OHLCV_EOD,
    RTYPE_SYSTEM,
    SIZE_MBO,
    SIZE_SYSTEM_V2,
    SYSTEM_REPLAY_COMPLETED,
)
from tickfire.ingest.kernel.emit import plausible
from tickfire.ingest.kernel.intake_context import (
    AHEAD_NS,
    BEHIND_NS,
    BUCKET_NS,
    CUR_BEFORE,
    CUR_BUCKET,
    CUR_CHANGED,
    CUR_COUNT,
    CUR_MARK,
    CUR_MARK_BEFORE,
    CUR_SKIP_BEFORE,
    CUR_SKIP_BUCKET,
    CUR_SKIP_COUNT,
    CUR_SKIP_MARK,
    CUR_SKIP_MARK_BEFORE,
    CUR_SKIP_TOTAL,
    CUR_SOURCE,
    CUR_TOTAL,
    CURSOR_WORDS,
    HINTS,
    IN_AHEAD,
    IN_BUFFER,
    IN_CAPACITY,
    IN_CHANGED,
    IN_CHANGES,
    IN_CLOCK,
    IN_CURSORS,
    IN_DECIDED,
    IN_HINTS,
    IN_LATEST,
    IN_MASK,
    IN_MAY_GO_BACK,
    IN_ORDERS,
    IN_ORDERS_END,
    IN_PATIENT,
    IN_RECORDS,
    IN_RECV_OFFSETS,
    IN_REFUSED,
    IN_REPEATED,
    IN_RESTAMPED,
    IN_SKIP,
    IN_TABLE,
    IN_TYPES,
    IN_WAITS,
    IN_WENT_BACK,
    SKIP_BY_NUMBER,
    SKIP_NONE,
    UNUSED,
    VOTES,
)
from tickfire.ingest.kernel.rows import home_of, splitmix64
from tickfire.ingest.kernel.sequence_kernel import note_sequence
from tickfire.kernels.bars import MINUTE_NS
from tickfire.kernels.jit import cold, helper, kernel
from tickfire.kernels.pointers import as_i64, as_u8

LENGTH_BITS: Final = 0xFF
"""Bits of a record's first word that are not part of its source."""
BARS_AHEAD: Final = 8
"""Intervals ahead of the feed's clock that a bar of the feed may have without a vote."""
HOUR_NS: Final = 60 * MINUTE_NS
DAY_NS: Final = 24 * HOUR_NS
KEEP: Final = 0
DROP: Final = 1
WAIT: Final = 2


@helper
def is_possible(record: Any) -> Any:
    """Return whether a record can have its length."""
    length = int64(as_u8(record)[0]) << 2
    return length >= HEADER_SIZE and length & 7 == 0


@helper
def whole_length(record: Any, end: Any) -> Any:
    """Return the length of the record at an address; 0 if it is not whole, or impossible."""
    if record + HEADER_SIZE > end or not is_possible(record):
        return int64(0)
    length = int64(as_u8(record)[0]) << 2
    return length if record + length <= end else int64(0)


@helper
def is_market_data(record: Any) -> Any:
    """Return whether a record has a place in its source, as messages of the gateway have not."""
    rtype = as_u8(record)[1]
    return rtype < uint8(RTYPE_ERROR) or rtype > uint8(RTYPE_SYSTEM)


@helper
def receive_offset(x: Any, record: Any, length: Any) -> Any:
    """Return the offset of a record's ts_recv, 0 if it has none."""
    offset = int64(as_u8(x[IN_RECV_OFFSETS])[as_u8(record)[1]])
    return offset if offset + 8 <= length else int64(0)


@helper
def event_time(x: Any, record: Any, length: Any) -> Any:
    """Return the time by which gateways select a record; 0 if it has none."""
    ts = as_i64(record)[1]
    if plausible(ts):
        return ts
    offset = receive_offset(x, record, length)
    received = as_i64(record + offset)[0]
    return received if offset != 0 and plausible(received) else int64(0)


@helper
def find_cursor(x: Any, source: Any) -> Any:
    """Return the address of a source's cursor, or of the unused one that it may take."""
    mask = uint64(x[IN_MASK])
    h = home_of(source, mask)
    while True:
        at = x[IN_TABLE] + int64(h) * (8 * CURSOR_WORDS)
        held = as_i64(at)[CUR_SOURCE]
        if held == source or held == UNUSED:
            return at
        h = (h + uint64(1)) & mask


@cold
def mark_of(record: Any, length: Any) -> Any:
    """Return a hash of a record, which is not 0."""
    b8 = as_i64(record)
    mixed = uint64(length)
    for k in range(length >> 3):
        mixed = splitmix64(mixed ^ uint64(b8[k]))
    return int64(mixed | uint64(1))


# --- repeats
@cold
def is_repeat(x: Any, record: Any, length: Any) -> Any:
    """Return whether a record was seen before the session began."""
    cursor = as_i64(find_cursor(x, as_i64(record)[0] & ~LENGTH_BITS))
    if cursor[CUR_SOURCE] == UNUSED:
        return False
    word = CUR_SKIP_TOTAL
    if x[IN_SKIP] != SKIP_BY_NUMBER:
        ts = event_time(x, record, length)
        latest = cursor[CUR_SKIP_BUCKET]
        if ts == 0 or latest == 0 or ts >= latest + BUCKET_NS:
            return False
        if ts < latest - BUCKET_NS:
            return True
        word = CUR_SKIP_COUNT if ts >= latest else CUR_SKIP_BEFORE
        mark = CUR_SKIP_MARK if ts >= latest else CUR_SKIP_MARK_BEFORE
        if cursor[mark] != 0 and cursor[mark] != mark_of(record, length):
            cursor[word] = 0  # this gateway repeats nothing
        cursor[mark] = 0
    if cursor[word] == 0:
        return False
    cursor[word] -= 1
    return True


# --- the feed's clock
@helper
def clock_time(x: Any, record: Any, length: Any) -> Any:
    """Return the time at which a record was received or, if it does not tell, of its event."""
    offset = receive_offset(x, record, length)
    received = as_i64(record + offset)[0] if offset != 0 else int64(0)
    return received if plausible(received) else as_i64(record)[1]


@helper
def has_clock(x: Any, record: Any) -> Any:
    """Return whether a record's time is near that of its sending, as a snapshot's is not."""
    b1 = as_u8(record)
    rtype = b1[1]
    if rtype == uint8(RTYPE_MBO):
        return b1[36] & uint8(FLAG_SNAPSHOT) == uint8(0)
    is_bar = rtype >= uint8(RTYPE_OHLCV_1S) and rtype <= uint8(RTYPE_OHLCV_EOD)
    return is_bar or as_u8(x[IN_RECV_OFFSETS])[rtype] != uint8(0)


@helper
def agrees(x: Any, ts: Any) -> Any:
    """Return whether a time is near the feed's clock."""
    reached = max(x[IN_CLOCK], x[IN_LATEST])
    return uint64(ts - reached + BEHIND_NS) <= uint64(BEHIND_NS + x[IN_AHEAD])


@helper
def bar_agrees(x: Any, record: Any) -> Any:
    """Return whether a bar of the feed is near its clock, by the length of its interval."""
    rtype = as_u8(record)[1]
    if rtype < uint8(RTYPE_OHLCV_1M) or rtype > uint8(RTYPE_OHLCV_EOD):
        return False
    span = MINUTE_NS
    if rtype != uint8(RTYPE_OHLCV_1M):
        span = HOUR_NS if rtype == uint8(RTYPE_OHLCV_1H) else DAY_NS
    ahead = as_i64(record)[1] - max(x[IN_CLOCK], x[IN_LATEST])
    return ahead >= 0 and ahead <= BARS_AHEAD * span + x[IN_AHEAD]


@helper
def completes_replay(record: Any, length: Any) -> Any:
    """Return whether a record says that a replay ends, so that nothing follows."""
    b1 = as_u8(record)
    if b1[1] != uint8(RTYPE_SYSTEM) or length < SIZE_SYSTEM_V2:
        return False
    return b1[SIZE_SYSTEM_V2 - 1] == uint8(SYSTEM_REPLAY_COMPLETED)


@cold
def vote(x: Any, ts: Any, later: Any, end: Any) -> Any:
    """Decide on a record that disagrees with the clock, by the records that follow it.

    Returns KEEP if they agree with it, since the feed's clock has jumped, DROP if they do not, and
    WAIT if they are too few.
    """
    is_ahead = ts > x[IN_CLOCK]
    pro = int64(0)
    contra = int64(0)
    while pro < VOTES and contra < VOTES:
        length = whole_length(later, end)
        if length == 0:
            if x[IN_PATIENT] != 0:
                return WAIT
            break
        if completes_replay(later, length):
            break
        if is_market_data(later) and has_clock(x, later):
            other = clock_time(x, later, length)
            if plausible(other):
                supports = other >= ts - AHEAD_NS if is_ahead else other < x[IN_CLOCK]
                if supports and not agrees(x, other):
                    pro += 1
                else:
                    contra += 1
        later += length
    return KEEP if pro >= contra else DROP


@cold
def restamp(x: Any, record: Any, length: Any) -> Any:
    """Replace the time of a record that disagrees with the clock by one that agrees.

    Returns whether any time of the record agrees.
    """
    b8 = as_i64(record)
    offset = receive_offset(x, record, length)
    if offset == 0:
        return agrees(x, b8[1]) or bar_agrees(x, record)
    received = as_i64(record + offset)
    if not agrees(x, received[0]):
        if not agrees(x, b8[1]):
            return False
        if plausible(received[0]):
            received[0] = b8[1]
            x[IN_RESTAMPED] += 1
        return True
    rtype = as_u8(record)[1]
    is_interval = rtype == uint8(RTYPE_CBBO_1S) or rtype == uint8(RTYPE_CBBO_1M)
    is_interval = is_interval or rtype == uint8(RTYPE_BBO_1S) or rtype == uint8(RTYPE_BBO_1M)
    if plausible(b8[1]) and not is_interval:
        b8[1] = received[0]
        x[IN_RESTAMPED] += 1
    return True


@cold
def take_hint(x: Any, ts: Any) -> None:
    """Set the clock to a hint that is near a time, if no record has agreed with the clock yet."""
    for k in range(IN_HINTS, IN_HINTS + HINTS):
        hint = x[k]
        if hint != 0 and uint64(ts - hint + BEHIND_NS) <= uint64(BEHIND_NS + AHEAD_NS):
            x[IN_CLOCK] = hint
            x[IN_LATEST] = hint


@helper
def follow(x: Any, ts: Any) -> None:
    """Let the clock follow a record; one record alone does not move it."""
    x[IN_CLOCK] = max(x[IN_CLOCK], min(x[IN_LATEST], ts))
    x[IN_LATEST] = ts
    x[IN_HINTS] = 0


@helper
def compare(x: Any, record: Any, length: Any, end: Any, is_first: Any) -> Any:
    """Compare the times of a record with the feed's clock: KEEP, DROP or WAIT."""
    ts = clock_time(x, record, length)
    if x[IN_HINTS] != 0 and not agrees(x, ts):
        take_hint(x, ts)
    if agrees(x, ts) and agrees(x, as_i64(record)[1]):
        follow(x, ts)
        return KEEP
    if restamp(x, record, length):
        follow(x, clock_time(x, record, length))
        return KEEP
    if not plausible(ts):
        return KEEP
    verdict = vote(x, ts, record + length, end)
    if verdict != KEEP:
        return verdict
    if ts < x[IN_CLOCK] and x[IN_MAY_GO_BACK] == 0:
        if not is_first:
            return WAIT  # until all that precedes it is parsed
        x[IN_WENT_BACK] = 1
    x[IN_CLOCK] = ts
    x[IN_LATEST] = ts
    x[IN_HINTS] = 0
    return KEEP


@helper
def move(record: Any, out: Any, length: Any) -> None:
    """Copy a record to an address before it."""
    if out != record:
        source = as_i64(record)
        target = as_i64(out)
        for k in range(length >> 3):
            target[k] = source[k]


@helper
def keep_order(x: Any, record: Any, length: Any) -> None:
    """Copy a repeated record to those of which order books are built again, if it is of MBO."""
    if as_u8(record)[1] == uint8(RTYPE_MBO) and length >= SIZE_MBO:
        move(record, x[IN_ORDERS] + x[IN_ORDERS_END], length)
        x[IN_ORDERS_END] += length


@helper
def agreeing_records(x: Any, record: Any, end: Any) -> Any:
    """Let the clock follow records that agree with it; return the address of the first other one.

    None of them is a repeat. The record left is not whole, or one that needs the care of
    `compare`, or its type does not tell when it was received.
    """
    if x[IN_CLOCK] == 0 or x[IN_SKIP] != SKIP_NONE or x[IN_HINTS] != 0:
        return record
    offsets = as_u8(x[IN_RECV_OFFSETS])
    span = uint64(BEHIND_NS + x[IN_AHEAD])
    # Locals, since the compiler cannot know that no record is part of the context.
    clock = x[IN_CLOCK]
    latest = x[IN_LATEST]
    while True:
        length = whole_length(record, end)
        b1 = as_u8(record)
        offset = int64(offsets[b1[1]]) if length != 0 else int64(0)
        if offset == 0 or offset + 8 > length:
            break
        if b1[1] == uint8(RTYPE_MBO) and b1[36] & uint8(FLAG_SNAPSHOT) != uint8(0):
            break
        received = as_i64(record + offset)[0]
        oldest = max(clock, latest) - BEHIND_NS
        agree = uint64(received - oldest) <= span and uint64(as_i64(record)[1] - oldest) <= span
        if not agree or not plausible(received):
            break
        clock = max(clock, min(latest, received))
        latest = received
        record += length
    x[IN_CLOCK] = clock
    x[IN_LATEST] = latest
    return record


@kernel("int64(int64, int64, int64)")
def screen(context: Any, start: Any, end: Any) -> Any:
    """Drop records from bytes [start, end) of the buffer; return the new end of the bytes.

    The bytes that may be parsed end at the word ``IN_DECIDED``: a record that is not whole follows,
    or one on which later records must decide. A record of an impossible length, and what follows
    it, is left to the parser.
    """
    x = as_i64(context)
    base = x[IN_BUFFER]
    record = base + start
    out = record
    last = base + end
    verdict = KEEP
    while True:
        if out == record:
            record = out = agreeing_records(x, record, last)
        length = whole_length(record, last)
        if length == 0:
            break
        verdict = KEEP
        if is_market_data(record):
            if x[IN_CLOCK] != 0 and has_clock(x, record):
                verdict = compare(x, record, length, last, out == base + start)
                if verdict == WAIT:
                    break
            if verdict == DROP:
                x[IN_REFUSED] += 1
                x[IN_RECORDS] += 1
            elif x[IN_SKIP] != SKIP_NONE and x[IN_WENT_BACK] == 0 and is_repeat(x, record, length):
                if x[IN_ORDERS] != 0:
                    keep_order(x, record, length)
                x[IN_REPEATED] += 1
                x[IN_RECORDS] += 1
                verdict = DROP
        if verdict == KEEP:
            move(record, out, length)
            out += length
        record += length
        if x[IN_WENT_BACK] != 0:
            break
    left = last - record
    is_corrupt = verdict != WAIT and left >= HEADER_SIZE and not is_possible(record)
    x[IN_WAITS] = int64(verdict == WAIT)
    x[IN_DECIDED] = out - base + (left if is_corrupt else 0)
    if out == record:
        return end
    source = as_u8(record)
    target = as_u8(out)
    for k in range(left):
        target[k] = source[k]
    return out - base + left


# --- counting
@helper
def count_time(cursor: Any, ts: Any, record: Any, length: Any) -> None:
    """Count a record in the bucket of its time."""
    since = ts - cursor[CUR_BUCKET]
    if uint64(since) < uint64(BUCKET_NS):
        cursor[CUR_COUNT] += 1
    elif since >= BUCKET_NS:
        is_next = since < 2 * BUCKET_NS
        cursor[CUR_BEFORE] = cursor[CUR_COUNT] if is_next else int64(0)
        cursor[CUR_MARK_BEFORE] = cursor[CUR_MARK] if is_next else int64(0)
        cursor[CUR_BUCKET] = ts - ts % BUCKET_NS
        cursor[CUR_COUNT] = 1
        cursor[CUR_MARK] = mark_of(record, length)
    elif since >= -BUCKET_NS:
        if cursor[CUR_BEFORE] == 0:
            cursor[CUR_MARK_BEFORE] = mark_of(record, length)
        cursor[CUR_BEFORE] += 1


@helper
def claim_cursor(x: Any, source: Any) -> Any:
    """Return the address of a source's cursor, listed as changed; 0 if there is no room for it."""
    at = find_cursor(x, source)
    cursor = as_i64(at)
    if cursor[CUR_SOURCE] == UNUSED:
        if x[IN_CURSORS] >= x[IN_CAPACITY]:
            return int64(0)
        x[IN_CURSORS] += 1
        cursor[CUR_SOURCE] = source
    if cursor[CUR_CHANGED] == 0:
        cursor[CUR_CHANGED] = 1
        as_i64(x[IN_CHANGED])[x[IN_CHANGES]] = (at - x[IN_TABLE]) // (8 * CURSOR_WORDS)
        x[IN_CHANGES] += 1
    return at


@kernel("int64(int64, int64, int64)")
def count_records(context: Any, start: Any, end: Any) -> Any:
    """Count the records in bytes [start, end) of the buffer; return the offset reached.

    It is less than ``end`` if the table of cursors is full and must grow.
    """
    x = as_i64(context)
    record = x[IN_BUFFER] + start
    last = x[IN_BUFFER] + end
    types = as_i64(x[IN_TYPES])
    at = int64(0)
    source = int64(UNUSED)
    while record < last:
        length = int64(as_u8(record)[0]) << 2
        if is_market_data(record):
            if as_i64(record)[0] & ~LENGTH_BITS != source:
                source = as_i64(record)[0] & ~LENGTH_BITS
                at = claim_cursor(x, source)
                if at == 0:
                    break
            cursor = as_i64(at)
            cursor[CUR_TOTAL] += 1
            ts = event_time(x, record, length)
            if ts != 0:
                count_time(cursor, ts, record, length)
            note_sequence(x, record, length, cursor)
        types[as_u8(record)[1]] += 1
        record += length
    return record - x[IN_BUFFER]
