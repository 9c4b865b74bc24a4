"""The states of a stream's instruments, restored from Redis."""

from __future__ import annotations

import logging
from typing import Any, Final

import numpy as np

from tickfire.ingest.kernel.state import InstrumentStates
from tickfire.store.by_publisher import TOPS, records_of
from tickfire.store.entries import BadEntry, position_of, ticks_of
from tickfire.store.epoch import read_hash
from tickfire.store.schema import (
    SNAPSHOT_POSITION_FIELD,
    STATE,
    Stream,
    present_tops_key,
    snapshots_key,
    ticks_key,
)

ENTRIES_PER_READ: Final = 512

logger = logging.getLogger(__name__)


async def last_position(client: Any, stream: Stream) -> int:
    """Return the position of the newest tick of a stream, 0 if it has none.

    Raises
    ------
    BadEntry
        The id of the newest entry is not that of an entry of ticks.
    """
    newest = await client.xrevrange(ticks_key(stream), count=1)
    return position_of(newest[0][0]) if newest else 0


async def restore(client: Any, states: InstrumentStates, stream: Stream) -> None:
    """Load the snapshots of a stream and fold the later ticks into them.

    A batch that closes bars has snapshots too, so the later ticks have closed none.
    """
    snapshots = await read_hash(client, snapshots_key(stream))
    position = int(snapshots.pop(SNAPSHOT_POSITION_FIELD, b"0"))
    rows = [np.frombuffer(row, STATE)[0] for row in snapshots.values()]
    states.load(np.array(rows, STATE))
    low = b"(%d-0" % position
    while entries := await client.xrange(ticks_key(stream), low, count=ENTRIES_PER_READ):
        for entry in entries:
            try:
                ticks = ticks_of(entry)
            except BadEntry as error:
                logger.warning("skipping an entry of %s: %s", ticks_key(stream).decode(), error)
            else:
                states.fold(ticks.ticks, ticks.first)
        low = b"(" + entries[-1][0]
    await _restore_tops(client, states, stream)


async def _restore_tops(client: Any, states: InstrumentStates, stream: Stream) -> None:
    """Load the tops of publishers, which are as of the newest tick."""
    for data in (await read_hash(client, present_tops_key(stream))).values():
        try:
            states.load_tops(records_of(TOPS, data))
        except BadEntry as error:
            logger.warning("skipping a top of %s: %s", present_tops_key(stream).decode(), error)
