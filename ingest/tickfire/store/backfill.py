"""`BackfillQueue`: bars of history, on their way to the process that writes a feed.

A feed has one writer, so that whoever has history hands it over: an entry of the stream
``backfill:{f}`` holds bars (field ``d``: BAR[count]) and their instruments (field ``i``, msgpack).
The writer removes each entry once its bars are written.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np

from tickfire.store.schema import BAR, Instrument, Rows
from tickfire.store.store import Store

BARS_PER_ENTRY: Final = 4096
ENTRIES_PER_READ: Final = 8

_INSTRUMENTS: Final = msgspec.msgpack.Decoder(list[Instrument])


def backfill_key(feed: int) -> bytes:
    """Return the key of the stream of history that waits for the writer of a feed."""
    return b"backfill:{%d}" % feed


class Backfill(NamedTuple):
    """One entry.

    Attributes
    ----------
    id : bytes
    instruments : list of Instrument
    bars : BAR[n]
    """

    id: bytes
    instruments: list[Instrument]
    bars: Rows


class BackfillQueue:
    """The queue of one feed; its methods raise what the redis-py client does.

    Parameters
    ----------
    store : Store
    feed : int
    """

    def __init__(self, store: Store, feed: int) -> None:
        self._client: Any = store.client
        self._key = backfill_key(feed)

    async def put(self, instruments: Sequence[Instrument], bars: Rows) -> None:
        """Add bars with their instruments."""
        table = msgspec.msgpack.encode(list(instruments))
        for at in range(0, len(bars), BARS_PER_ENTRY):
            piece = bars[at : at + BARS_PER_ENTRY].tobytes()
            await self._client.xadd(self._key, {"i": table, "d": piece})

    async def read(self, after: bytes = b"0-0", block_ms: int | None = None) -> list[Backfill]:
        """Return the next entries after an id, waiting up to `block_ms` for the first.

        Entries that cannot be decoded are returned without bars.
        """
        reply = await self._client.xread({self._key: after}, ENTRIES_PER_READ, block_ms)
        entries = reply[0][1] if isinstance(reply, list) and reply else []
        if isinstance(reply, dict) and reply:
            entries = next(iter(reply.values()))[0]
        return [_decoded(entry_id, fields) for entry_id, fields in entries]

    async def remove(self, entry: Backfill) -> None:
        """Remove an entry."""
        await self._client.xdel(self._key, entry.id)

    async def count(self) -> int:
        """Return the number of entries that wait."""
        return int(await self._client.xlen(self._key))


def _decoded(entry_id: bytes, fields: dict[bytes, bytes]) -> Backfill:
    try:
        instruments = _INSTRUMENTS.decode(fields[b"i"])
        return Backfill(entry_id, instruments, np.frombuffer(fields[b"d"], BAR))
    except (KeyError, ValueError, msgspec.MsgspecError):
        return Backfill(entry_id, [], np.zeros(0, BAR))
