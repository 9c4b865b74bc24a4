"""Every command on a Redis Cluster whose nodes die, hang and give up slots.

A client joined to the server has each trade once, in order, and misses none for much longer than
the Cluster itself takes. No process ends, and each logs an outage once. On a busy machine there may
be more outages than the tests bring about: a node or a process that does not run for a second.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator

import pytest
import pytest_asyncio

from tests.support.cluster import Cluster, resume, six_nodes, suspend
from tests.support.eventually import eventually
from tests.support.roles import Roles, roles, streaming
from tests.support.valkey import Valkey
from tickfire.store.schema import META_KEY, NEWS_KEY, STATUS_KEY, Stream, head_key

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.asyncio(loop_scope="module"),
]
KEY = head_key(Stream(1, 0))
"""A key of the stream of ticks."""
EXTRA_S = 30.0
"""Time that may pass beyond that of the Cluster: a second, and some on a busy machine."""
START_S = 150.0
AWAY = "is out of reach since"
BACK = "answers again, after"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with six_nodes(tmp_path_factory.mktemp("cluster")) as found:
        yield found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(cluster: Cluster) -> AsyncIterator[Roles]:
    """Run every command, on a Cluster that is down at their start."""
    for node in cluster.nodes:
        node.kill()
    async with roles(cluster.url) as found:
        for process in found.processes.values():
            await process.said(AWAY, timeout_s=START_S)
        for node in cluster.nodes:
            await asyncio.to_thread(node.start)
        await asyncio.to_thread(cluster.wait_whole)
        async with streaming(found):
            yield found


def counts(running: Roles, words: str) -> dict[str, int]:
    return {name: process.count(words) for name, process in running.processes.items()}


def assert_told_once(running: Roles) -> None:
    """Assert that no process has logged an outage that it had logged before, or its end."""
    for name, process in running.processes.items():
        told = [AWAY in line for line in process.log if AWAY in line or BACK in line]
        assert told == [at % 2 == 0 for at in range(len(told))], (name, process.log)


async def assert_followed(running: Roles, first: int, begin: float, whole: float) -> None:
    """Assert that trades and headlines arrive again, in time after the Cluster was whole."""
    headlines = len(running.headlines)
    await running.reaches(max(first, running.sent))
    running.assert_each_once(first)
    assert running.silence(begin) <= whole - begin + EXTRA_S
    await eventually(lambda: len(running.headlines) > headlines, "a headline")
    await eventually(running.ready, "the server is ready")
    await eventually(lambda: counts(running, AWAY) == counts(running, BACK), "each outage is over")
    running.assert_calm()


async def fail_over(
    cluster: Cluster,
    running: Roles,
    key: bytes,
    fail: Callable[[Valkey], None],
    mend: Callable[[Valkey], None],
) -> None:
    """Let the primary of a key fail, until a replica has taken over and is followed."""
    await running.catches_up()
    first, begin = running.received[-1][1] + 1, time.monotonic()
    failed = cluster.primary_of(key)
    fail(failed)
    try:
        whole = await asyncio.to_thread(cluster.wait_failover, key, failed)
        await assert_followed(running, first, begin, whole)
    finally:
        mend(failed)
        await asyncio.to_thread(cluster.wait_whole)
    assert_told_once(running)


async def test_a_cluster_that_is_down_at_the_start_is_waited_for(
    cluster: Cluster, running: Roles
) -> None:
    await running.catches_up()
    running.assert_each_once(1)
    running.assert_calm()
    for process in running.processes.values():
        await process.said(BACK)
    assert_told_once(running)


async def test_a_primary_that_is_killed_is_replaced(cluster: Cluster, running: Roles) -> None:
    await fail_over(cluster, running, KEY, Valkey.kill, Valkey.start)


@pytest.mark.parametrize("key", [KEY, META_KEY, NEWS_KEY, STATUS_KEY], ids=bytes.decode)
async def test_a_primary_that_hangs_is_replaced(
    cluster: Cluster, running: Roles, key: bytes
) -> None:
    await fail_over(cluster, running, key, suspend, resume)


async def test_slots_are_followed_while_and_after_they_are_moved(
    cluster: Cluster, running: Roles
) -> None:
    await running.catches_up()
    first, begin = running.received[-1][1] + 1, time.monotonic()
    source = cluster.primary_of(KEY)
    target = cluster.primary_of(META_KEY)
    if target is source:
        target = cluster.primary_of(NEWS_KEY)
    assert target is not source
    steps = cluster.move_in_steps(KEY, target)
    await asyncio.to_thread(next, steps)
    moved = time.monotonic()
    await running.catches_up()  # by ASK, as the source still owns the slot
    await assert_followed(running, first, begin, moved)
    await asyncio.to_thread(list, steps)
    await assert_followed(running, first, begin, moved)
    assert cluster.primary_of(KEY) is target


async def test_a_cluster_that_was_down_is_found_again(cluster: Cluster, running: Roles) -> None:
    await running.catches_up()
    first, begin = running.received[-1][1] + 1, time.monotonic()
    told = counts(running, AWAY)
    for node in cluster.nodes:
        node.kill()
    for name, process in running.processes.items():
        await process.said(AWAY, told[name] + 1)
    await eventually(lambda: _not_ready(running), "the server says that it is not ready")
    for node in cluster.nodes:
        await asyncio.to_thread(node.start)
    await asyncio.to_thread(cluster.wait_whole)
    await assert_followed(running, first, begin, time.monotonic())


async def _not_ready(running: Roles) -> bool:
    return not await running.ready()
