"""Streams of topics that begin with their latest records: news, signals, books and quotes."""

from __future__ import annotations

from typing import Any

import msgspec

from tickfire.client.market.records import Book, Headline, Quote, Record, Signal
from tickfire.client.market.stream import Connector, Stream

KEPT = 2_000
"""Records that are remembered, so that a rejoin repeats none."""


class _Remembering[Item: Record](Stream[Item]):
    """A stream whose joins send the latest records again: only new or changed ones are yielded."""

    def __init__(self, connector: Connector, topic: str, *, notices: bool = False) -> None:
        super().__init__(connector, topic, notices=notices)
        self._known: dict[str, Item] = {}

    def _remember(self, identifier: str, item: Item) -> None:
        if self._known.get(identifier) == item:
            return
        self._known.pop(identifier, None)
        self._known[identifier] = item
        if len(self._known) > KEPT:
            del self._known[next(iter(self._known))]
        self._put(item)


class NewsStream(_Remembering[Headline]):
    """Headlines, the latest first of all; made by `Market.news`.

    A headline whose sentiment becomes known later comes a second time, under the same id.
    """

    record = Headline

    def _join(self, reply: dict[str, Any]) -> None:
        for headline in reply["headlines"]:
            self._event("headline", headline)

    def _event(self, event: str, payload: Any) -> None:
        if event == "headline":
            headline = msgspec.convert(payload, Headline)
            self._remember(headline.id, headline)


class SignalStream(_Remembering[Signal]):
    """Anomalies, patterns and signals, the latest first of all; made by `Market.signals`."""

    record = Signal

    def _join(self, reply: dict[str, Any]) -> None:
        for signal in reply["signals"]:
            payload = dict(signal)
            self._event(payload.pop("event"), payload)

    def _event(self, event: str, payload: Any) -> None:
        if event in ("anomaly", "pattern", "signal") and payload["id"] not in self._known:
            signal = Signal.of(event, payload)
            self._remember(signal.id, signal)


class BookStream(Stream[Book]):
    """The order book after each change; made by `Market.book`."""

    record = Book
    keeps_unread = False

    def _join(self, reply: dict[str, Any]) -> None:
        if reply["book"] is not None:
            self._event("book", {"symbol": reply["symbol"], **reply["book"]})

    def _event(self, event: str, payload: Any) -> None:
        if event == "book":
            book = msgspec.convert(payload, Book, strict=False)
            self._put(book, 1 + len(book.bids) + len(book.asks))


class QuoteStream(Stream[Quote]):
    """The top of book after each change; made by `Market.quotes`.

    Quotes are state: after a loss of the connection the newest follows, without those between.
    """

    record = Quote
    keeps_unread = False

    def _join(self, reply: dict[str, Any]) -> None:
        """Take nothing from the reply: its snapshot has no id."""

    def _event(self, event: str, payload: Any) -> None:
        if event == "quote":
            self._put(msgspec.convert(payload, Quote, strict=False))
