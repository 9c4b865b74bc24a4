"""`StartupHistory`: history that ingest fetches before a feed begins."""

from __future__ import annotations

import asyncio
import logging
import time
from pathlib import Path
from typing import Final

from tickfire.base.errors import UsageError, UserError
from tickfire.base.extras import require_extra
from tickfire.base.units import NS_PER_S
from tickfire.ingest.adapter.options import AdapterOptions
from tickfire.ingest.backfill.put import queue_history
from tickfire.ingest.historical.cache import HistoryCache
from tickfire.ingest.historical.fetch import Offer, download, make_offer
from tickfire.ingest.historical.request import (
    DAY_NS,
    DEFAULT_SCHEMA,
    MINUTE_NS,
    HistoryRequest,
)
from tickfire.ingest.historical.service import HistoricalService
from tickfire.ingest.writer.config import IngestConfig
from tickfire.store.epoch import epoch_of, read_hash
from tickfire.store.schema import META_KEY
from tickfire.store.store import Store

LIVE_DEPTH_NS: Final = DAY_NS - 10 * MINUTE_NS
"""Age of the oldest data that the live gateway is asked for."""

logger = logging.getLogger(__name__)


class StartupHistory:
    """History of a feed that has no data yet.

    Parameters
    ----------
    options : AdapterOptions
        The symbols of the feed.
    depth_s : float
        Seconds before now at which it begins.
    max_cost : float
        US dollars that it may cost at most.
    url : str, optional
        Address of the historical service.

    Raises
    ------
    UsageError
        If the symbols are not named, or the extra ``history`` is not installed.
    """

    def __init__(
        self, options: AdapterOptions, depth_s: float, max_cost: float, url: str | None = None
    ) -> None:
        if not options.symbols:
            raise UsageError("--history needs the symbols; name them with --symbols.")
        require_extra("history", "--history")
        self._options = options
        self._depth_ns = int(depth_s * NS_PER_S)
        self._max_cost = max_cost
        self._url = url

    async def __call__(self, store: Store, config: IngestConfig) -> int | None:
        """Queue the bars for the feed, and return the time, in ns, from which it is to go on.

        Returns None if the feed has data, or the history cannot be had; the log says why.
        """
        meta = await store.ask(lambda client: read_hash(client, META_KEY), "reading the epoch")
        if epoch_of(meta, config.feed) is not None:
            return None
        now = time.time_ns()
        cache = HistoryCache()
        try:
            offer = await asyncio.to_thread(make_offer, self._request(now), cache, self._service)
            if offer.cost > self._max_cost:
                raise UserError(
                    f"it costs ${offer.cost:,.2f}, more than --max-cost {self._max_cost:g}."
                )
            paths = await asyncio.to_thread(self._download, offer, cache)
            bars = await queue_history(store, config.feed, paths)
        except UserError as error:
            logger.error("no history before the feed: %s", error)
            return None
        logger.info("%s: %d bars", offer.request, bars)
        end = offer.request.end - offer.request.end % MINUTE_NS
        return max(end, now - LIVE_DEPTH_NS)

    def _request(self, now: int) -> HistoryRequest:
        start, end = now - self._depth_ns, now - now % MINUTE_NS
        options = self._options
        return HistoryRequest(
            options.dataset, DEFAULT_SCHEMA, options.symbols, options.stype_in,
            start - start % MINUTE_NS, end,
        )  # fmt: skip

    def _service(self) -> HistoricalService:
        return HistoricalService(self._options.key, self._url)

    def _download(self, offer: Offer, cache: HistoryCache) -> list[Path]:
        return [path for _, path in download(offer, cache, self._service)]
