"""Clients' states of the market's topics, folded from the join reply and the events.

What each event leads to is held against a reference at the position that the event tells.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.support.candles import as_row
from tests.support.publisher import SECOND
from tests.support.truth import Truth
from tickfire.base.units import decimal
from tickfire.server.market.ticks.positions import WireId
from tickfire.store.schema import BINARY_HEADER, TICK, TICK_TRADE

SYMBOLS = {1: "AAA", 2: "BBB"}
KEYS = {symbol: key for key, symbol in SYMBOLS.items()}
INTERVAL_S = 1


def position_of(wire_id: str) -> int:
    return WireId.parse(wire_id).parts[0].positions[0]


class Fold:
    """The state of one topic as a client has it.

    Attributes
    ----------
    since : str or None
        The id from which the client can resume.
    """

    topic: str
    params: dict[str, Any] = {}  # noqa: RUF012

    def __init__(self, truth: Truth) -> None:
        self.truth = truth
        self.since: str | None = None

    def begin(self, reply: Any) -> None:
        """Start from a join reply."""

    def take(self, event: str, payload: Any) -> None:
        """Process an event."""

    def state(self) -> Any:
        """Return the state that is compared with a fold of the reply to a new join."""


class Volumes(Fold):
    """Volume and last price of each instrument, by ticks."""

    topic = "market:realtime"
    keys: tuple[int, ...] = tuple(SYMBOLS)

    def begin(self, reply: Any) -> None:
        if self.since is None or not reply.get("recovered"):
            at = position_of(reply["id"])
            self.since, self.reached = reply["id"], at
            self.volumes = {key: self.truth.top(key, at).volume for key in self.keys}
        self.merged_to: str | None = None

    def take(self, event: str, payload: Any) -> None:
        assert event != "gap"
        if event == "status":
            self._status(payload)
        if event != "tick":
            return
        key, at = KEYS[payload["symbol"]], position_of(payload["id"])
        self.volumes[key] += payload["volume"]
        top = self.truth.top(key, at)
        assert self.volumes[key] == top.volume, (payload, self.params)
        assert top.last is not None and payload["price"] == decimal(top.last)
        if self.merged_to is None and "max_hz" not in self.params:
            assert at > self.reached, "in order"
            self.since, self.reached = payload["id"], at
        elif "max_hz" in self.params:
            self.since = None  # a merged tick is no place to resume from while others are to come

    def _status(self, payload: Any) -> None:
        self.since = self.merged_to or payload["from"]
        self.merged_to = payload["to"] if payload["state"] == "conflated" else None

    def state(self) -> Any:
        return self.volumes


class Some(Volumes):
    keys = (2,)
    params = {"symbols": ["BBB"]}  # noqa: RUF012


class Merged(Volumes):
    params = {"max_hz": 50}  # noqa: RUF012


class Instrument(Volumes):
    """The snapshot of one instrument."""

    topic = "market:AAA"
    keys = (1,)

    def begin(self, reply: Any) -> None:
        super().begin(reply)
        if "recovered" not in reply:
            snapshot = reply["snapshot"]
            top = self.truth.top(1, position_of(reply["id"]))
            assert snapshot["volume"] == self.volumes[1] == top.volume
            assert snapshot["last"] == (None if top.last is None else decimal(top.last))
            self.quote = self._sides(snapshot)
            assert self.quote == self._true_sides(position_of(reply["id"]))

    def take(self, event: str, payload: Any) -> None:
        super().take(event, payload)
        if event == "quote":
            self.quote = self._sides(payload)
            assert self.quote == self._true_sides(position_of(payload["id"]))

    @staticmethod
    def _sides(payload: Any) -> list[Any]:
        return [payload[name] for name in ("bid", "bid_size", "ask", "ask_size")]

    def _true_sides(self, at: int) -> list[Any]:
        top = self.truth.top(1, at)
        values: list[Any] = []
        for value in (top.bid, top.ask):
            values += [None, None] if value is None else [decimal(value[0]), value[1]]
        return values

    def state(self) -> Any:
        return self.volumes, self.quote


class MergedInstrument(Instrument):
    params = {"max_hz": 40}  # noqa: RUF012


class Packed(Fold):
    """Volume of each instrument, by packed ticks."""

    topic = "market:realtime"
    params = {"encoding": "binary"}  # noqa: RUF012

    def begin(self, reply: Any) -> None:
        if self.since is None or not reply.get("recovered"):
            self.since = reply["id"]
            self.reached = position_of(reply["id"])
            self.volumes = {key: self.truth.top(key, self.reached).volume for key in SYMBOLS}

    def take(self, event: str, payload: Any) -> None:
        assert event != "gap"
        if event != "ticks":
            return
        header = np.frombuffer(payload[: BINARY_HEADER.itemsize], BINARY_HEADER)[0]
        rows = np.frombuffer(payload[BINARY_HEADER.itemsize :], TICK)
        assert header["position"] == self.reached + 1
        self.reached += int(header["span"])
        assert self.since is not None
        (part,) = WireId.parse(self.since).parts
        self.since = str(WireId((part._replace(positions=(self.reached,)),)))
        for row in rows[rows["kind"] == TICK_TRADE]:
            self.volumes[int(row["instrument_id"])] += int(row["size"])
        for key, volume in self.volumes.items():
            assert volume == self.truth.top(key, self.reached).volume

    def state(self) -> Any:
        return self.volumes


class Candles(Fold):
    """Bars of one instrument."""

    topic = f"candles:AAA:{INTERVAL_S}s"

    def begin(self, reply: Any) -> None:
        self.rows = {row[0]: row for row in reply["candles"]}
        true = self._true(position_of(reply["id"]))
        assert {start: row[1:7] for start, row in self.rows.items()} == {
            start: true[start] for start in self.rows
        }

    def take(self, event: str, payload: Any) -> None:
        if event == "reset":
            self.begin(payload)
        elif event == "candle":
            row = as_row(payload)
            self.rows[row[0]] = row
            true = self._true(position_of(payload["id"]), row[0])
            assert row[1:7] == true[row[0]], payload

    def _true(self, at: int, begin_ms: int = 0) -> dict[int, list[Any]]:
        bars = self.truth.bars(1, INTERVAL_S * SECOND, at, begin_ms * 1_000_000 - 1)
        return {
            start // 1_000_000: [*map(decimal, bar[:4]), *bar[4:]] for start, bar in bars.items()
        }

    def state(self) -> Any:
        return [self.rows[start] for start in sorted(self.rows)][-100:]


class Indicator(Fold):
    topic = f"indicators:AAA:{INTERVAL_S}s:sma(3)"

    def begin(self, reply: Any) -> None:
        self.values = dict(reply["values"])

    def take(self, event: str, payload: Any) -> None:
        if event == "reset":
            self.begin(payload)
        elif event == "value":
            self.values[payload["time"]] = payload["value"]

    def state(self) -> Any:
        return [[time, self.values[time]] for time in sorted(self.values)][-100:]


class Stats(Fold):
    topic = "stats:AAA"

    def begin(self, reply: Any) -> None:
        self.stats = dict(reply["stats"])

    def take(self, event: str, payload: Any) -> None:
        if event == "stat":
            self.stats.pop(payload["name"], None)
            if not payload["deleted"]:
                self.stats[payload["name"]] = payload

    def state(self) -> Any:
        return self.stats


class Book(Fold):
    topic = "book:AAA"

    def begin(self, reply: Any) -> None:
        self.book = reply["book"]

    def take(self, event: str, payload: Any) -> None:
        if event == "book":
            self.book = payload

    def state(self) -> Any:
        return self.book


class Headlines(Fold):
    topic = "news:headlines"

    def begin(self, reply: Any) -> None:
        self.lines = {line["id"]: line for line in reply["headlines"]}

    def take(self, event: str, payload: Any) -> None:
        self.lines[payload["id"]] = payload

    def state(self) -> Any:
        return list(self.lines.values())[-50:]


class Signals(Headlines):
    topic = "signals:all"

    def begin(self, reply: Any) -> None:
        self.lines = {line["id"]: line for line in reply["signals"]}

    def take(self, event: str, payload: Any) -> None:
        self.lines[payload["id"]] = {"event": event, **payload}


FOLDS: tuple[Callable[[Truth], Fold], ...] = (
    *(Volumes, Some, Merged, Instrument, MergedInstrument, Packed),
    *(Candles, Indicator, Stats, Book, Headlines, Signals),
)
