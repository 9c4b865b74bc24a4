"""Ingest in a test: the running service, feeds that send it given bytes, and the bars it writes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from tests.support.eventually import eventually
from tests.support.lsg import welcome
from tests.support.publisher import FEED
from tickfire.ingest.adapter.protocol import FeedAdapter
from tickfire.ingest.dbn.control import ErrorMsg, encode_control
from tickfire.ingest.dbn.layout import ERROR_INVALID_SUBSCRIPTION
from tickfire.ingest.dbn.metadata import Metadata
from tickfire.ingest.kernel.context import COUNT_RECORDS
from tickfire.ingest.live.adapter import LiveAdapter
from tickfire.ingest.lsg.client import LiveSubscription
from tickfire.ingest.writer.config import IngestConfig
from tickfire.ingest.writer.service import Ingest
from tickfire.store.lease import Lease, feed_work
from tickfire.store.schema import BAR, Stream, bars_key
from tickfire.store.store import Store

KEY = "db-0123456789abcdef0123456789abcdef"


class FeedAddress(Protocol):
    """A feed that listens."""

    host: str
    port: int


@dataclass
class SentFeed:
    """A live gateway that sends given bytes.

    Attributes
    ----------
    sessions : int
        The number of sessions begun.
    requests : list of list of dict
        The fields of the lines of each session.
    """

    host: str
    port: int = 0
    sessions: int = 0
    requests: list[list[dict[str, str]]] = field(default_factory=list)
    _writers: list[asyncio.StreamWriter] = field(default_factory=list)

    def send(self, data: bytes, session: int = -1) -> None:
        """Send more bytes in a session, by default the one that was begun last."""
        self._writers[session].write(data)


@asynccontextmanager
async def sending(
    metadata: Metadata,
    *sessions: bytes,
    snapshot: bytes = b"",
    refused: str = "",
    ends: bool = True,
) -> AsyncIterator[SentFeed]:
    """Serve sessions that each send the metadata and their own bytes; all but the last then end.

    As Databento's gateway does, a session that asks for a snapshot of the order book begins with
    it, and one that asks for a refused schema has an error first, after which it ends if `ends`.
    """
    feed = SentFeed("127.0.0.1")
    text = f"Schema {refused} is not available for {metadata.dataset}"
    refusal = encode_control(ErrorMsg(text, ERROR_INVALID_SUBSCRIPTION, metadata.start))

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests = await welcome(reader, writer)
        if requests is None:
            writer.close()
            return
        feed.requests.append(requests)
        first = b""
        if any(request.get("schema") == refused for request in requests):
            first = refusal
            if ends:
                writer.write(metadata.encode() + first)
                writer.close()
                return
        if any(request.get("snapshot") == "1" for request in requests):
            first += snapshot
        index = min(feed.sessions, len(sessions) - 1)
        feed.sessions += 1
        feed._writers.append(writer)
        writer.write(metadata.encode() + first + sessions[index])
        await writer.drain()
        if index == len(sessions) - 1:
            await reader.read()
        writer.close()

    server = await asyncio.start_server(serve, feed.host, 0)
    feed.port = server.sockets[0].getsockname()[1]
    try:
        yield feed
    finally:
        server.close()


@asynccontextmanager
async def ingesting(
    gateway: FeedAddress,
    store: Store,
    /,
    shards: int = 1,
    schemas: tuple[str, ...] = ("trades", "mbp-1"),
    **settings: Any,
) -> AsyncIterator[Ingest]:
    """Run ingest of a gateway."""
    ask = LiveSubscription("TEST.DATA", schemas)
    adapter = LiveAdapter(gateway.host, gateway.port, KEY, ask)
    async with ingesting_from(adapter, store, shards=shards, **settings) as ingest:
        yield ingest


@asynccontextmanager
async def ingesting_from(
    adapter: FeedAdapter, store: Store, **settings: Any
) -> AsyncIterator[Ingest]:
    """Run ingest of an adapter's feed."""
    config = IngestConfig(adapter, **settings)
    lease = Lease(store, feed_work(config.feed))
    await lease.wait(lambda holder: None)
    ingest = Ingest(config, store, lease)
    task = asyncio.create_task(ingest.run())
    try:
        yield ingest
    finally:
        task.cancel()
        results = await asyncio.gather(task, return_exceptions=True)
        await lease.release()
        lease.close()
    assert isinstance(results[0], asyncio.CancelledError), results


async def until_records(ingest: Ingest, count: int) -> None:
    """Wait until `count` records are parsed and every write is acknowledged."""

    def done() -> bool:
        parsed = ingest.states.count(COUNT_RECORDS) >= count
        waiting = ingest.reports.unwritten + sum(pipe.unacknowledged for pipe in ingest.pipes)
        return parsed and not waiting

    await eventually(done, f"{count} records written")


async def closed_bars(client: Any, shard: int = 0) -> np.ndarray[Any, Any]:
    """Return the pieces of bars in the stream of a shard, in its order."""
    entries = await client.xrange(bars_key(Stream(FEED, shard)))
    return np.concatenate([np.frombuffer(fields[b"d"], BAR) for _, fields in entries])
