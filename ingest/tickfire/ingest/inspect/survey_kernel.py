"""Kernel that counts the records of a DBN file by type, instrument, publisher and sequence.

Tables are int64 arrays of rows, found by open addressing; the key of an empty row is 0. Times are
ns since the Unix epoch: ``ts_recv`` of the types that have it, otherwise ``ts_event``.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from tickfire.kernels.jit import cold, helper, kernel

# --- columns of the tables of types, instruments and sequences
KEY: Final = 0
RECORDS: Final = 1
FIRST: Final = 2
"""The earliest time, or the first sequence number."""
LAST: Final = 3
"""The latest time, or the highest sequence number since the numbers last began anew."""
COLUMNS: Final = 4
LAST_TIME: Final = 4
"""The time of the record with the number `LAST`."""
HOLES: Final = 5
MISSING: Final = 6
"""Sequence numbers in the holes."""
REPEATS: Final = 7
"""Records whose number is lower than one before, at no later time."""
RESTARTS: Final = 8
"""Records whose number is lower than one before, at a later time: the numbers begin anew."""
SEQUENCE_COLUMNS: Final = 9

# --- columns of the layout of a record type
SIZE: Final = 0
TIME_AT: Final = 1
SEQUENCE_AT: Final = 2
CHANNEL_AT: Final = 3
CHANNEL_SIZE: Final = 4
SILENCE_NS: Final = 5
"""The longest time without records, before one of this type, that is no hole."""
IS_CONTROL: Final = 6
"""1 for records about the stream itself, which belong to no instrument."""
FLAGS_AT: Final = 7
NO_SEQUENCE: Final = 8
"""Flags of records whose sequence number is that of an earlier message, as in snapshots."""
LAYOUT_COLUMNS: Final = 9

# --- state between calls
AT: Final = 0
"""Offset of the next record."""
LAST_AT: Final = 1
"""The time of the last record that has one, 0 before the first."""
SILENCES: Final = 2
INSTRUMENT_COUNT: Final = 3
SEQUENCE_COUNT: Final = 4
SHORT: Final = 5
"""Records that are shorter than their type, and only counted by type."""
SHORTEST: Final = 6
"""Row of the shortest of the kept silences."""
STATES: Final = 7

_GOLDEN: Final = 0x9E3779B97F4A7C1


@helper
def _row_of(table: NDArray[np.int64], key: int) -> int:
    """Return the row of a key that is not 0, or the empty row where it belongs."""
    mask = len(table) - 1
    row = ((key * _GOLDEN) >> 17) & mask
    while table[row, KEY] != 0 and table[row, KEY] != key:
        row = (row + 1) & mask
    return row


@helper
def _count(table: NDArray[np.int64], row: int, time: int) -> None:
    table[row, RECORDS] += 1
    if time > 0:
        if table[row, FIRST] == 0 or time < table[row, FIRST]:
            table[row, FIRST] = time
        table[row, LAST] = max(table[row, LAST], time)


@helper
def _follow(table: NDArray[np.int64], row: int, number: int, time: int) -> None:
    table[row, RECORDS] += 1
    if table[row, RECORDS] == 1:
        table[row, FIRST] = number
    elif number < table[row, LAST]:
        if time <= table[row, LAST_TIME]:
            table[row, REPEATS] += 1
            return
        table[row, RESTARTS] += 1
    elif number > table[row, LAST] + 1:
        table[row, HOLES] += 1
        table[row, MISSING] += number - table[row, LAST] - 1
    table[row, LAST] = number
    table[row, LAST_TIME] = time


@cold
def _add_silence(
    state: NDArray[np.int64], silences: NDArray[np.int64], start: int, end: int
) -> None:
    """Count a silence, and keep it if it is longer than the shortest of those kept."""
    state[SILENCES] += 1
    at = state[SHORTEST]
    if end - start <= silences[at, 1] - silences[at, 0]:
        return
    silences[at, 0] = start
    silences[at, 1] = end
    for row in range(len(silences)):
        if silences[row, 1] - silences[row, 0] < silences[at, 1] - silences[at, 0]:
            at = row
    state[SHORTEST] = at


@kernel("void(int64[:, ::1], int64[:, ::1])")
def move_rows(table: NDArray[np.int64], larger: NDArray[np.int64]) -> None:
    """Move the rows of a table, int64[2**k, m], to a larger one."""
    for i in range(len(table)):
        if table[i, KEY] != 0:
            larger[_row_of(larger, table[i, KEY])] = table[i]


@helper
def _claimed_row(table: NDArray[np.int64], key: int, state: NDArray[np.int64], counter: int) -> int:
    """Return the row of a key, and count it in ``state[counter]`` if it is new."""
    row = _row_of(table, key)
    if table[row, KEY] == 0:
        table[row, KEY] = key
        state[counter] += 1
    return row


@helper
def _channel(buffer: NDArray[np.uint8], at: int, size: int) -> int:
    channel = np.int64(0)
    for i in range(size):
        channel |= np.int64(buffer[at + i]) << (8 * i)
    return int(channel)


@kernel(
    "boolean(uint8[::1], uint32[::1], int64[::1], int64[:, ::1], int64[::1], int64[:, ::1], "
    "int64[:, ::1], int64[:, ::1], int64[::1], int64[:, ::1])"
)
def survey_records(
    buffer: NDArray[np.uint8],
    halves: NDArray[np.uint32],
    words: NDArray[np.int64],
    layouts: NDArray[np.int64],
    state: NDArray[np.int64],
    types: NDArray[np.int64],
    instruments: NDArray[np.int64],
    sequences: NDArray[np.int64],
    publishers: NDArray[np.int64],
    silences: NDArray[np.int64],
) -> bool:
    """Count records from offset ``state[AT]`` on.

    Parameters
    ----------
    buffer, halves, words : uint8[n], uint32[n / 4], int64[n / 8]
        Whole, well-formed records, seen in three ways.
    layouts : int64[256, LAYOUT_COLUMNS]
        By type; SIZE is 0 for unknown types, and the offsets of fields that a type lacks are 0.
    state : int64[STATES]
    types : int64[256, COLUMNS]
        By type.
    instruments, sequences : int64[2**k, COLUMNS], int64[2**k, SEQUENCE_COLUMNS]
        Tables by the instrument's id plus 1, and by the key that `sequence_key` splits.
    publishers : int64[65536]
        Numbers of records.
    silences : int64[m, 2]
        The longest silences, start and end.

    Returns
    -------
    bool
        False if a table is half full: it must be enlarged before the next call.
    """
    at = state[AT]
    while at < len(buffer):
        if 2 * state[INSTRUMENT_COUNT] >= len(instruments):
            state[AT] = at
            return False
        if 2 * state[SEQUENCE_COUNT] >= len(sequences):
            state[AT] = at
            return False
        head = words[at >> 3]
        size = (head & 0xFF) << 2
        rtype = head >> 8 & 0xFF
        is_short = size < layouts[rtype, SIZE]
        if is_short or layouts[rtype, IS_CONTROL]:
            state[SHORT] += is_short
            types[rtype, RECORDS] += 1
            at += size
            continue
        publisher = head >> 16 & 0xFFFF
        time = words[at + layouts[rtype, TIME_AT] >> 3]
        publishers[publisher] += 1
        _count(types, rtype, time)
        instrument = (head >> 32 & 0xFFFFFFFF) + 1
        row = _claimed_row(instruments, instrument, state, INSTRUMENT_COUNT)
        _count(instruments, row, time)
        if (
            layouts[rtype, SEQUENCE_AT]
            and not buffer[at + layouts[rtype, FLAGS_AT]] & layouts[rtype, NO_SEQUENCE]
        ):
            channel = _channel(
                buffer, at + layouts[rtype, CHANNEL_AT], layouts[rtype, CHANNEL_SIZE]
            )
            key = 1 << 48 | rtype << 32 | channel << 16 | publisher
            row = _claimed_row(sequences, key, state, SEQUENCE_COUNT)
            number = int(np.int64(halves[at + layouts[rtype, SEQUENCE_AT] >> 2]))
            _follow(sequences, row, number, time)
        if time > 0:
            last = state[LAST_AT]
            if last and time - last > layouts[rtype, SILENCE_NS]:
                _add_silence(state, silences, last, time)
            state[LAST_AT] = time
        at += size
    state[AT] = at
    return True


def sequence_key(key: int) -> tuple[int, int, int]:
    """Return the type, the channel and the publisher of a row of the sequences."""
    return key >> 32 & 0xFF, key >> 16 & 0xFFFF, key & 0xFFFF
