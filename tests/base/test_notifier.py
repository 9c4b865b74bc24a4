"""An event that recurs, for any number of tasks."""

from __future__ import annotations

import asyncio

import pytest

from tickfire.base.notifier import Notifier


async def test_a_notify_wakes_all_who_wait() -> None:
    notifier = Notifier()
    for _ in range(2):
        waits = [asyncio.create_task(notifier.wait()) for _ in range(3)]
        await asyncio.sleep(0)
        waits[0].cancel()
        await asyncio.gather(waits[0], return_exceptions=True)
        assert not waits[1].done()
        notifier.notify()
        async with asyncio.timeout(60):
            await asyncio.gather(*waits[1:])


async def test_a_notify_is_over_for_those_who_wait_later() -> None:
    notifier = Notifier()
    notifier.notify()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await notifier.wait()
