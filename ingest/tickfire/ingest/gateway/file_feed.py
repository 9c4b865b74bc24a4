"""Replay a file to one session, at recorded pace times a speed, or as fast as it is taken.

What a session gets: the file's records as they stand, in the file's DBN version (a client reads
the version from the metadata), from the first, with its mappings; control records of our own are
stamped with recorded time. A file of one schema is sent to every subscription, whatever schema
it names; of a file of several the subscribed ones. At the end a system message says
`SYSTEM_REPLAY_COMPLETED`; then the session stays silent but for heartbeats or, in a loop, ends:
time goes back only from one session to the next, and the next replays from the first record. The
replay builds no books, so a snapshot is what the file begins with.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Final

import numpy as np
from msgspec.structs import replace

from tickfire.ingest.dbn.control import ControlMsg, ErrorMsg, SystemMsg
from tickfire.ingest.dbn.errors import DbnError
from tickfire.ingest.dbn.layout import (
    ERROR_INTERNAL,
    ERROR_INVALID_SUBSCRIPTION,
    ERROR_SKIPPED_RECORDS,
    SYSTEM_REPLAY_COMPLETED,
    SYSTEM_SLOW_READER,
)
from tickfire.ingest.dbn.metadata import Metadata
from tickfire.ingest.gateway.feed import (
    SLOW_READER_TEXT,
    acknowledgement,
    skipped_text,
    unresolved,
)
from tickfire.ingest.gateway.outlet import Outlet
from tickfire.ingest.gateway.pace import GROUP_NS, NS_PER_S, Clock, ReplayClock
from tickfire.ingest.gateway.replay import Recording
from tickfire.ingest.gateway.segment import Segment
from tickfire.ingest.gateway.selection import Selection
from tickfire.ingest.lsg.requests import GatewaySubscription

REPLAY_DEPTH_NS: Final = 24 * 3600 * NS_PER_S
"""How far a start may lie from the recording's begin; a live gateway keeps a day, too."""

logger = logging.getLogger(__name__)


class FileFeed:
    """One session's replay.

    Parameters
    ----------
    recording : Recording
        Shared by the sessions.
    clock : Clock
    speed : float
        Recorded seconds to a second; 0: as fast as the client takes it.
    loop : bool
        End the session at the end of the file.
    slow_after_s : float
        For so long a client may not take what is due before it counts as slow.
    skip_when_slow : bool
        A slow client then misses what was due meanwhile; else it is only warned.
    """

    def __init__(
        self,
        recording: Recording,
        clock: Clock,
        *,
        speed: float,
        loop: bool,
        slow_after_s: float,
        skip_when_slow: bool,
    ) -> None:
        metadata = recording.file.metadata
        self.selection = Selection(
            by_schema=metadata.schema is None, by_symbol=recording.maps_symbols
        )
        self.has_ts_out = metadata.ts_out
        self._recording = recording
        self._clock = clock
        self._speed = speed
        self._loop = loop
        self._slow_after_s = slow_after_s
        self._skip_when_slow = skip_when_slow
        self._latest = recording.first_clock
        self._replay_clock = ReplayClock(clock, speed)
        self._next_write = 0
        self._skipping_to = 0
        self._skipped = 0

    def metadata(self) -> Metadata:
        """Return metadata as of a live session: mixed schemas, mappings as records."""
        own = self._recording.file.metadata
        return Metadata(
            dataset=own.dataset,
            start=self._recording.first_clock,
            stype_in=None,
            stype_out="instrument_id",
            version=own.version,
        )

    def now(self) -> int:
        """Return recorded time, ns since the Unix epoch; at speed 0 that of the last record."""
        return max(self._latest, self._replay_clock.now() if self._speed else 0)

    def subscribe(self, subscription: GatewaySubscription, *, late: bool) -> list[ControlMsg]:
        """Take a subscription; return acknowledgement, complaints and mappings."""
        now = self.now()
        refusal = _refusal(subscription) if late else None
        if refusal:
            return [ErrorMsg(refusal, ERROR_INVALID_SUBSCRIPTION, now)]
        told: list[ControlMsg] = []
        if subscription.is_last:
            told.append(acknowledgement(subscription, now))
        unknown = self._unknown(subscription)
        if unknown:
            told.append(unresolved(unknown, now))
        if subscription.start is not None and subscription.start > now + REPLAY_DEPTH_NS:
            subscription = replace(subscription, start=None)  # of another time than the recording
        new = self.selection.add(subscription)
        return [*told, *(replace(mapping, ts_event=now) for mapping in new)]

    async def run(self, outlet: Outlet) -> None:
        """Replay; return at the end of the file, if looped."""
        await self.replay(outlet)
        if not self._loop:
            await asyncio.Event().wait()

    async def replay(self, outlet: Outlet) -> None:
        """Send the file, and that it is over."""
        try:
            for segment in self._recording.segments():
                self._map(outlet, segment)
                if self._speed:
                    await self._send_paced(outlet, segment)
                else:
                    await self._send_at_once(outlet, segment)
        except DbnError as error:
            logger.error("%s; the replay ends there", error)
            outlet.send_control(ErrorMsg(str(error), ERROR_INTERNAL, self.now()))
        self._end_skip(outlet)
        text = f"Replay of {self._recording.file.path.name} completed"
        outlet.send_control(SystemMsg(text, SYSTEM_REPLAY_COMPLETED, self.now()))
        await outlet.taken()

    def _map(self, outlet: Outlet, segment: Segment) -> None:
        for mapping in segment.mappings:
            if self.selection.learn(mapping):
                outlet.send_control(replace(mapping, ts_event=self.now()))
        for mapping in segment.own_mappings:
            self.selection.learn(mapping)

    async def _send_at_once(self, outlet: Outlet, segment: Segment) -> None:
        outlet.send(segment, 0, len(segment))
        self._latest = int(segment.clocks[-1]) or self._latest
        await outlet.taken()
        await self._clock.sleep_until(0)  # let other sessions have a turn

    async def _send_paced(self, outlet: Outlet, segment: Segment) -> None:
        first = self._skip(outlet, segment)
        while first < len(segment):
            last = await self._due(segment, first)
            outlet.send(segment, first, last)
            if segment.clocks[first]:
                self._next_write = self._clock.monotonic_ns() + GROUP_NS
            first = last
            if not await outlet.taken_within(self._slow_after_s):
                await self._sit_out(outlet)
                first = max(first, self._skip(outlet, segment, first))

    async def _due(self, segment: Segment, first: int) -> int:
        """Wait until a record is due; return the end of those that are due with it."""
        recorded = int(segment.clocks[first])
        if recorded:  # else no data yet: control records do not wait
            self._replay_clock.start(recorded)
            await self._replay_clock.wait_for(recorded, not_before=self._next_write)
            recorded = self._latest = max(recorded, self._replay_clock.now())
        return int(np.searchsorted(segment.clocks, recorded, side="right"))

    async def _sit_out(self, outlet: Outlet) -> None:
        """Wait for a slow client, however long; it was told, or will be what it missed."""
        if not self._skip_when_slow:
            outlet.send_control(SystemMsg(SLOW_READER_TEXT, SYSTEM_SLOW_READER, self.now()))
        await outlet.taken()
        if self._skip_when_slow:
            self._skipping_to = self._replay_clock.now()

    def _skip(self, outlet: Outlet, segment: Segment, first: int = 0) -> int:
        """Pass over what was due while the client was slow; mappings are sent all the same."""
        if not self._skipping_to:
            return first
        last = int(np.searchsorted(segment.clocks, self._skipping_to, side="right"))
        if last <= first:
            self._end_skip(outlet)
            return first
        mapped = first + len(segment.own_mappings) if first == 0 else first
        outlet.send(segment, first, mapped)
        self._skipped += int(self.selection.mask(segment.part(mapped, last)).sum())
        if last < len(segment):
            self._end_skip(outlet)
        return last

    def _end_skip(self, outlet: Outlet) -> None:
        if self._skipped:
            text = skipped_text(self._skipped)
            outlet.send_control(ErrorMsg(text, ERROR_SKIPPED_RECORDS, self.now()))
        self._skipping_to = self._skipped = 0

    def _unknown(self, subscription: GatewaySubscription) -> list[str]:
        """Return symbols that the file is known not to hold."""
        names = self._recording.names
        if not names or subscription.stype_in in ("parent", "instrument_id"):
            return []
        return [symbol for symbol in subscription.symbols or () if symbol not in names]


def _refusal(subscription: GatewaySubscription) -> str | None:
    if subscription.start is not None:
        return "start cannot be given once the session has started."
    if subscription.snapshot:
        return "A replay has no snapshot to give once the session has started."
    return None
