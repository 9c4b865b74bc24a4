"""Feed of the simulated market for one session.

The market has trades, MBP-1 and MBP-10 records, definitions, statistics, status and imbalance
records. A session first gets the mappings, then at once the part of the history that its
subscriptions request by a start, then the present statistics and statuses, then records in real
time. Each trade is sent once: as a trade to a session that subscribes to trades, otherwise as an
MBP-1 record with action T. MBP-10 records are of quotes alone, and begin with the present.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final

from msgspec.structs import replace

from tickfire.base.units import NS_PER_S
from tickfire.ingest.dbn.control import ControlMsg, ErrorMsg, SystemMsg
from tickfire.ingest.dbn.layout import (
    ERROR_INVALID_SUBSCRIPTION,
    ERROR_REPLAY_AGED_OUT,
    ERROR_SKIPPED_RECORDS,
    SYSTEM_REPLAY_COMPLETED,
    SYSTEM_SLOW_READER,
)
from tickfire.ingest.dbn.metadata import Metadata
from tickfire.ingest.gateway.feed import (
    SLOW_READER_TEXT,
    ReaderTooSlowError,
    acknowledgement,
    skipped_text,
    unresolved,
)
from tickfire.ingest.gateway.market.deepen import Deepener
from tickfire.ingest.gateway.market.definitions import definitions_of, mapping_of
from tickfire.ingest.gateway.market.market import SimulatedMarket
from tickfire.ingest.gateway.market.widen import Widener
from tickfire.ingest.gateway.outlet import Outlet
from tickfire.ingest.gateway.pace import Clock
from tickfire.ingest.gateway.segment import Segment, survey_chunk
from tickfire.ingest.gateway.selection import Selection
from tickfire.ingest.lsg.requests import GatewaySubscription

DATASET: Final = "TICKFIRE.SIM"
SCHEMAS: Final = (
    "trades",
    "mbp-1",
    "mbp-10",
    "definition",
    "statistics",
    "status",
    "imbalance",
)
MAX_BACKLOG: Final = 32 << 20
"""The most bytes that may wait for a slow client."""
START_SLACK_NS: Final = 10 * NS_PER_S
"""The time by which a start may precede the history without an error."""


class SimulatedFeed:
    """The simulated market as one session gets it.

    Parameters
    ----------
    market : SimulatedMarket
        Shared by the sessions.
    clock : Clock
    slow_after_s : float
        The time, in seconds, after which a client that does not read counts as slow.
    skip_when_slow : bool
        True if a slow client misses the records of that time. Otherwise it is warned, and the
        session ends when too much data waits for it.
    """

    def __init__(
        self, market: SimulatedMarket, clock: Clock, *, slow_after_s: float, skip_when_slow: bool
    ) -> None:
        self.selection = Selection()
        self.has_ts_out = False
        self._market = market
        self._clock = clock
        self._slow_after_s = slow_after_s
        self._skip_when_slow = skip_when_slow
        self._replays = False
        self._joined = self.now()
        self._waiting: deque[Segment] = deque()
        self._backlog = 0
        self._arrived = asyncio.Event()
        self._names = _names(market)
        self._widener: Widener | None = Widener(market.listings)
        self._deepener: Deepener | None = None
        for listing in market.listings:
            self.selection.learn(mapping_of(listing))

    def metadata(self) -> Metadata:
        """Return the metadata of a session that starts now."""
        return Metadata(dataset=DATASET, start=self.now())

    def now(self) -> int:
        """Return the present time in ns since the Unix epoch."""
        return self._clock.time_ns()

    def subscribe(self, subscription: GatewaySubscription, *, late: bool) -> list[ControlMsg]:
        """Add a subscription; return its acknowledgement, errors and mappings."""
        now = self.now()
        refusal = _refusal(subscription, late=late)
        if refusal:
            return [ErrorMsg(refusal, ERROR_INVALID_SUBSCRIPTION, now)]
        told: list[ControlMsg] = (
            [acknowledgement(subscription, now)] if subscription.is_last else []
        )
        wanted, unknown = self._resolve(subscription)
        if unknown:
            told.append(unresolved(unknown, now))
        if subscription.start is None:
            wanted = replace(wanted, start=self._joined)
        else:
            self._replays = True
            if 0 < subscription.start < self._market.earliest - START_SLACK_NS:
                text = "The start is before the simulated market's history, which is sent instead"
                told.append(ErrorMsg(text, ERROR_REPLAY_AGED_OUT, now))
        if subscription.schema == "trades":
            self._widener = None
        if subscription.schema == "mbp-10":
            self._deepener = Deepener(self._market.listings)
        new = self.selection.add(wanted)
        if late and subscription.schema == "definition":
            self.push(self._definitions())
        return [*told, *(replace(mapping, ts_event=now) for mapping in new)]

    def push(self, segment: Segment) -> None:
        """Take the newest records, to be sent when the client reads."""
        self._waiting.append(segment)
        self._backlog += len(segment.data)
        self._arrived.set()

    async def run(self, outlet: Outlet) -> None:
        """Send the requested history, then records in real time, until cancelled."""
        try:
            definitions = self._definitions()
            outlet.send(definitions, 0, len(definitions))
            history = await self._market.attach(self)
            if self._replays:
                await self._replay(outlet, history)
            self._send(outlet, self._market.reports())
            while True:
                await self._arrived.wait()
                self._send_waiting(outlet)
                if not await outlet.taken_within(self._slow_after_s):
                    await self._sit_out(outlet)
        finally:
            self._market.detach(self)

    async def _replay(self, outlet: Outlet, history: list[Segment]) -> None:
        for segment in history:
            self._send(outlet, segment)
            await outlet.taken()
        text = "Finished replay"
        outlet.send_control(SystemMsg(text, SYSTEM_REPLAY_COMPLETED, self.now()))

    def _send(self, outlet: Outlet, segment: Segment) -> None:
        if self._widener is not None:
            segment = self._widener.widened(segment)
        outlet.send(segment, 0, len(segment))

    def _send_waiting(self, outlet: Outlet) -> None:
        self._arrived.clear()
        while self._waiting and not outlet.is_paused:
            segment = self._waiting.popleft()
            self._backlog -= len(segment.data)
            if self._deepener is not None:
                segment = self._deepener.deepened(segment)
            self._send(outlet, segment)
        if self._waiting:
            self._arrived.set()

    async def _sit_out(self, outlet: Outlet) -> None:
        if not self._skip_when_slow:
            outlet.send_control(SystemMsg(SLOW_READER_TEXT, SYSTEM_SLOW_READER, self.now()))
        skipped = 0
        while not await outlet.taken_within(self._slow_after_s):
            if self._skip_when_slow:
                skipped += self._drop_waiting()
            elif self._backlog > MAX_BACKLOG:
                raise ReaderTooSlowError
        skipped += self._drop_waiting() if self._skip_when_slow else 0
        if skipped:
            outlet.send_control(ErrorMsg(skipped_text(skipped), ERROR_SKIPPED_RECORDS, self.now()))

    def _drop_waiting(self) -> int:
        dropped = sum(int(self.selection.mask(segment).sum()) for segment in self._waiting)
        self._waiting.clear()
        self._backlog = 0
        return dropped

    def _definitions(self) -> Segment:
        return survey_chunk(definitions_of(self._market.listings, self.now()))

    def _resolve(self, subscription: GatewaySubscription) -> tuple[GatewaySubscription, list[str]]:
        """Return the subscription in raw symbols, and the unknown symbols."""
        if subscription.symbols is None:
            return subscription, []
        known = self._names[subscription.stype_in] if subscription.stype_in in self._names else {}
        raw = [known[symbol] for symbol in subscription.symbols if symbol in known]
        unknown = [symbol for symbol in subscription.symbols if symbol not in known]
        return replace(subscription, symbols=tuple(raw), stype_in="raw_symbol"), unknown


def _names(market: SimulatedMarket) -> dict[str, dict[str, str]]:
    """Return the raw symbol of each name of an instrument, by symbol type."""
    futures = [listing for listing in market.listings if listing.expiration is not None]
    return {
        "raw_symbol": {listing.symbol: listing.symbol for listing in market.listings},
        "instrument_id": {str(row.instrument_id): row.symbol for row in market.listings},
        "parent": {f"{listing.kind.root}.FUT": listing.symbol for listing in futures},
        "continuous": {
            f"{listing.kind.root}.{rule}.0": listing.symbol for listing in futures for rule in "cnv"
        },
    }


def _refusal(subscription: GatewaySubscription, *, late: bool) -> str | None:
    if subscription.schema not in SCHEMAS:
        return f"The simulated market has {', '.join(SCHEMAS)}; it has no {subscription.schema}."
    if late and subscription.start is not None:
        return "start cannot be given once the session has started."
    return None
