"""`Naming`: the instrument table, now and as it was in epochs that have ended since."""

from __future__ import annotations

import asyncio
import logging

from tickfire.archive.pauses import RETRY_S
from tickfire.store.epoch import instruments_of, read_hash
from tickfire.store.errors import REDIS_ERRORS
from tickfire.store.mappings import Mappings
from tickfire.store.schema import INSTRUMENTS_KEY
from tickfire.store.store import Store

logger = logging.getLogger(__name__)


class Naming:
    """Reader of the instrument table.

    Parameters
    ----------
    store : Store
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._present: Mappings | None = None
        self._of_feeds: dict[int, Mappings] = {}

    def forget(self) -> None:
        """Note that the table may have changed."""
        self._present = None

    async def present(self) -> Mappings:
        """Return the instrument table; ingest writes a row before the first tick of it."""
        while self._present is None:
            try:
                rows = await read_hash(self._store.client, INSTRUMENTS_KEY)
            except REDIS_ERRORS as error:
                logger.debug("cannot read the instruments: %s", error)
                await asyncio.sleep(RETRY_S)
            else:
                self._present = Mappings(instruments_of(rows.values()))
        return self._present

    def confirm(self, feed: int, table: Mappings) -> None:
        """Keep a table that was read while the present epoch of a feed had not ended."""
        self._of_feeds[feed] = table

    async def ended(self, feed: int) -> Mappings:
        """Return the table of the epoch of a feed that has just ended.

        Instruments that it had not named when it was last read are named as they are now.
        """
        before, now = self._of_feeds.get(feed, Mappings()), await self.present()
        rest = [part for row in now if row.feed == feed for part in before.free_parts(row)]
        return Mappings([*before, *rest])
