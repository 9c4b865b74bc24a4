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
from typing import Final

from tickfire.base.attended import attended
from tickfire.base.calendar.sessions import Sessions
from tickfire.base.endpoint import Endpoint
from tickfire.base.errors import UsageError
from tickfire.base.run import on_signals, until_stopped
from tickfire.models.artifact import SHIPPED
from tickfire.models.infer.counters import Counters
from tickfire.models.infer.feed_models import FeedModels
from tickfire.models.infer.headlines import Headlines
from tickfire.models.infer.instruments import Instruments
from tickfire.models.infer.outlet import SignalWriter
from tickfire.models.infer.stream_model import StreamModel
from tickfire.models.infer.table_reader import TableReader
from tickfire.models.records import SENTIMENT_WRITER_KEY, Sentiment
from tickfire.models.registry import MODEL, STREAM_MODELS, stream_model
from tickfire.models.reload import Reloader
from tickfire.models.sentiment.linking import Linker
from tickfire.models.sentiment.model import SentimentModel
from tickfire.store.entries import Entry, status_of
from tickfire.store.epoch import epochs_of, origin_of, read_hash
from tickfire.store.errors import REDIS_ERRORS
from tickfire.store.fenced import FencedWriter, Overtaken
from tickfire.store.heartbeat import Heartbeat
from tickfire.store.lease import Lease, LeaseLost, Work
from tickfire.store.requests import newest_id
from tickfire.store.schema import META_KEY, STATUS_KEY
from tickfire.store.standby import take_lease
from tickfire.store.store import Store
from tickfire.store.tail import Tail

SENTIMENT: Final = "sentiment"
INFER: Final = "infer"
INFERENCE: Final = Work(b"lease:{signals}", INFER, "inference", "is run", INFER)
LOOK_S: Final = 1.0
"""Interval at which epoch, instrument table and artifacts are checked, in seconds."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class InferConfig:
    """Configuration of inference.

    Attributes
    ----------
    artifacts : Path
        Folder of the artifacts.
    models : sequence of str
        Names of models, as for `stream_model`.
    sessions : Sessions
        The trading hours of the instruments.
    standby : bool
        True to wait while another process publishes, false to fail.
    """

    artifacts: Path = SHIPPED
    models: Sequence[str] = tuple(STREAM_MODELS)
    sessions: Sessions = field(default_factory=Sessions)
    standby: bool = True


class Infer:
    """Inference, while this process holds the lease.

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
        self._lease = Lease(store, INFERENCE)
        self._signals = SignalWriter(store, self.counters)
        self._sentiments = FencedWriter(store, SENTIMENT_WRITER_KEY)
        self._headlines = Headlines(
            store, self._sentiments, lambda: self.sentiment.model, self.counters, self._tell
        )
        self._instruments = Instruments(artifacts=config.artifacts, sessions=config.sessions)
        self._table = TableReader(store, self._instruments, self._link)
        # Made at once, so that a user's mistake is reported before anything runs.
        self._spare = [self._new_models()]
        self._feeds: dict[int, FeedModels] = {}
        self._announced = asyncio.Event()

    async def run(self) -> None:
        """Publish while this process holds the lease, and wait while another does.

        Raises
        ------
        UserError
            Another process publishes and `config.standby` is false.
        """
        logger.info("%s; models over ticks and bars: %s", self.sentiment.model.name, self._names())
        own = (self._reload_for_ever(), self.counters.loop_lag.run())
        running = [asyncio.ensure_future(each) for each in own]
        try:
            while True:
                await take_lease(self._lease, self._store, standby=self.config.standby)
                try:
                    await self._publish()
                except* (LeaseLost, Overtaken) as lost:
                    logger.warning("stopped publishing: %s", lost.exceptions[0])
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
            await self._lease.release()
            self._lease.close()

    async def _publish(self) -> None:
        """Read and publish until cancelled.

        Raises
        ------
        LeaseLost
            Another process holds the lease.
        ExceptionGroup
            Holds `LeaseLost` or `Overtaken`.
        """
        await self._signals.claim(self._lease)
        await self._sentiments.claim(self._lease)
        self.counters.writer.set(1)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._lease.keep())
                tasks.create_task(self._signals.fenced.keep())
                tasks.create_task(self._sentiments.keep())
                tasks.create_task(self._follow_status())
                await self._refresh()
                tasks.create_task(self._headlines.run())
                tasks.create_task(self._refresh_for_ever())
                tasks.create_task(Heartbeat(self._store, INFER, self._figures).run())
        finally:
            self.counters.writer.set(0)
            feeds, self._feeds = self._feeds, {}
            await asyncio.gather(*(feed.stop() for feed in feeds.values()))

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
                await self._table.refresh()
                meta = await read_hash(self._store.client, META_KEY)
        except REDIS_ERRORS as error:
            logger.debug("cannot read epoch and instruments: %s", error)
            return
        for epoch in epochs_of(meta).values() if self.config.models else ():
            if epoch.feed not in self._feeds:
                models = self._spare.pop() if self._spare else self._new_models()
                self._feeds[epoch.feed] = FeedModels(
                    self._signals, models, self._new_models, self._table.learn, self.counters
                )
            await self._feeds[epoch.feed].follow(epoch, origin_of(meta, epoch.feed))

    def stream_models(self) -> list[StreamModel]:
        """Return the models over ticks and bars, of all feeds."""
        return [model for feed in self._feeds.values() for model in feed.models]

    def _figures(self) -> dict[str, float]:
        """Return the figures of a heartbeat; see docs/formats.md."""
        feeds = self._feeds.values()
        return {"position": sum(feed.position for feed in feeds)} if feeds else {}

    def _link(self, symbols: set[str]) -> None:
        self._headlines.linker = Linker(symbols)

    def _tell(self, sentiment: Sentiment) -> None:
        for feed in self._feeds.values():
            feed.tell(sentiment)

    def _new_models(self) -> list[StreamModel]:
        return [_model_class(name)(self._instruments) for name in self.config.models]

    def _names(self) -> str:
        return ", ".join(self.config.models) or "none"


def _model_class(name: str) -> type[StreamModel]:
    found = stream_model(name)
    if not (isinstance(found, type) and issubclass(found, StreamModel)):
        raise UsageError(f"{MODEL}={name} is no model; name a subclass of StreamModel.")
    return found


async def run(config: InferConfig, redis_url: str, metrics: Endpoint | None = None) -> None:
    """Run inference until SIGINT or SIGTERM; SIGHUP reloads artifacts at once.

    Raises
    ------
    UserError
        Redis refuses the connection, an artifact cannot be used, or another process publishes and
        `config.standby` is false.
    """
    await until_stopped(_infer(config, redis_url, metrics))
    logger.info("stopped")


async def _infer(config: InferConfig, redis_url: str, metrics: Endpoint | None) -> None:
    async with await Store.open(redis_url, patience_s=math.inf) as store:
        infer = Infer(config, store)
        async with attended(infer.counters.registry, metrics):
            on_signals(lambda _: infer.reload(now=True), (signal.SIGHUP,))
            await infer.run()
