"""Words of the context of the intake's kernels: one int64 array, as `context` is for parsing."""

from __future__ import annotations

from typing import Final

import numpy as np

from tickfire.base.units import NS_PER_S

CURSOR: Final = np.dtype(
    [
        ("source", "<u8"),  # instrument_id << 32 | publisher_id << 16 | rtype << 8; 1: unused
        ("total", "<i8"),  # records seen since the recording or the live feed began
        ("bucket", "<i8"),  # ns, the start of the latest bucket of event times; 0: none yet
        ("count", "<i8"),  # records seen in the latest bucket
        ("changed", "<i8"),  # 1: changed since `Intake.take_changed`
        ("sequence", "<i8"),  # sequence number of the venue in the latest record; 0: none yet
        ("before", "<i8"),  # records seen in the bucket before it
        ("mark", "<i8"),  # hash of the first record seen in the latest bucket
        ("mark_before", "<i8"),  # the same of the bucket before it
        ("skip_total", "<i8"),  # the same as they were when the session began, less those repeated
        ("skip_bucket", "<i8"),
        ("skip_count", "<i8"),
        ("skip_before", "<i8"),
        ("skip_mark", "<i8"),  # 0: the repeated record was the same
        ("skip_mark_before", "<i8"),
    ]
)
"""The place reached in the records of one source: an instrument, a record type and a publisher.

The fields that every record reads come first, so that they share a cache line.
"""

CURSOR_WORDS: Final = CURSOR.itemsize // 8
UNUSED: Final = 1
CUR_SOURCE: Final = 0
CUR_TOTAL: Final = 1
CUR_BUCKET: Final = 2
CUR_COUNT: Final = 3
CUR_CHANGED: Final = 4
CUR_SEQUENCE: Final = 5
CUR_BEFORE: Final = 6
CUR_MARK: Final = 7
CUR_MARK_BEFORE: Final = 8
CUR_SKIP_TOTAL: Final = 9
CUR_SKIP_BUCKET: Final = 10
CUR_SKIP_COUNT: Final = 11
CUR_SKIP_BEFORE: Final = 12
CUR_SKIP_MARK: Final = 13
CUR_SKIP_MARK_BEFORE: Final = 14

BUCKET_NS: Final = 10 * NS_PER_S
"""Length of a bucket of event times; the records of a source may be out of order by as much."""
AHEAD_NS: Final = 60 * NS_PER_S
"""Time ahead of the feed's clock that a record may have without a vote."""
BEHIND_NS: Final = 7 * 24 * 3600 * NS_PER_S
"""Time behind the feed's clock that a record may have without a vote."""
VOTES: Final = 8
"""Number of later records that must agree on whether a record is an outlier."""

IN_BUFFER: Final = 0
"""uint8[], 8-aligned: the records."""
IN_TABLE: Final = 1
"""CURSOR[mask + 1], found by hashing their sources."""
IN_MASK: Final = 2
IN_CURSORS: Final = 3
"""Number of cursors in use."""
IN_CAPACITY: Final = 4
"""Number of cursors for which there is room."""
IN_CHANGED: Final = 5
"""int64[capacity]: indices of the changed cursors."""
IN_CHANGES: Final = 6
"""Number of changed cursors."""
IN_RECV_OFFSETS: Final = 7
"""uint8[256]: the offset of ts_recv by rtype; 0 if a type has none."""
IN_SKIP: Final = 8
"""Rule by which repeated records are skipped: ``SKIP_*``."""
IN_CLOCK: Final = 9
"""The feed's clock, ns since the Unix epoch; 0: records are not compared with it."""
IN_LATEST: Final = 10
"""Time of the latest record that agrees with the clock."""
IN_AHEAD: Final = 11
"""Time ahead of the clock that a record may have now, ns."""
IN_PATIENT: Final = 12
"""1: wait for later records to decide on an outlier; 0: decide by those at hand."""
IN_DECIDED: Final = 13
"""Offset in the buffer up to which records may be parsed."""
IN_WENT_BACK: Final = 14
"""1: most records agree that the feed's clock went back."""
IN_RECORDS: Final = 15
"""Records dropped, of the next two kinds."""
IN_REPEATED: Final = 16
"""Records dropped because they were seen before."""
IN_REFUSED: Final = 17
"""Records dropped because both of their times disagree with the feed's clock."""
IN_RESTAMPED: Final = 18
"""Records kept of which one time disagreed and was replaced by the other."""
IN_WAITS: Final = 19
"""1: the record at IN_DECIDED waits for later ones."""
IN_TYPES: Final = 20
"""int64[256]: records parsed, by record type."""
IN_SEQUENCE_OFFSETS: Final = 21
"""uint8[256]: the offset of the venue's sequence number by rtype; 0 if a type has none."""
IN_FLAGS_OFFSETS: Final = 22
"""uint8[256]: the offset of the flags by rtype; 0 if a type has none."""
IN_DENSE: Final = 23
"""Where the venue's sequence numbers have no natural holes: ``DENSE_*``."""
IN_CHANNELS: Final = 24
"""int64[CHANNELS, 2]: key and latest sequence number of each channel, found by hashing."""
IN_OUT_OF_ORDER: Final = 25
"""Records whose sequence number is less than that of the record before it, of the same source."""
IN_MAYBE_BAD: Final = 26
"""Records that the venue flags as after a gap (``F_MAYBE_BAD_BOOK``)."""
IN_HOLES: Final = 27
"""Holes in the dense sequence numbers."""
IN_MISSING: Final = 28
"""Sequence numbers in the holes."""
IN_HOLE_LIST: Final = 29
"""HOLE[HOLE_ROOM]: the first of the holes since `Intake.take_holes`."""
IN_LISTED: Final = 30
"""Number of holes in the list."""
IN_MAY_GO_BACK: Final = 31
"""1: the clock may go back within what is sent, as in a recording of one instrument after another;
0: if most records agree that it went back, the feed begins again."""
IN_ORDERS: Final = 32
"""uint8[], 8-aligned, with room for the bytes to screen: repeated MBO records; 0: not kept."""
IN_ORDERS_END: Final = 33
"""Number of bytes of repeated MBO records."""
IN_HINTS: Final = 34
"""HINTS times, any of which may be near the first record of the session; 0: none."""
HINTS: Final = 3
IN_WORDS: Final = IN_HINTS + HINTS

DENSE_NONE: Final = 0
DENSE_CHANNEL: Final = 1
"""By publisher and channel; record types without a channel have channel 0."""
DENSE_SOURCE: Final = 2
"""By instrument, publisher and record type, as trade ids are."""
DENSE: Final = {"none": DENSE_NONE, "channel": DENSE_CHANNEL, "instrument": DENSE_SOURCE}
"""By the names of the option ``--dense``."""
CHANNELS: Final = 1024
"""Room in the table of channels, of which a feed has dozens at most."""
HOLE: Final = np.dtype(
    [
        ("source", "<u8"),  # as of a cursor; the channel in place of the record type
        ("first", "<i8"),  # the first number that is missing
        ("last", "<i8"),
        ("ts_event", "<i8"),  # of the record after the hole
    ]
)
"""A hole in the sequence numbers of a venue."""
HOLE_WORDS: Final = HOLE.itemsize // 8
HOLE_ROOM: Final = 64

SKIP_NONE: Final = 0
SKIP_BY_TIME: Final = 1
"""The gateway sends again what is not older than a start."""
SKIP_BY_NUMBER: Final = 2
"""The gateway sends a recording from its beginning."""
