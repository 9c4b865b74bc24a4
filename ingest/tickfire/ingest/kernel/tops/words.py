"""The table of tops in memory, and the part of a STATE row that refers to it.

The field ``publisher`` of a row tells whose top of book the row holds:

- 0: no top has been received since the feed began;
- up to ``LAST_PUBLISHER``: that of one publisher, whose id is one less. This is all that the rows
  of most instruments ever hold, and the loop over common records takes their tops;
- otherwise the best of several publishers, or the one that a feed consolidates
  (``CONSOLIDATED``). The lower bits are the number of the first of their tops in the table plus
  1, 0 if there is none, and each top has the number of the next.
"""

from __future__ import annotations

from typing import Any, Final

from numba import uint8, uint32

from tickfire.ingest.dbn.layout import RTYPE_CBBO_1M, RTYPE_CBBO_1S, RTYPE_CMBP_1, RTYPE_TCBBO
from tickfire.kernels.jit import helper
from tickfire.kernels.pointers import as_u8, as_u32
from tickfire.store.schema import TOP

LAST_PUBLISHER: Final = 1 << 16
SHARED: Final = 1 << 31
"""Bit of ``publisher``: tops of the instrument are in the table."""
CONSOLIDATED: Final = 1 << 30
"""Bit of ``publisher``: the feed consolidates the top itself."""
NUMBER: Final = CONSOLIDATED - 1
"""Bits of ``publisher``: the number of the first top, plus 1."""

# --- context of the table
TOPS_ENTRIES: Final = 0
"""The entries: a TOP, then ``next`` and ``changed`` as uint32."""
TOPS_COUNT: Final = 1
TOPS_CAPACITY: Final = 2
TOPS_CHANGED: Final = 3
"""1: a top has changed since they were taken."""
TOPS_WORDS: Final = 4

# --- an entry
ENTRY_WORDS: Final = TOP.itemsize // 8 + 1
TOP_KEY: Final = 0
"""instrument_id, feed, flags and publisher_id, from the lowest bit on."""
TOP_TS: Final = 1
TOP_BID: Final = 2
TOP_ASK: Final = 3
TOP_SIZES: Final = 8
"""The size of the bid, then that of the ask, in 4-byte words."""
TOP_NEXT: Final = 10
"""Number of the next top of the instrument plus 1, in 4-byte words; 0 if there is none."""
TOP_CHANGED: Final = 11
"""1: changed since it was taken, in 4-byte words."""


@helper
def is_consolidated(record: Any) -> Any:
    """Return whether a record is of a schema whose quotes are of all publishers."""
    rtype = as_u8(record)[1]
    return (
        rtype == uint8(RTYPE_CMBP_1)
        or rtype == uint8(RTYPE_TCBBO)
        or rtype == uint8(RTYPE_CBBO_1S)
        or rtype == uint8(RTYPE_CBBO_1M)
    )


@helper
def publisher_of(record: Any) -> Any:
    """Return the publisher id of a record."""
    return as_u32(record)[0] >> uint32(16)
