"""The process `tickfire infer`: read headlines, ticks and bars, publish sentiment and signals."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import signal
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tickfire.base.calendar.sessions import Sessions
from tickfire.base.endpoint import Endpoint
from tickfire.base.exposition import serving
from tickfire.base.run import on_signals, until_stopped
from tickfire.models.artifact import SHIPPED
from tickfire.models.infer.counters import Counters
from tickfire.models.infer.feed_models import FeedModels
from tickfire.models.infer.headlines import Headlines
from tickfire.models.infer.instruments import Instruments
from tickfire.models.infer.stream_model import StreamModel
from tickfire.models.records import Sentiment
from tickfire.models.registry import STREAM_MODELS, stream_model
from tickfire.models.reload import Reloader
from tickfire.models.sentiment.linking import Linker
from tickfire.models.sentiment.model import SentimentModel
from tickfire.store.entries import Entry, status_of
from tickfire.store.epoch import epochs_of, instruments_of, read_hash
from tickfire.store.errors import REDIS_ERRORS
from tickfire.store.heartbeat import Heartbeat
from tickfire.store.requests import newest_id
from tickfire.store.schema import INSTRUMENTS_KEY, META_KEY, STATUS_KEY
from tickfire.store.store import Store
from tickfire.store.tail import Tail

SENTIMENT: Final = "sentiment"
LOOK_S: Final = 1.0
"""Interval at which epoch, instrument table and artifacts are checked, in seconds."""
LOOKS_PER_TABLE: Final = 15

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class InferConfig:
    """Configuration of inference.

    Attributes
    ----------
    artifacts : Path
        Folder of the artifacts.
    models : sequence of str
        Names of models, keys of `STREAM_MODELS`.
    sessions : Sessions
        The trading hours of the instruments.
    """

    artifacts: Path = SHIPPED
    models: Sequence[str] = tuple(STREAM_MODELS)
    sessions: Sessions = field(default_factory=Sessions)


class Infer:
    """Inference, until it is cancelled.

    Parameters
    ----------
    config : InferConfig
    store : Store
        The caller closes it.

    Raises
    ------
    UserError
        A model cannot be used.
    """

    def __init__(self, config: InferConfig, store: Store) -> None:
        self.config = config
        self.counters = Counters()
        self.sentiment = Reloader(config.artifacts / f"{SENTIMENT}.json", SentimentModel.open)
        self._store = store
        self._headlines = Headlines(store, lambda: self.sentiment.model, self.counters, self._tell)
        self._instruments = Instruments(artifacts=config.artifacts, sessions=config.sessions)
        self._rows: frozenset[bytes] = frozenset()
        self._table_size = self._looks_until_table = 0
        # Made at once, so that a user's mistake is reported before anything runs.
        self._spare = [self._new_models()]
        self._feeds: dict[int, FeedModels] = {}
        self._announced = asyncio.Event()

    async def run(self) -> None:
        """Read and publish until cancelled."""
        await self._refresh()
        logger.info("%s; models over ticks and bars: %s", self.sentiment.model.name, self._names())
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._headlines.run())
                tasks.create_task(self._follow_status())
                tasks.create_task(self._refresh_for_ever())
                tasks.create_task(self._reload_for_ever())
                tasks.create_task(Heartbeat(self._store, "infer", self._figures).run())
        finally:
            await asyncio.gather(*(feed.stop() for feed in self._feeds.values()))

    def reload(self, *, now: bool = False) -> None:
        """Reload artifacts that have changed; one that is refused is logged, and the old stays."""
        self.sentiment.poll(now=now)
        totals: Counter[tuple[str, str]] = Counter()
        for model in self.stream_models():
            model.reload(now=now)
            totals.update({(model.name, name): value for name, value in model.metrics().items()})
        for labels, value in totals.items():
            self.counters.models.labels(*labels).set(value)
        self.counters.reloads.labels(SENTIMENT).set(self.sentiment.swaps)
        self.counters.refusals.labels(SENTIMENT).set(self.sentiment.refusals)

    async def _follow_status(self) -> None:
        """Refresh at once when ingest announces another epoch or other instruments."""
        last = await newest_id(self._store, STATUS_KEY)
        await Tail(self._store, {STATUS_KEY: last}, self._on_status).run()

    def _on_status(self, key: bytes, entries: list[Entry], read_ns: int) -> None:
        statuses = map(status_of, entries)
        if any(status is not None and status.changes_feeds for status in statuses):
            self._announced.set()

    async def _refresh_for_ever(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S):
                    await self._announced.wait()
            self._announced.clear()
            await self._refresh()

    async def _reload_for_ever(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            self.reload()

    async def _refresh(self) -> None:
        try:
            async with asyncio.timeout(LOOK_S * 5):
                await self._refresh_instruments()
                meta = await read_hash(self._store.client, META_KEY)
        except REDIS_ERRORS as error:
            logger.debug("cannot read epoch and instruments: %s", error)
            return
        for epoch in epochs_of(meta).values() if self.config.models else ():
            if epoch.feed not in self._feeds:
                models = self._spare.pop() if self._spare else self._new_models()
                self._feeds[epoch.feed] = FeedModels(
                    self._store, models, self._new_models, self.counters
                )
            await self._feeds[epoch.feed].follow(epoch)

    def stream_models(self) -> list[StreamModel]:
        """Return the models over ticks and bars, of all feeds."""
        return [model for feed in self._feeds.values() for model in feed.models]

    async def _refresh_instruments(self) -> None:
        """Read the table if it has grown, and now and then: it may hold 100,000 rows."""
        size: Any = self._store.client.hlen(INSTRUMENTS_KEY.decode())
        if await size == self._table_size and self._looks_until_table > 0:
            self._looks_until_table -= 1
            return
        rows = await read_hash(self._store.client, INSTRUMENTS_KEY)
        self._table_size, self._looks_until_table = len(rows), LOOKS_PER_TABLE
        self._learn(frozenset(rows.values()))

    def _learn(self, rows: frozenset[bytes]) -> None:
        if rows == self._rows:
            return
        self._rows = rows
        known = instruments_of(rows)
        self._instruments.replace(known)
        self._headlines.linker = Linker({one.symbol for one in known})

    def _figures(self) -> dict[str, float]:
        """Return the figures of a heartbeat; see docs/formats.md."""
        feeds = self._feeds.values()
        return {"position": sum(feed.position for feed in feeds)} if feeds else {}

    def _tell(self, sentiment: Sentiment) -> None:
        for feed in self._feeds.values():
            feed.tell(sentiment)

    def _new_models(self) -> list[StreamModel]:
        return [stream_model(name)(self._instruments) for name in self.config.models]

    def _names(self) -> str:
        return ", ".join(self.config.models) or "none"


async def run(config: InferConfig, redis_url: str, metrics: Endpoint | None = None) -> None:
    """Run inference until SIGINT or SIGTERM; SIGHUP reloads artifacts at once.

    Raises
    ------
    UserError
        Redis refuses the connection, or an artifact cannot be used.
    """
    await until_stopped(_infer(config, redis_url, metrics))
    logger.info("stopped")


async def _infer(config: InferConfig, redis_url: str, metrics: Endpoint | None) -> None:
    async with await Store.open(redis_url, patience_s=math.inf) as store:
        infer = Infer(config, store)
        with serving(infer.counters.registry, metrics):
            on_signals(lambda _: infer.reload(now=True), (signal.SIGHUP,))
            await infer.run()
