"""``news:headlines``: the newest headlines, and each new one with its sentiment."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from typing import Any, Final

import msgspec

from tickfire.base.units import milliseconds
from tickfire.models.records import SENTIMENT_KEY, Sentiment
from tickfire.phoenix import Hub, JoinError, Socket
from tickfire.server.market.topics.outbound import OutboundChannel
from tickfire.server.market.topics.require import require_loaded
from tickfire.store.entries import Entry, last_id
from tickfire.store.requests import newest_entries
from tickfire.store.schema import NEWS_KEY, Headline
from tickfire.store.store import Store
from tickfire.store.tail import Tail

HEADLINES: Final = "news:headlines"
KEPT: Final = 100
HOLD_S: Final = 0.25
"""Time that a headline is held for its sentiment; if it is late, the headline is sent twice."""

logger = logging.getLogger(__name__)

_HEADLINES: Final = msgspec.msgpack.Decoder(Headline)
_SENTIMENTS: Final = msgspec.msgpack.Decoder(Sentiment)


class News:
    """The newest headlines, from streams ``news`` and ``{news}:sentiment``, and their broadcasts.

    Attributes
    ----------
    latest : deque of dict
        The newest headlines as clients see them, newest last.
    """

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self.latest: deque[dict[str, Any]] = deque(maxlen=KEPT)
        self._by_entry: dict[bytes, dict[str, Any]] = {}
        """Headlines by the id of their entry: those in `latest` and those that are held."""
        self._held: dict[str, asyncio.TimerHandle] = {}
        """By the id of the headline."""
        self._early: dict[bytes, Sentiment] = {}
        """Sentiments that were read before their headlines, as happens while catching up."""
        self._scored = False  # whether headlines are scored at all; if not, none is held
        self._loaded = asyncio.Event()

    async def loaded(self) -> None:
        """Wait until the newest headlines have been read."""
        await self._loaded.wait()

    async def run(self, store: Store) -> None:
        """Follow the streams until cancelled."""
        headlines = await newest_entries(store, NEWS_KEY, KEPT)
        sentiments = await newest_entries(store, SENTIMENT_KEY, KEPT)
        for entry in headlines:
            self._admit(entry[0], headline_as_json(entry))
        for entry in sentiments:
            self._attach(entry)
        positions = {NEWS_KEY: last_id(headlines), SENTIMENT_KEY: last_id(sentiments)}
        self._loaded.set()
        try:
            await Tail(store, positions, self._on_entries).run()
        finally:
            for timer in self._held.values():
                timer.cancel()
            self._held.clear()

    def _on_entries(self, key: bytes, entries: list[Entry], read_ns: int) -> None:
        for entry in entries:
            if key == SENTIMENT_KEY:
                headline = self._attach(entry)
                if headline is not None:
                    self._release(headline)
            else:
                self._on_headline(entry)

    def _on_headline(self, entry: Entry) -> None:
        entry_id, headline = entry[0], headline_as_json(entry)
        if headline is None:
            return
        early = self._early.pop(entry_id, None)
        known = self._known(headline["id"])
        if known is not None:  # written again, as after a failover that lost its entry
            self._by_entry[entry_id] = known
            if early is not None and self._put(known, early):
                self._release(known)
            return
        if early is not None:
            self._put(headline, early)
        if self._scored and early is None:
            self._by_entry[entry_id] = headline
            loop = asyncio.get_running_loop()
            self._held[headline["id"]] = loop.call_later(HOLD_S, self._release, headline)
        else:
            self._admit(entry_id, headline)
            self._hub.local_broadcast(HEADLINES, "headline", headline)

    def _known(self, headline_id: str) -> dict[str, Any] | None:
        known = (one for one in self._by_entry.values() if one["id"] == headline_id)
        return next(known, None)

    def _attach(self, entry: Entry) -> dict[str, Any] | None:
        """Add a sentiment to its headline; return the headline if it had none."""
        sentiment = _sentiment(entry)
        if sentiment is None:
            return None
        self._scored = True
        headline = self._by_entry.get(entry[0])
        if headline is None:
            self._early[entry[0]] = sentiment
            if len(self._early) > KEPT:
                del self._early[next(iter(self._early))]
            return None
        return headline if self._put(headline, sentiment) else None

    def _put(self, headline: dict[str, Any], sentiment: Sentiment) -> bool:
        if headline["id"] != sentiment.headline or headline["sentiment"] is not None:
            return False
        headline["sentiment"] = sentiment_as_json(sentiment)
        headline["symbols"] = sentiment.symbols
        return True

    def _release(self, headline: dict[str, Any]) -> None:
        """Broadcast a headline, for the first time or again with its sentiment."""
        timer = self._held.pop(headline["id"], None)
        if timer is not None:
            timer.cancel()
            self._keep(headline)
        self._hub.local_broadcast(HEADLINES, "headline", headline)

    def _admit(self, entry_id: bytes, headline: dict[str, Any] | None) -> None:
        if headline is None:
            return
        self._by_entry[entry_id] = headline
        self._keep(headline)

    def _keep(self, headline: dict[str, Any]) -> None:
        self.latest.append(headline)
        if len(self._by_entry) > 2 * KEPT:
            kept = {id(one) for one in self.latest}
            self._by_entry = {
                key: one
                for key, one in self._by_entry.items()
                if id(one) in kept or one["id"] in self._held
            }


def headline_as_json(entry: Entry) -> dict[str, Any] | None:
    """Return an entry of ``news`` as clients see it, None if it cannot be decoded."""
    try:
        headline = _HEADLINES.decode(entry[1].get(b"d", b""))
    except msgspec.MsgspecError:
        logger.debug("skipping an entry of news that cannot be decoded: %r", entry[0])
        return None
    return {
        "id": headline.id,
        "title": headline.title,
        "summary": headline.summary,
        "url": headline.url,
        "source": headline.source,
        "origin": headline.origin,
        "published": milliseconds(headline.published),
        "symbols": headline.symbols,
        "sentiment": None,
    }


def sentiment_as_json(sentiment: Sentiment) -> dict[str, Any]:
    """Return a sentiment as clients see it."""
    bearish, neutral, bullish = sentiment.probabilities
    return {
        "label": sentiment.label,
        "score": round(bullish - bearish, 4),
        "probabilities": {"bearish": bearish, "neutral": neutral, "bullish": bullish},
        "abstained": sentiment.abstained,
        "words": sentiment.words,
        "model": sentiment.model,
    }


def _sentiment(entry: Entry) -> Sentiment | None:
    try:
        return _SENTIMENTS.decode(entry[1].get(b"d", b""))
    except msgspec.MsgspecError:
        logger.debug("skipping a sentiment that cannot be decoded: %r", entry[0])
        return None


class NewsChannel(OutboundChannel):
    """The topic of headlines."""

    def __init__(self, news: News) -> None:
        self._news = news

    async def join(self, topic: str, payload: Any, socket: Socket) -> Any:
        """Reply with the newest headlines."""
        if topic != HEADLINES:
            raise JoinError({"reason": "unmatched topic"})
        await require_loaded(self._news.loaded(), "headlines")
        return {"headlines": list(self._news.latest)}
