"""From stream ``news`` to stream ``{news}:sentiment``: one entry for each headline, with its id.

The id makes a repeated write a refusal by Redis, not a duplicate; and the newest id of what was
written is the place to go on from. So any number of processes may run, and any may die.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any, Final

import msgspec
from redis.exceptions import ResponseError

from tickfire.models.infer.counters import Counters
from tickfire.models.records import SENTIMENT_KEY, Sentiment
from tickfire.models.sentiment.linking import Linker
from tickfire.models.sentiment.model import SentimentModel
from tickfire.store.entries import Entry
from tickfire.store.limits import MAX_SENTIMENTS
from tickfire.store.requests import newest_id
from tickfire.store.schema import NEWS_KEY, Headline
from tickfire.store.store import Store
from tickfire.store.tail import Tail

PROBABILITY_DIGITS: Final = 4
WEIGHT_DIGITS: Final = 3
_NS: Final = 1e9

logger = logging.getLogger(__name__)


class Headlines:
    """Scores headlines as they come.

    Parameters
    ----------
    store : Store
    model : callable
        Returns the model of now: it may be swapped.
    counters : Counters
    tell : callable
        Is told each sentiment that was written.

    Attributes
    ----------
    linker : Linker
        Replaced when the instrument table changes.
    """

    def __init__(
        self,
        store: Store,
        model: Callable[[], SentimentModel],
        counters: Counters,
        tell: Callable[[Sentiment], None] = lambda sentiment: None,
    ) -> None:
        self._store = store
        self._model = model
        self._counters = counters
        self._tell = tell
        self._said = False
        self.linker = Linker(())

    async def run(self) -> None:
        """Score until cancelled."""
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
            self._pass_over(number, error)
            return
        began = time.perf_counter()
        found = sentiment_of(headline, self._model(), self.linker)
        self._counters.score_seconds.observe(time.perf_counter() - began)
        packed = msgspec.msgpack.encode(found)
        await self._store.ask(lambda client: _write(client, number, packed), "writing a sentiment")
        self._tell(found)
        self._counters.headlines.labels("abstained" if found.abstained else found.label).inc()
        self._counters.headline_seconds.observe(
            max(0.0, (time.time_ns() - headline.received) / _NS)
        )

    def _pass_over(self, number: bytes, error: Exception) -> None:
        self._counters.bad_entries.inc()
        if not self._said:
            self._said = True
            logger.warning("a news entry is not ours and is passed over: %r (%s)", number, error)


async def _write(client: Any, number: bytes, packed: bytes) -> None:
    try:
        await client.xadd(
            SENTIMENT_KEY, {"d": packed}, id=number, maxlen=MAX_SENTIMENTS, approximate=True
        )
    except ResponseError as error:
        if "equal or smaller" not in str(error):
            raise
        # It is written already: by another process, or by us before an answer was lost.


def sentiment_of(headline: Headline, model: SentimentModel, linker: Linker) -> Sentiment:
    """Return what a headline's title says, and of which symbols title and summary speak."""
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
