"""`Trail`: the refusals of a worker, on their way to the log and to the audit log."""

from __future__ import annotations

import asyncio
import logging
from typing import Final, NamedTuple

from tickfire.base.printable import printable
from tickfire.server.access.audit import AUDIT, MAX_TEXT, Audited, write_audit
from tickfire.store.requests import RedisUnavailable, Requests
from tickfire.store.store import Store

INTERVAL_S: Final = 5.0
MAX_DIFFERENT: Final = 100
"""Different refusals that are told within an interval; others are counted together."""

logger = logging.getLogger(__name__)


class Refusal(NamedTuple):
    """A refusal: its cause, the address of the client, its key and the topic, if any."""

    why: str
    address: str
    key: str | None = None
    topic: str | None = None


_OTHERS: Final = Refusal("other refusals", "many")


class Trail:
    """Refusals, of which equal ones are told once an interval, with their number."""

    def __init__(self) -> None:
        self._counts: dict[Refusal, int] = {}

    def add(self, why: str, address: str, key: str | None = None, topic: str | None = None) -> None:
        """Record a refusal."""
        shown = None if topic is None else printable(topic, MAX_TEXT)
        refusal = Refusal(printable(why, MAX_TEXT), address, key, shown)
        if refusal not in self._counts:
            if len(self._counts) >= MAX_DIFFERENT:
                refusal = _OTHERS
            else:
                about = {"client": address, "topic": shown}
                topic_text = f": {shown}" if shown else ""
                logger.warning("refused %s: %s%s", address, why, topic_text, extra=about)
        self._counts[refusal] = self._counts.get(refusal, 0) + 1

    async def run(self, store: Store) -> None:
        """Write the refusals to the audit log until cancelled."""
        requests = Requests(store, AUDIT)
        try:
            while True:
                await asyncio.sleep(INTERVAL_S)
                await self.write(requests)
        finally:
            requests.close()

    async def write(self, requests: Requests) -> None:
        """Write the refusals since the last time; those are lost that Redis does not take."""
        counts, self._counts = self._counts, {}
        try:
            for (why, address, key, topic), count in counts.items():
                refused = Audited(
                    event="refused", by=address, key=key, topic=topic, why=why, count=count
                )
                await write_audit(requests, refused)
        except RedisUnavailable:
            return  # the store logs the outage
