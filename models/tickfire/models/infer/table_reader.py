"""`TableReader`: the instrument table in Redis, read for the models."""

from __future__ import annotations

from typing import Any, Final

from tickfire.models.infer.instruments import Instruments
from tickfire.store.epoch import instruments_of, read_hash
from tickfire.store.schema import INSTRUMENTS_KEY
from tickfire.store.store import Store

LOOKS_PER_READ: Final = 15
"""Looks after which the table is read even if it has not grown."""


class TableReader:
    """Reader of the instrument table.

    Parameters
    ----------
    store : Store
    instruments : Instruments
        They get what is read.
    """

    def __init__(self, store: Store, instruments: Instruments) -> None:
        self._store = store
        self._instruments = instruments
        self._rows: frozenset[bytes] = frozenset()
        self._size = self._looks_left = 0

    async def refresh(self) -> bool:
        """Read the table if it has grown, and now and then; return whether it has changed.

        It may hold 100,000 rows.

        Raises
        ------
        REDIS_ERRORS
            Redis does not answer, or answers with an error.
        """
        size: Any = self._store.client.hlen(INSTRUMENTS_KEY.decode())
        if await size == self._size and self._looks_left > 0:
            self._looks_left -= 1
            return False
        found = await read_hash(self._store.client, INSTRUMENTS_KEY)
        self._size, self._looks_left = len(found), LOOKS_PER_READ
        rows = frozenset(found.values())
        if rows == self._rows:
            return False
        self._rows = rows
        self._instruments.replace(instruments_of(rows))
        return True

    def symbols(self) -> set[str]:
        """Return the symbols of all instruments."""
        return {row.symbol for row in instruments_of(self._rows)}
