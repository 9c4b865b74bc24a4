"""A `Pipe` in a test, without the rest of ingest."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from tests.support.publisher import STREAM
from tickfire.ingest.writer.claims import Claim, find_head, replace_head
from tickfire.ingest.writer.pipe import Pipe
from tickfire.store.head import Head, decode_head
from tickfire.store.schema import Stream
from tickfire.store.store import Store

EPOCH = b"an epoch"
KEEP_BYTES = 1 << 20


async def claim(store: Store, stream: Stream = STREAM) -> Claim:
    """Claim a stream as another writer than before."""
    text, server = await find_head(store, stream)
    old = decode_head(text) or Head(EPOCH, 0, b"-", server)
    head = old._replace(fence=old.fence + 1, writer=secrets.token_hex(4).encode())
    assert await replace_head(store, stream, text, head)
    return Claim(head, text)


async def nothing(*_: object) -> None:
    """Do nothing."""


@asynccontextmanager
async def piping(
    store: Store,
    *,
    keep_bytes: int = KEEP_BYTES,
    verify: Callable[[], Awaitable[None]] = nothing,
    on_loss: Callable[[bytes], Awaitable[None]] = nothing,
    on_progress: Callable[[], None] = lambda: None,
) -> AsyncIterator[Pipe]:
    """Run a pipe of a stream that has claimed it."""
    pipe = Pipe(store, STREAM, await claim(store), keep_bytes, verify, on_loss, on_progress)
    running = asyncio.create_task(pipe.run())
    try:
        yield pipe
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
