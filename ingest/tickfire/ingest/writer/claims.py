"""The heads of a feed's streams, as its writer reads and replaces them off the hot path."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final, NamedTuple

from tickfire.store.cluster import ClusterClient
from tickfire.store.connection import RedisConnection
from tickfire.store.errors import REDIS_ERRORS
from tickfire.store.head import (
    APPEND,
    APPENDED,
    Arguments,
    Head,
    append_arguments,
    decode_head,
)
from tickfire.store.limits import REQUEST_TIMEOUT_S
from tickfire.store.resp import RespError
from tickfire.store.schema import Stream, head_key
from tickfire.store.store import Store

RUN_ID: Final = b"run_id:"
UNKNOWN_SERVER: Final = b"-"


class Found(NamedTuple):
    """A head as it was read.

    Attributes
    ----------
    text : bytes
        As in Redis; empty if there is none.
    server : bytes
        Run id of the server.
    """

    text: bytes
    server: bytes


class Claim(NamedTuple):
    """A head by which this process has taken over a stream.

    Attributes
    ----------
    head : Head
    before : bytes
        The head that it replaced, as in Redis.
    """

    head: Head
    before: bytes


async def read_head(connection: RedisConnection, stream: Stream) -> Found:
    """Read a head over a connection to the node that holds it.

    Raises
    ------
    REDIS_ERRORS
        Redis does not answer, or answers with an error.
    """
    text = await connection.command("GET", head_key(stream))
    return Found(text if isinstance(text, bytes) else b"", await _run_id(connection))


async def find_head(store: Store, stream: Stream) -> Found:
    """Read a head over a new connection.

    Raises
    ------
    REDIS_ERRORS
        Redis does not answer, or answers with an error.
    """
    async with _connected(store, stream) as connection:
        return await read_head(connection, stream)


async def replace_head(
    store: Store, stream: Stream, before: bytes, head: Head, commands: Sequence[Arguments] = ()
) -> bool:
    """Replace a head and run commands; return whether the head was still the one given.

    Raises
    ------
    REDIS_ERRORS
        Redis does not answer, or answers with an error.
    """
    arguments = append_arguments(head_key(stream), before, head.encode(), commands)
    async with _connected(store, stream) as connection:
        return await connection.command("EVAL", APPEND, *arguments) == APPENDED


async def was_cut_off(store: Store, streams: Sequence[Stream]) -> bool:
    """Return whether a writer that has not ended may be cut off from Redis.

    That is so if the server that a stream was written on last was restarted or failed over, or if
    Redis does not answer. If the writer lives, it still knows what the new server
    may have lost.
    """
    for stream in streams:
        try:
            found = await find_head(store, stream)
        except REDIS_ERRORS:
            return True
        if await may_be_cut_off(store, found):
            return True
    return False


async def may_be_cut_off(store: Store, found: Found) -> bool:
    """Return whether a head has not ended, and its server was restarted or failed over since."""
    head = decode_head(found.text)
    return head is not None and not head.closed and await has_failed(store, head, found.server)


async def has_failed(store: Store, head: Head, server: bytes) -> bool:
    """Return whether the server that a head was written on was restarted or failed over since.

    It has not if the head is on another server now, but that one still holds keys of the Cluster:
    then the slot was moved, and nothing is lost.
    """
    if head.server == server:
        return False
    if not isinstance(store.client, ClusterClient):
        return True
    try:
        return head.server not in await store.client.run_ids()
    except REDIS_ERRORS:
        return True


@asynccontextmanager
async def _connected(store: Store, stream: Stream) -> AsyncIterator[RedisConnection]:
    connection = await store.connect(head_key(stream))
    try:
        async with asyncio.timeout(REQUEST_TIMEOUT_S):
            yield connection
    finally:
        connection.close()


async def _run_id(connection: RedisConnection) -> bytes:
    try:
        about = await connection.command("INFO", "server")
    except RespError:  # this user may not ask
        return UNKNOWN_SERVER
    lines = about.splitlines() if isinstance(about, bytes) else []
    found = (line.removeprefix(RUN_ID) for line in lines if line.startswith(RUN_ID))
    return next(found, UNKNOWN_SERVER)
