"""`FeedModels`: the models over the ticks and bars of one feed, in its current epoch."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

from tickfire.models.infer.counters import Counters
from tickfire.models.infer.outlet import SignalWriter
from tickfire.models.infer.stream_model import StreamModel
from tickfire.models.infer.streams import Learn, Streams
from tickfire.models.records import Sentiment
from tickfire.store.epoch import Epoch
from tickfire.store.fenced import Overtaken
from tickfire.store.lease import LeaseLost

logger = logging.getLogger(__name__)


class FeedModels:
    """Models that follow the streams of one feed; a new epoch gets new ones.

    Parameters
    ----------
    writer : SignalWriter
    models : sequence of StreamModel
        Models for the first epoch.
    new_models : callable
        Returns models for each later epoch.
    learn : callable
        As for `Streams`.
    counters : Counters

    Attributes
    ----------
    models : sequence of StreamModel
    epoch : Epoch or None
        The epoch that is followed; None before the first.
    """

    def __init__(
        self,
        writer: SignalWriter,
        models: Sequence[StreamModel],
        new_models: Callable[[], Sequence[StreamModel]],
        learn: Learn,
        counters: Counters,
    ) -> None:
        self.models = models
        self.epoch: Epoch | None = None
        self._writer = writer
        self._new_models = new_models
        self._learn = learn
        self._counters = counters
        self._streams: Streams | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def position(self) -> int:
        """The sum of the positions that were read, over the streams."""
        return 0 if self._streams is None else self._streams.position

    async def follow(self, epoch: Epoch, origin: str | None) -> None:
        """Follow the streams of an epoch, unless they are followed already.

        Parameters
        ----------
        epoch : Epoch
        origin : str or None
            The origin of its ticks; see `StreamModel.origin`.
        """
        await self._begin(epoch)
        for model in self.models:
            model.origin = origin

    async def _begin(self, epoch: Epoch) -> None:
        died = self._task is not None and self._task.done()
        if epoch == self.epoch and not died:
            return
        await self.stop()
        if self.epoch is not None:
            self.models = self._new_models()
        self.epoch = epoch
        self._streams = Streams(self._writer, epoch, self.models, self._learn, self._counters)
        self._task = asyncio.get_running_loop().create_task(self._streams.run())
        logger.info(
            "following feed %d: epoch %s, %d shards", epoch.feed, epoch.key.hex(), epoch.shards
        )

    def tell(self, sentiment: Sentiment) -> None:
        """Pass the sentiment of a headline to the models."""
        if self._streams is not None:
            self._streams.tell(sentiment)

    async def stop(self) -> None:
        """Stop following the streams."""
        if self._task is None:
            return
        task, self._task = self._task, None
        task.cancel()
        (ended,) = await asyncio.gather(task, return_exceptions=True)
        others = ended
        if isinstance(ended, BaseExceptionGroup):
            others = ended.split((LeaseLost, Overtaken))[1]  # these end all of inference
        if isinstance(others, Exception):
            logger.error("following ticks and bars failed; starting again: %r", others)
