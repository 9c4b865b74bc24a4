"""`KeyBook`: a worker's copy of the keys and signed-out users in Redis."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Final

from tickfire.server.access.grant import Grant
from tickfire.server.access.key import parse_key
from tickfire.server.access.key_store import Contents, KeyStore
from tickfire.store.requests import RedisUnavailable, is_told
from tickfire.store.store import Store

POLL_S: Final = 0.3
"""Interval at which changes are looked for."""
USE_INTERVAL_S: Final = 10.0
"""Interval at which the uses of keys are written."""

logger = logging.getLogger(__name__)


class NotLoaded(Exception):
    """Raised when the keys have not been read yet."""


class KeyBook:
    """Copy of the keys, by which clients are let in while Redis is out of reach too.

    Attributes
    ----------
    on_change : list of callable
        Called after each change.
    """

    def __init__(self) -> None:
        self.on_change: list[Callable[[], None]] = []
        self._contents = Contents({}, {})
        self._grants: dict[str, Grant] = {}  # by key, one for all of its clients
        self._version: int | None = None
        self._store: KeyStore | None = None
        self._refreshing: asyncio.Task[None] | None = None
        self._used: dict[str, int] = {}

    async def run(self, store: Store) -> None:
        """Follow the keys in Redis until cancelled."""
        self._store = KeyStore(store)
        written_at = time.monotonic()
        try:
            while True:
                await self.refresh()
                if self._used and time.monotonic() - written_at >= USE_INTERVAL_S:
                    written_at = time.monotonic()
                    await self._write_uses(self._store)
                await asyncio.sleep(POLL_S)
        finally:
            self._store.close()
            self._store = None

    async def refresh(self) -> None:
        """Read the keys if they have changed; callers at the same time share one read."""
        if self._refreshing is None or self._refreshing.done():
            self._refreshing = asyncio.get_running_loop().create_task(self._refresh())
        await asyncio.shield(self._refreshing)

    async def grant_of(self, text: str) -> Grant | None:
        """Return the grant of a key, or None if there is no such key.

        Raises
        ------
        NotLoaded
            The keys have not been read yet.
        """
        parsed = parse_key(text)
        if parsed is None:
            return None
        key_id, secret = parsed
        if key_id not in self._contents.keys:
            await self.refresh()  # it may be new
        if self._version is None:
            raise NotLoaded
        key = self._contents.keys.get(key_id)
        if key is None or not key.opens_with(secret):
            return None
        self._used[key_id] = int(time.time())
        if key_id not in self._grants:
            self._grants[key_id] = key.grant()
        return self._grants[key_id]

    def allows(self, grant: Grant) -> bool:
        """Return whether neither the key of a grant nor the tokens of its user were revoked."""
        if grant.key is not None:
            return grant.key in self._contents.keys
        if grant.subject is None:
            return True
        signed_out = self._contents.signed_out.get(grant.subject)
        return signed_out is None or (grant.issued_at or 0.0) > signed_out

    async def _refresh(self) -> None:
        store = self._store
        if store is None:
            return
        try:
            version = await store.version()
            if version != self._version:
                self._contents = await store.contents()
                self._grants.clear()
                self._version = version
                for notify in self.on_change:
                    notify()
        except RedisUnavailable as error:
            if not is_told(error):
                logger.warning("the keys cannot be read: %s", error)

    async def _write_uses(self, store: KeyStore) -> None:
        used, self._used = self._used, {}
        try:
            await store.mark_used(used)
        except RedisUnavailable:
            self._used = {**used, **self._used}
