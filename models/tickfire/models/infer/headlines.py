"""Sentiment of headlines, from stream ``news`` to stream ``{news}:sentiment``.

The entry of a sentiment has the id of the headline's own entry. So Redis refuses a repeated write
instead of storing a duplicate, and the newest id of the sentiments is the id to continue from.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Final

import msgspec

from tickfire.base.units import NS_PER_S
from tickfire.models.infer.counters import Counters
from tickfire.models.records import SENTIMENT_KEY, Sentiment
from tickfire.models.sentiment.linking import Linker
from tickfire.models.sentiment.model import SentimentModel
from tickfire.store.entries import Entry
from tickfire.store.fenced import FencedWriter
from tickfire.store.limits import MAX_SENTIMENTS
from tickfire.store.requests import newest_id
from tickfire.store.schema import NEWS_KEY, Headline
from tickfire.store.store import Store
from tickfire.store.tail import Tail

PROBABILITY_DIGITS: Final = 4
WEIGHT_DIGITS: Final = 3

logger = logging.getLogger(__name__)


class Headlines:
    """Scorer of headlines.

    Parameters
    ----------
    store : Store
        The streams' Redis.
    writer : FencedWriter
    model : callable
        Function that returns the current model, which may be replaced at any time.
    counters : Counters
    tell : callable
        Function to call with each sentiment that was written.

    Attributes
    ----------
    linker : Linker
        Linker of the current instruments, to be replaced when they change.
    """

    def __init__(
        self,
        store: Store,
        writer: FencedWriter,
        model: Callable[[], SentimentModel],
        counters: Counters,
        tell: Callable[[Sentiment], None] = lambda sentiment: None,
    ) -> None:
        self._store = store
        self._writer = writer
        self._model = model
        self._counters = counters
        self._tell = tell
        self._warned = False
        self.linker = Linker(())

    async def run(self) -> None:
        """Score headlines until cancelled.

        Raises
        ------
        LeaseLost, Overtaken
            As `FencedWriter.write`.
        """
        last = await newest_id(self._store, SENTIMENT_KEY)
        await Tail(self._store, {NEWS_KEY: last}, self._on_entries, raises=True).run()

    async def _on_entries(self, key: bytes, entries: list[Entry], read_ns: int) -> None:
        for entry in entries:
            await self._take(entry)

    async def _take(self, entry: Entry) -> None:
        number, fields = entry
        try:
            headline = msgspec.msgpack.decode(fields.get(b"d", b""), type=Headline)
        except msgspec.MsgspecError as error:
            self._skip(number, error)
            return
        began = time.perf_counter()
        found = sentiment_of(headline, self._model(), self.linker)
        self._counters.score_seconds.observe(time.perf_counter() - began)
        packed = msgspec.msgpack.encode(found)
        await self._writer.write(
            [(b"XADD", SENTIMENT_KEY, b"MAXLEN", b"~", MAX_SENTIMENTS, number, b"d", packed)]
        )
        self._tell(found)
        self._counters.headlines.labels("abstained" if found.abstained else found.label).inc()
        self._counters.headline_seconds.observe(
            max(0.0, (time.time_ns() - headline.received) / NS_PER_S)
        )

    def _skip(self, number: bytes, error: Exception) -> None:
        self._counters.bad_entries.inc()
        if not self._warned:
            self._warned = True
            logger.warning("skipping a malformed entry of news: %r (%s)", number, error)


def sentiment_of(headline: Headline, model: SentimentModel, linker: Linker) -> Sentiment:
    """Return the sentiment of a headline's title, and the symbols that the headline mentions."""
    score = model.score(headline.title)
    a, b, c = (round(p, PROBABILITY_DIGITS) for p in score.probabilities)
    return Sentiment(
        headline=headline.id,
        label=score.label,
        probabilities=(a, b, c),
        abstained=score.abstained,
        words=tuple((word, round(weight, WEIGHT_DIGITS)) for word, weight in score.words),
        symbols=linker.symbols(f"{headline.title} {headline.summary}", headline.symbols),
        model=model.name,
    )
