"""Requests over a connection that callers share, and that its owner closes."""

from __future__ import annotations

import asyncio

import pytest

from tests.support.valkey import Valkey
from tickfire.store.requests import RedisUnavailable, Requests
from tickfire.store.store import Store


async def test_requests_that_are_closed_open_no_connection_again(valkey: Valkey) -> None:
    """Neither for those who wait while it is opened, nor for those who come later."""
    async with await Store.open(valkey.url) as store:
        requests = Requests(store, b"a")
        callers = [asyncio.create_task(requests.command("GET", "a")) for _ in range(3)]
        await asyncio.sleep(0)
        requests.close()
        found = await asyncio.gather(*callers, return_exceptions=True)
        assert [type(each) for each in found] == [RedisUnavailable] * 3
        with pytest.raises(RedisUnavailable, match="closed on purpose"):
            await requests.command("GET", "a")
        assert requests._connection is None or not requests._connection.is_open
        assert store.outage.since is None
