"""A live gateway that is not ours: it keeps what it sent, and replays it from a start.

Its greeting tells neither an origin nor a recording. A session sends the mappings, then for each
subscription with a start the records that it names and that were sent before, and goes on live.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress

from tests.support.lsg import welcome
from tests.support.proxy import STALL_S
from tickfire.ingest.dbn.enums import SCHEMA_RTYPES
from tickfire.ingest.dbn.metadata import Metadata
from tickfire.ingest.dbn.records import field_offsets

OUTAGE = 5
"""Most records that are sent while a client is away."""


def event_time(record: bytes) -> int:
    """Return the time of the event of a record."""
    return int.from_bytes(record[8:16], "little")


def receive_time(record: bytes) -> int:
    """Return the time by which databento's gateway selects a record: that of receipt, if any."""
    offset = int(field_offsets("ts_recv")[record[1]])
    return int.from_bytes(record[offset : offset + 8], "little") if offset else event_time(record)


class LiveGateway:
    """A feed that reaches a client in sessions of some records each.

    Parameters
    ----------
    metadata : Metadata
    mappings : bytes
        Records that each session begins with.
    records : sequence of bytes
        The records that the market sends, in order.
    sessions : sequence of (str, int)
        For each session but the last, its fault and the number of live records before it.
    index : callable
        Returns the time by which a start selects a record.

    Attributes
    ----------
    records : sequence of bytes
    starts : list of int
        Every start that was asked for.
    """

    def __init__(
        self,
        metadata: Metadata,
        mappings: bytes,
        records: Sequence[bytes],
        sessions: Sequence[tuple[str, int]],
        index: Callable[[bytes], int] = event_time,
    ) -> None:
        self.host, self.port = "127.0.0.1", 0
        self.starts: list[int] = []
        self._head = metadata.encode() + mappings
        self.records = records
        self._sessions = list(sessions)
        self._index = index
        self._sent = 0
        self._chance = random.Random(len(records))

    @property
    def left(self) -> int:
        """Number of faults still to come."""
        return len(self._sessions)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one session until its fault."""
        with suppress(ConnectionError):
            await self._serve(reader, writer)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests = await welcome(reader, writer)
        if requests is None:
            writer.transport.abort()
            return
        starts = {
            SCHEMA_RTYPES[fields["schema"]]: int(fields["start"])
            for fields in requests
            if "start" in fields
        }
        self.starts += starts.values()
        kind, count = self._sessions.pop(0) if self._sessions else ("", len(self.records))
        live = self.records[self._sent : self._sent + count]
        writer.write(self._head + b"".join([*self._past(starts), *live]))
        self._sent += len(live)
        await writer.drain()
        if not kind:
            await reader.read()
        else:
            following = b"".join(self.records[self._sent : self._sent + 1])
            await self._break(kind, following, reader, writer)
            self._sent += self._chance.randrange(OUTAGE)
        writer.transport.abort()

    async def _break(
        self,
        kind: str,
        following: bytes,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        """Bring about the fault of a session; part of the following record is sent before it."""
        if kind != "cut":
            writer.write(following[: self._chance.randrange(len(following) + 1)])
            if kind == "half-close":
                writer.write_eof()
            with suppress(TimeoutError):
                await asyncio.wait_for(reader.read(), STALL_S)

    def _past(self, starts: dict[int, int]) -> list[bytes]:
        """Return the records that were sent before and that a start names."""
        return [
            record
            for record in self.records[: self._sent]
            if record[1] in starts and self._index(record) >= starts[record[1]]
        ]


@asynccontextmanager
async def live_gateway(gateway: LiveGateway) -> AsyncIterator[LiveGateway]:
    """Listen with a live gateway."""
    server = await asyncio.start_server(gateway.serve, gateway.host, 0)
    gateway.port = server.sockets[0].getsockname()[1]
    try:
        yield gateway
    finally:
        server.close()
