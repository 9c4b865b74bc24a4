"""`Reports`: the reports of all feeds, from Redis to the topics of their instruments."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from tickfire.phoenix import Hub
from tickfire.server.market.epoch.follower import FeedFollower
from tickfire.server.market.epoch.live import LiveMarket
from tickfire.server.market.epoch.tasks import run_for_epochs
from tickfire.server.market.reports.json import imbalance_as_json, stat_as_json, status_as_json
from tickfire.server.market.reports.present import PresentReports
from tickfire.server.market.ticks.source import Listing
from tickfire.store.entries import Entry, is_after
from tickfire.store.reports import (
    Imbalance,
    Report,
    Statistic,
    TradingStatus,
    decode_report,
    present_key,
    report_streams,
)
from tickfire.store.requests import fields_of, newest_id
from tickfire.store.store import Store
from tickfire.store.tail import Tail

logger = logging.getLogger(__name__)


def stats_topic(symbol: str) -> str:
    """Return the topic of an instrument's statistics."""
    return f"stats:{symbol}"


class Reports:
    """Follower of the reports of all feeds.

    Parameters
    ----------
    hub : Hub
    feeds : FeedFollower

    Attributes
    ----------
    present : PresentReports
    """

    def __init__(self, hub: Hub, feeds: FeedFollower) -> None:
        self._hub = hub
        self._feeds = feeds
        self._loaded: dict[int, asyncio.Event] = {}
        self.present = PresentReports()

    async def loaded(self, feed: int) -> None:
        """Wait until the present reports of a feed have been read."""
        await self._loaded.setdefault(feed, asyncio.Event()).wait()

    async def run(self, store: Store) -> None:
        """Follow the reports until cancelled."""
        live = await self._feeds.wait_live()
        await run_for_epochs(
            live, lambda epoch: self._follow(store, live, epoch.feed), self._forget
        )

    def _forget(self, feed: int) -> None:
        self._loaded.pop(feed, None)
        self.present.forget(feed)

    async def _follow(self, store: Store, live: LiveMarket, feed: int) -> None:
        ends = {key: await newest_id(store, key) for key in report_streams(feed)}
        held = await fields_of(store, present_key(feed))
        found = (decode_report(data) for field, data in held.items() if b":" in field)
        self.present.load([report for report in found if report is not None])
        # Entries up to these may be among the reports that were just read.
        read = {key: await newest_id(store, key) for key in report_streams(feed)}
        self._loaded.setdefault(feed, asyncio.Event()).set()
        self._publish_loaded(live, feed)

        def on_entries(key: bytes, entries: list[Entry], read_ns: int) -> None:
            for entry_id, fields in entries:
                report = decode_report(fields.get(b"d", b""))
                if report is None:
                    logger.debug("skipping an entry of %s that is no report", key.decode())
                elif is_after(entry_id, read[key]) or self.present.is_next(report):
                    self._publish(live, report)

        await Tail(store, ends, on_entries).run()

    def _publish_loaded(self, live: LiveMarket, feed: int) -> None:
        """Publish the trading statuses of a feed to clients that joined before they were read."""
        for listing in live.data.instruments.listings:
            about = listing.instrument
            status = self.present.of(feed, about.instrument_id).status
            if about.feed == feed and status is not None:
                self._publish_status(live, listing, None, status)

    def _publish(self, live: LiveMarket, report: Report) -> None:
        before = self.present.of(report.feed, report.instrument_id).status
        now = self.present.take(report).status
        listing = live.data.instruments.of(report.feed, report.instrument_id)
        if listing is None:
            return
        if isinstance(report, Statistic):
            self._broadcast(live, listing, "stat", stat_as_json(listing.symbol, report))
        elif isinstance(report, Imbalance):
            self._broadcast(live, listing, "imbalance", imbalance_as_json(listing.symbol, report))
        elif now is not None:
            self._publish_status(live, listing, before, now)

    def _publish_status(
        self, live: LiveMarket, listing: Listing, before: TradingStatus | None, now: TradingStatus
    ) -> None:
        payload = status_as_json(listing.symbol, now)
        was_halted = before is not None and before.is_halted
        events = ("status", "halted") if now.is_halted != was_halted else ("status",)
        for event in events:
            for topic in live.data.instruments.topics(listing.slot):
                live.fanout.announce(topic, event, payload)
            self._broadcast(live, listing, event, payload)

    def _broadcast(
        self, live: LiveMarket, listing: Listing, event: str, payload: dict[str, Any]
    ) -> None:
        for topic in map(stats_topic, live.data.instruments.names(listing.slot)):
            self._hub.local_broadcast(topic, event, payload)
