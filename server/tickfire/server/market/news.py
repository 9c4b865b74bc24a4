"""``news:headlines``: the newest headlines, and each new one as it comes."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from typing import Any, Final

import msgspec

from tickfire.ingest.schema import NEWS_KEY, Headline
from tickfire.phoenix import Channel, Hub, JoinError, Reply, Socket
from tickfire.server.market.decimals import milliseconds
from tickfire.server.streams.requests import RedisUnavailable, Requests
from tickfire.server.streams.store import Store
from tickfire.server.streams.tail import Entry, Tail, backoff_s, entries_of

__all__ = ["HEADLINES", "News", "NewsChannel"]

HEADLINES: Final = "news:headlines"
KEPT: Final = 100

log = logging.getLogger(__name__)

_DECODER: Final = msgspec.msgpack.Decoder(Headline)


class News:
    """Follows stream ``news``.

    Attributes
    ----------
    latest : deque of dict
        The newest headlines as clients see them, newest last.
    """

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self.latest: deque[dict[str, Any]] = deque(maxlen=KEPT)

    async def run(self, store: Store) -> None:
        """Follow the stream until cancelled."""
        last = await self._load(Requests(store, NEWS_KEY))
        await Tail(store, {NEWS_KEY: last}, self._on_entries).run()

    async def _load(self, requests: Requests) -> bytes:
        attempt = 0
        while True:
            try:
                reply = await requests.command("XREVRANGE", NEWS_KEY, "+", "-", "COUNT", KEPT)
            except RedisUnavailable:
                attempt += 1
                await asyncio.sleep(backoff_s(attempt))
                continue
            finally:
                requests.close()
            entries = entries_of(reply)[::-1]
            self.latest.extend(filter(None, map(headline_as_json, entries)))
            return entries[-1][0] if entries else b"0-0"

    def _on_entries(self, key: bytes, entries: list[Entry], read_ns: int) -> None:
        for entry in entries:
            headline = headline_as_json(entry)
            if headline is not None:
                self.latest.append(headline)
                self._hub.broadcast(HEADLINES, "headline", headline)


def headline_as_json(entry: Entry) -> dict[str, Any] | None:
    """Return an entry of stream ``news`` as clients see it; None if it is not one of ours."""
    try:
        headline = _DECODER.decode(entry[1].get(b"d", b""))
    except msgspec.MsgspecError:
        log.debug("a news entry is not ours and is passed over: %r", entry[0])
        return None
    return {
        "id": headline.id,
        "title": headline.title,
        "summary": headline.summary,
        "url": headline.url,
        "source": headline.source,
        "published": milliseconds(headline.published),
        "symbols": headline.symbols,
    }


class NewsChannel(Channel):
    """The topic."""

    def __init__(self, news: News) -> None:
        self._news = news

    async def join(self, topic: str, payload: Any, socket: Socket) -> Any:
        """Reply with the newest headlines."""
        if topic != HEADLINES:
            raise JoinError({"reason": "unmatched topic"})
        return {"headlines": list(self._news.latest)}

    async def handle_in(self, event: str, payload: Any, socket: Socket) -> Reply:
        """Answer any push: there is none to be sent here."""
        return Reply({"reason": f"no event {event}"}, "error")
