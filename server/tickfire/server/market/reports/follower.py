"""`Reports`: the reports of all feeds, from Redis to the topics of their instruments."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from tickfire.base.retry import Backoff, retry
from tickfire.phoenix import Hub
from tickfire.server.market.epoch.follower import EpochFollower
from tickfire.server.market.epoch.live import LiveEpoch
from tickfire.server.market.reports.json import imbalance_as_json, stat_as_json, status_as_json
from tickfire.server.market.reports.present import PresentReports
from tickfire.server.market.ticks.source import Listing
from tickfire.server.market.ticks.views import topic_of
from tickfire.store.entries import Entry, is_after
from tickfire.store.reports import (
    EPOCH_FIELD,
    Imbalance,
    Report,
    Statistic,
    TradingStatus,
    decode_report,
    present_key,
    report_streams,
)
from tickfire.store.requests import RedisUnavailable, Requests, newest_id
from tickfire.store.store import Store
from tickfire.store.tail import Tail

FEEDS_CHECK_S: Final = 0.5
"""Time between two looks for feeds that are new, in seconds."""

logger = logging.getLogger(__name__)


def stats_topic(symbol: str) -> str:
    """Return the topic of an instrument's statistics."""
    return f"stats:{symbol}"


class Reports:
    """Follower of the reports of the feeds that an epoch's instruments belong to.

    Parameters
    ----------
    hub : Hub
    epochs : EpochFollower

    Attributes
    ----------
    present : PresentReports
    """

    def __init__(self, hub: Hub, epochs: EpochFollower) -> None:
        self._hub = hub
        self._epochs = epochs
        self._loaded: dict[int, asyncio.Event] = {}
        self.present = PresentReports()

    async def loaded(self, feed: int) -> None:
        """Wait until the present reports of a feed have been read."""
        await self._loaded.setdefault(feed, asyncio.Event()).wait()

    async def run(self, store: Store) -> None:
        """Follow the epochs until cancelled."""
        while True:
            live = await self._epochs.wait_live()
            self.present.clear()
            tasks: dict[int, asyncio.Task[None]] = {}
            try:
                while self._epochs.live is live:
                    for feed in {row.instrument.feed for row in live.data.instruments.listings}:
                        if feed not in tasks:
                            tasks[feed] = asyncio.create_task(self._follow(store, live, feed))
                    await asyncio.sleep(FEEDS_CHECK_S)
            finally:
                for task in tasks.values():
                    task.cancel()
                await asyncio.gather(*tasks.values(), return_exceptions=True)
                self._loaded.clear()

    async def _follow(self, store: Store, live: LiveEpoch, feed: int) -> None:
        ends = {key: await newest_id(store, key) for key in report_streams(feed)}
        self.present.load(await _read_present(store, feed))
        # Entries up to these may be in what was just read.
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

    def _publish_loaded(self, live: LiveEpoch, feed: int) -> None:
        """Publish the trading statuses of a feed to those who joined before they were read."""
        for listing in live.data.instruments.listings:
            about = listing.instrument
            status = self.present.of(feed, about.instrument_id).status
            if about.feed == feed and status is not None:
                self._publish_status(live, listing, None, status)

    def _publish(self, live: LiveEpoch, report: Report) -> None:
        before = self.present.of(report.feed, report.instrument_id).status
        now = self.present.take(report).status
        slot = live.data.states.find(report.feed, report.instrument_id)
        if slot is None or slot >= len(live.data.instruments.listings):
            return
        listing = live.data.instruments.listings[slot]
        topic = stats_topic(listing.symbol)
        if isinstance(report, Statistic):
            self._hub.local_broadcast(topic, "stat", stat_as_json(listing.symbol, report))
        elif isinstance(report, Imbalance):
            self._hub.local_broadcast(topic, "imbalance", imbalance_as_json(listing.symbol, report))
        elif now is not None:
            self._publish_status(live, listing, before, now)

    def _publish_status(
        self, live: LiveEpoch, listing: Listing, before: TradingStatus | None, now: TradingStatus
    ) -> None:
        payload = status_as_json(listing.symbol, now)
        was_halted = before is not None and before.is_halted
        events = ("status", "halted") if now.is_halted != was_halted else ("status",)
        for event in events:
            live.fanout.announce(topic_of(listing.symbol), event, payload)
            self._hub.local_broadcast(stats_topic(listing.symbol), event, payload)


async def _read_present(store: Store, feed: int) -> list[Report]:
    requests = Requests(store, present_key(feed))
    try:
        held = await retry(
            lambda: requests.hash(present_key(feed)),
            on=(RedisUnavailable,),
            what="reading the present reports",
            logger=logger,
            backoff=Backoff(),
        )
    finally:
        requests.close()
    found = (decode_report(data) for field, data in held.items() if field != EPOCH_FIELD)
    return [report for report in found if report is not None]
