"""The way out of a session: what it is to get, in its format, no faster than it is taken."""

from __future__ import annotations

import asyncio
from typing import Final, Protocol

from tickfire.ingest.dbn.control import ControlMsg, encode_control
from tickfire.ingest.dbn.layout import TS_OUT_SIZE
from tickfire.ingest.gateway.pace import NS_PER_S, Clock
from tickfire.ingest.gateway.segment import Segment
from tickfire.ingest.gateway.selection import Selection

HIGH_WATER: Final = 1 << 20
"""Bytes that wait in the transport before a feed has to wait."""


class Writable(Protocol):
    """Where bytes go: a transport."""

    def write(self, data: bytes | memoryview, /) -> None:
        """Take bytes; they must not change afterwards."""
        ...


class Outlet:
    """Writes records to one client.

    Parameters
    ----------
    transport : Writable
    clock : Clock
        Stamps ``ts_out``.
    version : int
        DBN version of the session.
    ts_out : bool
        Append the time of sending to every record.
    selection : Selection
        Of the session.
    source_ts_out : bool
        The records of segments have a ``ts_out`` already, which is left off or replaced.

    Attributes
    ----------
    last_write : int
        The clock's `monotonic_ns` at the last write.
    records : int
        Records of segments sent.
    """

    def __init__(
        self,
        transport: Writable,
        clock: Clock,
        *,
        version: int,
        ts_out: bool,
        selection: Selection,
        source_ts_out: bool = False,
    ) -> None:
        self.selection = selection
        self.last_write = clock.monotonic_ns()
        self.records = 0
        self._transport = transport
        self._clock = clock
        self._version = version
        self._ts_out = ts_out
        self._cut_bytes = TS_OUT_SIZE if source_ts_out else 0
        self._clear = asyncio.Event()
        self._clear.set()

    def pause(self) -> None:
        """Learn that the client does not take what is written."""
        self._clear.clear()

    def resume(self) -> None:
        """Learn that the client takes more."""
        self._clear.set()

    @property
    def is_paused(self) -> bool:
        """Whether the client has yet to take what was written."""
        return not self._clear.is_set()

    async def taken(self) -> None:
        """Wait until the client takes more."""
        await self._clear.wait()

    async def taken_within(self, seconds: float) -> bool:
        """Wait so long at most for the client to take more; return whether it did."""
        if self._clear.is_set():
            return True
        try:
            await asyncio.wait_for(self._clear.wait(), seconds)
        except TimeoutError:
            return False
        return True

    def send_control(self, message: ControlMsg) -> None:
        """Send a control record of our own."""
        record = bytearray(encode_control(message, self._version))
        if self._ts_out:
            record[0] += TS_OUT_SIZE // 4
            record += self._clock.time_ns().to_bytes(TS_OUT_SIZE, "little")
        self.send_bytes(bytes(record))

    def send(self, segment: Segment, first: int, last: int) -> None:
        """Send what is selected of records first <= i < last."""
        changed = self._ts_out or self._cut_bytes
        if not changed and self.selection.takes_all():
            self.records += last - first
            return self.send_bytes(segment.bytes_of(first, last))
        part = segment.part(first, last)
        keep = self.selection.mask(part)
        self.records += int(keep.sum())
        if keep.all() and not changed:
            return self.send_bytes(segment.bytes_of(first, last))
        ts_out = self._clock.time_ns() if self._ts_out else 0
        return self.send_bytes(
            part.selected(keep, 0, len(part), cut=self._cut_bytes // 8, ts_out=ts_out)
        )

    def send_bytes(self, data: bytes | memoryview) -> None:
        """Send bytes that are in the session's format already."""
        if data:
            self.last_write = self._clock.monotonic_ns()
            self._transport.write(data)

    def silence_ends(self, heartbeat_s: float) -> int:
        """Return the clock's `monotonic_ns` at which a heartbeat is due if nothing is sent."""
        return self.last_write + int(heartbeat_s * NS_PER_S)
