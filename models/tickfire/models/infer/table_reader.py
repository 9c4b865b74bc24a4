"""`TableReader`: the instrument table in Redis, read for the models."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Any, Final

from tickfire.models.infer.instruments import Instruments
from tickfire.store.epoch import instruments_of, read_hash
from tickfire.store.schema import INSTRUMENTS_KEY
from tickfire.store.store import Store, until_done

LOOKS_PER_READ: Final = 15
"""Looks after which the table is read even if it has not grown."""

logger = logging.getLogger(__name__)


class TableReader:
    """Reader of the instrument table.

    Parameters
    ----------
    store : Store
    instruments : Instruments
        They get what is read.
    on_change : callable
        Called with the symbols of all instruments when the table has changed.
    """

    def __init__(
        self, store: Store, instruments: Instruments, on_change: Callable[[set[str]], None]
    ) -> None:
        self._store = store
        self._instruments = instruments
        self._on_change = on_change
        self._rows: frozenset[bytes] = frozenset()
        self._size = self._looks_left = 0

    async def refresh(self) -> None:
        """Read the table if it has grown, and now and then: it may hold 100,000 rows.

        Raises
        ------
        REDIS_ERRORS
            Redis does not answer, or answers with an error.
        """
        size: Any = self._store.client.hlen(INSTRUMENTS_KEY.decode())
        if await size == self._size and self._looks_left > 0:
            self._looks_left -= 1
            return
        found = await read_hash(self._store.client, INSTRUMENTS_KEY)
        self._size, self._looks_left = len(found), LOOKS_PER_READ
        rows = frozenset(found.values())
        if rows == self._rows:
            return
        self._rows = rows
        known = instruments_of(rows)
        self._instruments.replace(known)
        self._on_change({row.symbol for row in known})

    async def learn(self, feed: int, ids: Iterable[int]) -> None:
        """Read the table if it has grown and lacks instruments, given by their ids.

        Ingest writes a row before the first tick that needs it, so it is there by now.
        """
        if not all(self._instruments.mappings.rows(feed, one) for one in ids):
            await until_done(self.refresh, "reading the instrument table", logger)
