"""Errors of redis-py and asyncio that stand for a lost connection."""

from __future__ import annotations

import asyncio
import socket

import pytest
import redis.exceptions

from tickfire.store.errors import as_redis_errors


async def test_a_write_after_the_connection_was_lost_is_no_other_error() -> None:
    near, far = socket.socketpair()
    far.close()
    _, writer = await asyncio.open_connection(sock=near)
    writer.transport.abort()
    await asyncio.sleep(0)  # the transport is told at the loop's next turn
    await asyncio.sleep(0)
    try:
        with as_redis_errors():
            writer.writelines([b"PING"])  # fails before Python 3.12.8 and 3.13.1 alone
    except redis.exceptions.ConnectionError as error:
        assert isinstance(error.__cause__, AttributeError | TypeError)
    writer.close()


def test_other_type_errors_are_raised_as_they_are() -> None:
    with pytest.raises(TypeError), as_redis_errors():
        "".join([1])  # type: ignore[list-item]
