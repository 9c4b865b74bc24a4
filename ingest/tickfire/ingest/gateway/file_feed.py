"""Replay of a file to one session, at a multiple of the recorded pace or as fast as it is read.

A session gets the records of the file unchanged, from the first, in the file's DBN version, which
a client reads from the metadata, together with their mappings. The gateway's own control records
are stamped with recorded time. A file of one schema is sent to every subscription, whatever schema
that names; a file of several schemas is filtered. What precedes the start that a session asks for,
or the time up to which it saw the recording before, takes no time.

A system message with the code `SYSTEM_REPLAY_COMPLETED` follows the last record. After it the
session sends heartbeats alone or, in a loop, ends: time goes back only between sessions, and the
next session replays the file from its first record. The replay keeps no order books, so a
snapshot is whatever the file begins with.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Final

import numpy as np
from msgspec.structs import replace

from tickfire.base.units import NS_PER_S
from tickfire.ingest.dbn.control import (
    REPLAY_COMPLETED_TEXT,
    ControlMsg,
    ErrorMsg,
    SystemMsg,
)
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
from tickfire.ingest.gateway.pace import GROUP_NS, Clock, ReplayClock
from tickfire.ingest.gateway.replay import Recording
from tickfire.ingest.gateway.segment import Segment
from tickfire.ingest.gateway.selection import Selection
from tickfire.ingest.lsg.lines import REPLAY_BEGINS_AGAIN
from tickfire.ingest.lsg.requests import GatewaySubscription

REPLAY_DEPTH_NS: Final = 24 * 3600 * NS_PER_S
"""Maximum distance of a start after the recording's present; a live gateway keeps a day."""

logger = logging.getLogger(__name__)


class FileFeed:
    """The replay of a file to one session.

    Parameters
    ----------
    recording : Recording
        Shared by the sessions.
    clock : Clock
    speed : float
        Recorded seconds per second; 0 is as fast as the client reads.
    loop : bool
        True to end the session at the end of the file.
    slow_after_s : float
        The time, in seconds, after which a client that does not read what is due counts as slow.
    skip_when_slow : bool
        True if a slow client misses the records that were due meanwhile; otherwise it is warned.
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
        self._paced_from: int | None = None

    def metadata(self) -> Metadata:
        """Return metadata like a live session's: of mixed schemas, and without mappings."""
        own = self._recording.file.metadata
        return Metadata(
            dataset=own.dataset,
            start=self._recording.first_clock,
            stype_in=None,
            stype_out="instrument_id",
            version=own.version,
        )

    def now(self) -> int:
        """Return recorded time in ns since the Unix epoch; at speed 0 that of the last record."""
        return max(self._latest, self._replay_clock.now() if self._speed else 0)

    def subscribe(self, subscription: GatewaySubscription, *, late: bool) -> list[ControlMsg]:
        """Add a subscription; return its acknowledgement, errors and mappings."""
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
            subscription = replace(subscription, start=None)  # a time outside the recording
        if not late:
            self._pace(subscription)
        new = self.selection.add(subscription)
        return [*told, *(replace(mapping, ts_event=now) for mapping in new)]

    def _pace(self, subscription: GatewaySubscription) -> None:
        """Replay without delay up to the time that a subscription names, or its start."""
        asked = max(subscription.start or 0, subscription.paced_from or 0)
        self._paced_from = asked if self._paced_from is None else min(self._paced_from, asked)

    async def run(self, outlet: Outlet) -> None:
        """Replay the file; return at its end if it is looped."""
        await self.replay(outlet)
        if not self._loop:
            await asyncio.Event().wait()

    async def replay(self, outlet: Outlet) -> None:
        """Send the records of the file, and the message that ends them."""
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
        ended = REPLAY_BEGINS_AGAIN if self._loop else REPLAY_COMPLETED_TEXT
        text = f"{ended}: {self._recording.file.path.name}"
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
        await self._clock.sleep_until(0)  # let other sessions run

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
        """Wait until a record is due; return the index after the last record due with it."""
        recorded = int(segment.clocks[first])
        if recorded:  # otherwise control records before the data, which do not wait
            self._replay_clock.start(max(recorded, self._paced_from or 0))
            await self._replay_clock.wait_for(recorded, not_before=self._next_write)
            recorded = self._latest = max(recorded, self._replay_clock.now())
        return int(np.searchsorted(segment.clocks, recorded, side="right"))

    async def _sit_out(self, outlet: Outlet) -> None:
        """Wait until a slow client reads on; warn it first, or skip what is due meanwhile."""
        if not self._skip_when_slow:
            outlet.send_control(SystemMsg(SLOW_READER_TEXT, SYSTEM_SLOW_READER, self.now()))
        await outlet.taken()
        if self._skip_when_slow:
            self._skipping_to = self._replay_clock.now()

    def _skip(self, outlet: Outlet, segment: Segment, first: int = 0) -> int:
        """Skip the records that were due while the client was slow, but send their mappings."""
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
        """Return the symbols that the file is known not to contain."""
        names = self._recording.names
        if not names or subscription.stype_in in ("parent", "instrument_id"):
            return []
        return [symbol for symbol in subscription.symbols or () if symbol not in names]


def _refusal(subscription: GatewaySubscription) -> str | None:
    if subscription.start is not None:
        return "start cannot be given once the session has started."
    if subscription.snapshot:
        return "A replay has no snapshot to send once the session has started."
    return None
