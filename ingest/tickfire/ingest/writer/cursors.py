"""The cursors of a feed as fields of the hashes of its shards. Pure.

Each batch of ticks takes along the cursors that it changed, in one field; now and then it takes all
of them. A field begins with a number that grows with each, so that a reader begins with the field
``base`` and applies the changes after it in their order.

Reports and definitions are not written with the ticks, so the cursors of their sources are stored
only after they are written, and until then as they were.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from tickfire.ingest.dbn.layout import (
    RTYPE_DEFINITION,
    RTYPE_IMBALANCE,
    RTYPE_STATISTICS,
    RTYPE_STATUS,
)
from tickfire.ingest.kernel.intake import SEEN, Intake
from tickfire.ingest.kernel.intake_context import CURSOR, CURSOR_WORDS
from tickfire.ingest.writer.resume import Seen
from tickfire.store.schema import Rows, shard_of

SAVED: Final = ("source", *SEEN)
SAVED_CURSOR: Final = np.dtype([(name, CURSOR[name]) for name in SAVED])
"""The stored part of a cursor: 56 bytes."""
BASE_FIELD: Final = b"base"
SEEN_FIELD: Final = b"seen"
FIELDS_OF_CHANGES: Final = 512
"""Number of fields of changes, after which all cursors are stored again."""
NUMBER_SIZE: Final = 8
WRITTEN_APART: Final = (RTYPE_DEFINITION, RTYPE_STATUS, RTYPE_STATISTICS, RTYPE_IMBALANCE)
"""Types of records that are not written with the ticks."""

_IS_APART: Final = np.isin(np.arange(256), WRITTEN_APART)  # by type
_SAVED_WORDS: Final = [CURSOR.names.index(name) for name in SAVED]  # type: ignore[union-attr]
_ENCODE: Final = msgspec.msgpack.Encoder().encode


class CursorFields:
    """Writer of the cursors of a feed's shards.

    Parameters
    ----------
    intake : Intake
    feed, shards : int

    Attributes
    ----------
    are_kept_back : bool
        True while changes of cursors are not stored yet.
    """

    def __init__(self, intake: Intake, feed: int, shards: int) -> None:
        self._intake = intake
        self._feed, self._shards = feed, shards
        self._generation = (b"", -1)
        self._numbers = [0] * shards
        self._left = [0] * shards  # changes until all cursors are stored again
        self._apart: dict[int, np.void] = {}  # as they were stored last, by source
        self._counted_apart = 0  # records written apart, at the last call of `changed`
        self.are_kept_back = False

    def changed(
        self, epoch: bytes, seen: Seen, *, some_wait: bool = False
    ) -> dict[int, dict[bytes, bytes]]:
        """Return the fields of each shard that have changed since the last call.

        Parameters
        ----------
        epoch : bytes
            The epoch of the shards. In a new one, all cursors are stored again.
        seen : Seen
        some_wait : bool
            True while records that were counted and are written apart are not written yet.
        """
        if self._generation != (epoch, self._intake.generation):
            if self._generation[1] != self._intake.generation:
                self._apart.clear()
            self._generation = epoch, self._intake.generation
            self._left = [0] * self._shards
        rows = self._written(self._intake.take_changed(), some_wait=some_wait)
        told = {SEEN_FIELD: _ENCODE(seen)}
        if self._shards == 1:
            return {0: told | self._field(0, rows)} if len(rows) or not self._left[0] else {}
        shards = self._shards_of(rows)
        return {
            shard: told | self._field(shard, rows[shards == shard])
            for shard in (np.unique(shards).tolist() if all(self._left) else range(self._shards))
        }

    def _written(self, rows: Rows, *, some_wait: bool) -> Rows:
        """Return the changed cursors whose records are written or are written with them."""
        before, self._counted_apart = self._counted_apart, self._intake.counted(WRITTEN_APART)
        if self._counted_apart == before and not self.are_kept_back:
            return rows
        is_apart = _are_apart(rows)
        if some_wait:
            self.are_kept_back |= bool(is_apart.any())
            return rows[~is_apart]
        if self.are_kept_back:
            self.are_kept_back = False
            everything = self._intake.cursors
            rows = np.concatenate([rows[~is_apart], everything[_are_apart(everything)]])
            is_apart = _are_apart(rows)
        self._apart |= {int(row["source"]): row for row in rows[is_apart]}
        return rows

    def _everything(self) -> Rows:
        """Return all cursors, those of reports as they were stored last."""
        rows = self._intake.cursors
        if self.are_kept_back:
            others = rows[~_are_apart(rows)]
            rows = np.concatenate([others, np.array([*self._apart.values()], CURSOR)])
        return rows

    def _field(self, shard: int, rows: Rows) -> dict[bytes, bytes]:
        self._numbers[shard] += 1
        number = self._numbers[shard]
        field = b"%d" % (number % FIELDS_OF_CHANGES)
        if not self._left[shard]:
            self._left[shard] = FIELDS_OF_CHANGES - 1
            everything = self._everything()
            field, rows = BASE_FIELD, everything[self._shards_of(everything) == shard]
        self._left[shard] -= 1
        return {field: number.to_bytes(NUMBER_SIZE, "little") + _saved(rows)}

    def _shards_of(self, rows: Rows) -> NDArray[np.int64]:
        if self._shards == 1:
            return np.zeros(len(rows), np.int64)
        numbers = (rows["source"] >> np.uint64(32)).tolist()
        return np.array([shard_of(self._feed, n, self._shards) for n in numbers], np.int64)

    def restore(self, held: list[Mapping[bytes, bytes]]) -> Seen | None:
        """Load the cursors from the fields of each shard; return the feed as it was seen last."""
        known = [_cursors_of(fields) for fields in held]
        cursors = np.concatenate(known, dtype=CURSOR)
        self._intake.load(cursors)
        self._generation = self._generation[0], self._intake.generation
        self._apart = {int(row["source"]): row for row in cursors[_are_apart(cursors)]}
        numbers = [map(_number, _numbered(fields).values()) for fields in held]
        self._numbers = [max(of_shard, default=0) for of_shard in numbers]
        told = [fields[SEEN_FIELD] for fields in held if SEEN_FIELD in fields]
        seen = [msgspec.msgpack.decode(each, type=Seen) for each in told]
        newest = max(seen, key=lambda each: each.received, default=None)
        self._intake.load_channels(newest.channels if newest is not None else ())
        return newest


def _are_apart(rows: Rows) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = _IS_APART[rows["source"] >> np.uint64(8) & np.uint64(0xFF)]
    return found


def _saved(rows: Rows) -> bytes:
    """Return CURSOR[] as the bytes of SAVED_CURSOR[]."""
    words = rows.view(np.int64).reshape(-1, CURSOR_WORDS)
    return words.take(_SAVED_WORDS, 1).tobytes()


def _numbered(fields: Mapping[bytes, bytes]) -> dict[bytes, bytes]:
    return {name: data for name, data in fields.items() if name != SEEN_FIELD}


def _number(data: bytes) -> int:
    return int.from_bytes(data[:NUMBER_SIZE], "little")


def _cursors_of(fields: Mapping[bytes, bytes]) -> Rows:
    """Return the cursors of a shard: those of the base, and the changes after it."""
    base = fields.get(BASE_FIELD, bytes(NUMBER_SIZE))
    later = [data for data in _numbered(fields).values() if _number(data) >= _number(base)]
    latest: dict[int, np.void] = {}
    for data in sorted(later, key=_number):
        for row in np.frombuffer(data, SAVED_CURSOR, offset=NUMBER_SIZE):
            latest[int(row["source"])] = row
    cursors = np.zeros(len(latest), CURSOR)
    for name in SAVED:
        cursors[name] = [row[name] for row in latest.values()]
    return cursors
