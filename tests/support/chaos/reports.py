"""Checks that each report of the models is in Redis, once."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from typing import Any

import msgspec

from tests.support.chaos.numbered import EVERY, NumberedModel
from tests.support.chaos.report_followers import NewsFollower, SignalFollower, number_of
from tests.support.chaos.world import World
from tests.support.eventually import eventually
from tickfire.models.records import SENTIMENT_KEY, SIGNALS_KEY, Sentiment, Signal
from tickfire.store.schema import NEWS_KEY, Headline
from tickfire.store.store import Store

CAUGHT_UP_S = 120.0


class Reports:
    """The reports in Redis.

    Attributes
    ----------
    signals : int
        The number of signals.
    headlines : int
        The number of headlines.
    """

    def __init__(self) -> None:
        self.signals = self.headlines = 0
        self._trouble = ""

    async def are_whole(self, world: World) -> None:
        """Wait until every headline is scored and every tenth trade signalled, each once.

        Raises
        ------
        AssertionError
            That is not so.
        """
        async with await Store.open(world.cluster.url) as store:
            sent = {feed.symbol: feed.sent // EVERY for feed in world.feeds}

            async def none_missing() -> bool:
                self._trouble = await self._missing(store.client, sent)
                return not self._trouble

            try:
                await eventually(none_missing, "", CAUGHT_UP_S)
            except AssertionError:
                raise AssertionError(self._trouble) from None

    async def _missing(self, client: Any, sent: dict[str, int]) -> str:
        """Return a sentence if anything is missing or there twice, empty if not."""
        numbers: dict[str, list[int]] = defaultdict(list)
        entries = await client.xrange(SIGNALS_KEY)
        self.signals = len(entries)
        others: list[Any] = []
        for _, fields in entries:
            signal = msgspec.msgpack.decode(fields[b"d"], type=Signal)
            if signal.model == NumberedModel.name:
                numbers[signal.symbol].append(signal.detail["number"])
            else:
                others.append((signal.model, signal.event, signal.symbol, signal.at, signal.detail))
        if numbers.keys() != sent.keys():
            return f"there are signals of {sorted(numbers)}"
        for symbol, found in numbers.items():
            if found != [*range(found[0], found[-1] + 1)]:
                return f"signals of {symbol} are missing, or there twice: {_holes(found)}"
            if found[-1] < sent[symbol]:
                return f"the last signal of {symbol} is {found[-1]}, of {sent[symbol]}"
        if twice := [one for at, one in enumerate(others) if one in others[:at]]:
            return f"signals are there twice: {twice[:3]}"
        return await self._unscored(client)

    async def _unscored(self, client: Any) -> str:
        told = {
            entry_id: msgspec.msgpack.decode(fields[b"d"], type=Headline).id
            for entry_id, fields in await client.xrange(NEWS_KEY)
        }
        scored = {
            entry_id: msgspec.msgpack.decode(fields[b"d"], type=Sentiment).headline
            for entry_id, fields in await client.xrange(SENTIMENT_KEY)
        }
        self.headlines = len(told)
        found = sorted(map(number_of, told.values()))
        if found != [*range(found[0], found[-1] + 1)]:
            return f"headlines are missing, or there twice: {_holes(found)}"
        if late := [entry_id for entry_id, name in told.items() if scored.get(entry_id) != name]:
            return f"headlines without their sentiment: {late[:3]}"
        return ""


def assert_reports_once(world: World, when: str) -> None:
    """Assert that no client missed a signal, or had one or a headline twice."""
    for client in world.followers:
        if isinstance(client, SignalFollower | NewsFollower):
            missing = 0 if isinstance(client, NewsFollower) else client.missing
            assert not (missing or client.repeated), (
                f"{client.topic} {when}: {missing} missing, {client.repeated} twice"
            )


async def assert_news_is_whole(world: World) -> None:
    """Wait until every client of news has every headline with its sentiment.

    Raises
    ------
    AssertionError
        One has not.
    """
    for client in world.followers:
        if isinstance(client, NewsFollower):
            newest = max(client.numbers, default=-1)

            def is_whole(client: NewsFollower = client, newest: int = newest) -> bool:
                first = min(client.scored, default=newest + 1)
                return not client.missing and client.scored >= {*range(first, newest + 1)}

            await eventually(is_whole, f"{client.topic} has all headlines", CAUGHT_UP_S)


def _holes(numbers: list[int]) -> str:
    return ", ".join(f"{a} then {b}" for a, b in pairwise(numbers) if b != a + 1)
