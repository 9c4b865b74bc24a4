"""Streams of ticks: every trade, resumed without gap or duplicate."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec
import numpy as np

from tickfire.client.market.cursor import Cursor
from tickfire.client.market.notices import Delivery, feed_gap, gap_of, unrecovered
from tickfire.client.market.packed import PRICE_SCALE, TICK, Packed, TickBatch
from tickfire.client.market.records import Record, Tick
from tickfire.client.market.stream import Connector, Stream

REALTIME = "market:realtime"


class _Resumable[Item: Record | TickBatch](Stream[Item]):
    """Base of the streams of ticks: where to resume, and notices of missing ticks."""

    def __init__(
        self,
        connector: Connector,
        symbols: str | Sequence[str] | None,
        since: str | None,
        max_hz: float | None,
        *,
        notices: bool = False,
    ) -> None:
        super().__init__(connector, REALTIME, notices=notices)
        self._cursor = Cursor(since)
        wanted = [symbols] if isinstance(symbols, str) else symbols
        self._wanted: dict[str, Any] = {} if wanted is None else {"symbols": list(wanted)}
        if max_hz is not None:
            self._wanted |= {"mode": "merge", "max_hz": max_hz}

    @property
    def id(self) -> str | None:
        """The id of the newest tick that has arrived, also if it was not yielded yet."""
        return self._cursor.id

    def _params(self) -> dict[str, Any]:
        return {**self._wanted, **self._cursor.params()}

    def _join(self, reply: dict[str, Any]) -> None:
        since = self._cursor.id
        if not self._cursor.joined(reply) and since is not None:
            self._notice(unrecovered(self.topic, since, reply.get("missed")))

    def _event(self, event: str, payload: Any) -> None:
        if event == "bookmark":
            self._cursor.moved(payload["id"])
        elif event == "gap":
            self._notice(gap_of(self.topic, payload))
        elif event == "feed_gap":
            self._notice(feed_gap(self.topic, payload))
        elif event == "status":
            state, end = payload["state"], payload.get("to")
            start, merged = payload.get("from"), payload.get("merged", 0)
            self._notice(
                Delivery(topic=self.topic, state=state, start=start, end=end, merged=merged)
            )


class TickStream(_Resumable[Tick]):
    """Trades one by one, each with its id; made by `Market.ticks`."""

    record = Tick

    def _event(self, event: str, payload: Any) -> None:
        if event == "tick":
            tick = msgspec.convert(payload, Tick, strict=False)
            self._cursor.moved(tick.id)
            self._put(tick)
        else:
            super()._event(event, payload)


class TickBatchStream(_Resumable[TickBatch]):
    """Ticks of all kinds in batches, as arrays of numpy; made by `Market.batches`.

    They come packed, or over long-poll, which has no binary messages, as single trades.
    """

    record = TickBatch

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._symbols: dict[tuple[int, int], str] = {}
        self._keys: dict[str, tuple[int, int]] = {}

    def _params(self) -> dict[str, Any]:
        packed = {} if self._is_polled else {"encoding": "binary", "header": 2}
        return {**super()._params(), **packed}

    def _join(self, reply: dict[str, Any]) -> None:
        super()._join(reply)
        self._learn(reply["instruments"])

    def _event(self, event: str, payload: Any) -> None:
        if event == "ticks":
            packed = Packed(payload)
            self._cursor.moved_to(packed.epoch, packed.shard, packed.last)
            if len(packed.ticks):
                self._batch(packed.ticks)
        elif event == "tick":
            self._cursor.moved(payload["id"])
            self._batch(_row(payload, self._keys[payload["symbol"]]))
        elif event == "instruments":
            self._learn(payload["instruments"])
        else:
            super()._event(event, payload)

    def _batch(self, ticks: Any) -> None:
        assert self._cursor.id is not None
        self._put(TickBatch(ticks, self._cursor.id, self._symbols), len(ticks))

    def _learn(self, instruments: list[dict[str, Any]]) -> None:
        # Batches that wait keep the table of their time.
        self._symbols = {
            (each["feed"], each["instrument_id"]): each["symbol"] for each in instruments
        }
        self._keys = {symbol: key for key, symbol in self._symbols.items()}


def _row(payload: dict[str, Any], key: tuple[int, int]) -> Any:
    """Return a trade of the JSON encoding as TICK[1], without sequence and flags."""
    rows = np.zeros(1, TICK)
    rows["ts_event"] = int(payload["ts_event"])
    rows["price"] = int(Decimal(payload["price"]) * PRICE_SCALE)
    rows["size"], rows["kind"], rows["side"] = payload["volume"], 1, ord(payload["side"])
    rows["feed"], rows["instrument_id"] = key
    return rows
