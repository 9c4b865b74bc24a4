"""Trades and headlines whose answers by inference are numbered."""

from __future__ import annotations

from typing import Any

import msgspec

from tests.support.chaos.numbered import EVERY
from tests.support.eventually import eventually
from tests.support.publisher import Publisher, trades
from tests.support.valkey import Valkey
from tickfire.base.units import PRICE_SCALE
from tickfire.models.records import POSITIONS_KEY, SENTIMENT_KEY, SIGNALS_KEY, Signal
from tickfire.store.schema import NEWS_KEY, ticks_key

TRADES = 10 * EVERY
"""Trades of each call of `Told.trade`."""


class Told:
    """Trades and headlines that are told, and what inference makes of them."""

    def __init__(self, valkey: Valkey) -> None:
        self.client = valkey.client
        self._publisher = Publisher(valkey.client)
        self._publisher.instruments({1: "AAA"})
        self.sent = self.headlines = 0

    def trade(self) -> None:
        """Write trades whose prices are their numbers, and a headline."""
        rows = trades(TRADES)
        rows["price"] = [(self.sent + n) * PRICE_SCALE for n in range(1, TRADES + 1)]
        self._publisher.publish(rows, entry_size=7)
        self.sent += TRADES
        self.headlines += 1
        self._publisher.headline(self.headlines)

    async def trades_are_news(self) -> None:
        """Wait until inference has begun to publish: what was there before raises no signals."""
        await eventually(lambda: self.client.hlen(POSITIONS_KEY) > 0, "ticks are followed")

    def write_again(self, entries: Any) -> None:
        """Write the entries of ticks that the stream has lost, as ingest does after a failover."""
        key = ticks_key(self._publisher.stream(0))
        held = {entry_id for entry_id, _ in self.client.xrange(key)}
        for entry_id, fields in entries:
            if entry_id not in held:
                self.client.xadd(key, fields, id=entry_id)

    def signals(self) -> list[int]:
        entries: Any = self.client.xrange(SIGNALS_KEY)
        packed = [msgspec.msgpack.decode(fields[b"d"], type=Signal) for _, fields in entries]
        return [one.detail["number"] for one in packed]

    def scored(self) -> list[bytes]:
        return [entry_id for entry_id, _ in self.client.xrange(SENTIMENT_KEY)]

    def told(self) -> list[bytes]:
        return [entry_id for entry_id, _ in self.client.xrange(NEWS_KEY)]

    async def is_answered(self) -> None:
        """Wait until everything is answered, and make sure that it is answered once."""
        wanted = list(range(1, self.sent // EVERY + 1))
        await eventually(lambda: len(self.signals()) >= len(wanted), f"{wanted[-1]} signals")
        await eventually(lambda: len(self.scored()) >= self.headlines, "all are scored")
        assert self.signals() == wanted and self.scored() == self.told()
