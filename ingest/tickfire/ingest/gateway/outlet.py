"""Outlet of a session: selects records, converts them to the session's format and sends them."""

from __future__ import annotations

import asyncio
from typing import Final, Protocol

from tickfire.base.units import NS_PER_S
from tickfire.ingest.dbn.control import ControlMsg, encode_control
from tickfire.ingest.dbn.layout import TS_OUT_SIZE
from tickfire.ingest.gateway.pace import Clock
from tickfire.ingest.gateway.segment import Segment
from tickfire.ingest.gateway.selection import Selection

HIGH_WATER: Final = 1 << 20
"""Bytes in the transport's buffer above which the feed has to wait."""


class Writable(Protocol):
    """The part of a transport that an outlet uses."""

    def write(self, data: bytes | memoryview, /) -> None:
        """Write bytes, which must not change afterwards."""
        ...


class Outlet:
    """Writer of records to one client.

    Parameters
    ----------
    transport : Writable
    clock : Clock
        The clock for ``ts_out``.
    version : int
        The DBN version of the session.
    ts_out : bool
        True to append the time of sending to every record.
    selection : Selection
        The records that the session gets.
    source_ts_out : bool
        True if the records of segments have a ``ts_out`` already, to be removed or replaced.

    Attributes
    ----------
    last_write : int
        The clock's `monotonic_ns` at the last write.
    records : int
        The number of records sent from segments.
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
        """Note that the client does not read what was written."""
        self._clear.clear()

    def resume(self) -> None:
        """Note that the client reads on."""
        self._clear.set()

    @property
    def is_paused(self) -> bool:
        """True while the client has yet to read what was written."""
        return not self._clear.is_set()

    async def taken(self) -> None:
        """Wait until the client reads on."""
        await self._clear.wait()

    async def taken_within(self, seconds: float) -> bool:
        """Wait for the client to read on; return whether it did in time."""
        if self._clear.is_set():
            return True
        try:
            await asyncio.wait_for(self._clear.wait(), seconds)
        except TimeoutError:
            return False
        return True

    def send_control(self, message: ControlMsg) -> None:
        """Send a control record of the gateway's own."""
        record = bytearray(encode_control(message, self._version))
        if self._ts_out:
            record[0] += TS_OUT_SIZE // 4
            record += self._clock.time_ns().to_bytes(TS_OUT_SIZE, "little")
        self.send_bytes(bytes(record))

    def send(self, segment: Segment, first: int, last: int) -> None:
        """Send those records first <= i < last that are selected."""
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
        """Send bytes that are already in the session's format."""
        if data:
            self.last_write = self._clock.monotonic_ns()
            self._transport.write(data)

    def silence_ends(self, heartbeat_s: float) -> int:
        """Return the clock's `monotonic_ns` at which a heartbeat is due if nothing is sent."""
        return self.last_write + int(heartbeat_s * NS_PER_S)
