"""Streams of bars: the history, then every change, joined again without hole or repetition."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from tickfire.client.errors import ClientError, PushRefusedError, retry_after_s
from tickfire.client.market.notices import Gap, Reset
from tickfire.client.market.records import CANDLE_FIELDS, Candle
from tickfire.client.market.stream import UNEXPECTED, Connector, Stream
from tickfire.client.market.tables import Records

DEFAULT_LIMIT = 500
MAX_LIMIT = 5_000


class CandleStream(Stream[Candle]):
    """Bars of one instrument; made by `Market.candles`.

    It yields the history, oldest first, then each bar that is new or has changed.
    """

    record = Candle

    def __init__(
        self,
        connector: Connector,
        symbol: str,
        interval: str,
        limit: int = DEFAULT_LIMIT,
        *,
        notices: bool = False,
    ) -> None:
        super().__init__(connector, f"candles:{symbol}:{interval}", notices=notices)
        self.symbol, self.interval = symbol, interval
        self._limit = limit
        self._known: dict[int, Candle] = {}
        self._epochs: set[str] = set()
        self._filling: asyncio.Task[None] | None = None
        self._held: list[Candle] = []

    def _params(self) -> dict[str, Any]:
        return {"limit": self._limit}

    def _join(self, reply: dict[str, Any]) -> None:
        candles = candles_of(reply["candles"], self.symbol, self.interval, has_running=True)
        epochs = {part.partition("-")[0] for part in reply["id"].split("_")}
        if self._epochs and not self._epochs & epochs:
            self._begin_anew(candles)
        elif self._known and candles and candles[0].time > max(self._known) and reply["more"]:
            # More bars were missed than the reply holds: those between come first.
            self._hold(candles)
        else:
            self._put_changed(candles)
        self._epochs = epochs

    def _event(self, event: str, payload: Any) -> None:
        if event == "candle":
            candle = msgspec.convert(payload, Candle)
            if self._filling is not None:
                self._held.append(candle)
            else:
                self._put_changed([candle])
        elif event == "reset":
            candles = candles_of(payload["candles"], self.symbol, self.interval, has_running=True)
            self._begin_anew(candles)

    def _on_leave(self) -> None:
        self._stop_filling()

    def _begin_anew(self, candles: list[Candle]) -> None:
        self._stop_filling()
        self._known.clear()
        self._notice(Reset(topic=self.topic))
        self._put_changed(candles)

    def _put_changed(self, candles: list[Candle]) -> None:
        for candle in candles:
            known = self._known.get(candle.time)
            if known is not None and _is_covered(candle, known):
                continue
            self._known[candle.time] = candle
            self._put(candle)
        if len(self._known) > 2 * MAX_LIMIT:
            self._known = dict(sorted(self._known.items())[-MAX_LIMIT:])

    # --- bars that a reply does not reach back to
    def _hold(self, candles: list[Candle]) -> None:
        self._stop_filling()
        self._held = candles
        self._filling = asyncio.create_task(self._fill(max(self._known), candles[0].time))

    async def _fill(self, known: int, before: int) -> None:
        missing: list[Candle] = []
        try:
            more = True
            while more and before > known:
                page = await page_of(self._push, before, MAX_LIMIT)
                missing = [*candles_of(page["candles"], self.symbol, self.interval), *missing]
                more, before = page["more"], page["oldest"] or known
        except ClientError as error:
            detail = f"the bars after {known} could not be fetched: {error}"
            gap = Gap(
                topic=self.topic, cause="not recovered", start=known, end=before, detail=detail
            )
            self._notice(gap)
        except UNEXPECTED as error:
            self._end_unexpected(error)
            return
        held, self._held, self._filling = self._held, [], None
        self._put_changed([candle for candle in missing if candle.time >= known] + held)

    def _stop_filling(self) -> None:
        if self._filling is not None:
            self._filling.cancel()
            self._filling, self._held = None, []


def _is_covered(candle: Candle, known: Candle) -> bool:
    """Return whether a bar says nothing new: a closed one is not opened again by a history."""
    same = msgspec.structs.replace(candle, closed=known.closed) == known
    return same and (known.closed or not candle.closed)


async def page_of(
    push: Callable[[str, Any], Awaitable[Any]], before: int, limit: int
) -> dict[str, Any]:
    """Return a page of the history, of which the server sends only so many at once."""
    while True:
        try:
            page: dict[str, Any] = await push("history", {"before": before, "limit": limit})
            return page
        except PushRefusedError as error:
            wait_s = retry_after_s(error.response)
            if wait_s is None:
                raise
            await asyncio.sleep(wait_s)


def candles_of(
    rows: list[list[Any]], symbol: str, interval: str, *, has_running: bool = False
) -> Records[Candle]:
    """Return the bars of a history; the last one may be running, if `has_running`."""
    last = len(rows) - 1
    return Records(
        [
            msgspec.convert(
                {
                    **dict(zip(CANDLE_FIELDS, row, strict=True)),
                    "symbol": symbol,
                    "interval": interval,
                    "closed": not has_running or index < last,
                },
                Candle,
            )
            for index, row in enumerate(rows)
        ],
        Candle,
    )
