"""`Store` while keys move between servers, and while servers hang or vanish."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from tests.support.cluster import Cluster, resume, six_nodes, suspend
from tests.support.eventually import TIMEOUT_S, eventually
from tests.support.valkey import Valkey
from tickfire.base.errors import UsageError
from tickfire.base.ports import free_port
from tickfire.store import watch as watch_module
from tickfire.store.connection import ConnectionLost
from tickfire.store.errors import REDIS_ERRORS
from tickfire.store.lease import EXPIRY_S, Holder, Lease, feed_work
from tickfire.store.requests import RedisUnavailable
from tickfire.store.schema import lease_key
from tickfire.store.store import Store

KEY = b"{k}:1"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with six_nodes(tmp_path_factory.mktemp("cluster")) as found:
        yield found


@pytest.fixture
async def store(cluster: Cluster) -> AsyncIterator[Store]:
    async with await Store.open(cluster.url) as opened:
        yield opened


async def get(store: Store) -> Any:
    return await store.ask(lambda client: client.get(KEY), "reading")


# --- a Cluster
async def test_a_cluster_is_found_by_any_node_that_the_url_names(cluster: Cluster) -> None:
    dead = [f"127.0.0.1:{free_port()}" for _ in range(2)]
    suspended = cluster.nodes[5]
    hosts = [*dead, f"127.0.0.1:{suspended.port}", f"127.0.0.1:{cluster.nodes[0].port}"]
    suspend(suspended)
    try:
        async with asyncio.timeout(TIMEOUT_S):
            async with await Store.open(f"redis://{','.join(hosts)}/0") as store:
                await store.client.set(KEY, "found")
                connection = await store.connect(KEY)
                assert await connection.command("GET", KEY) == b"found"
                connection.close()
    finally:
        resume(suspended)
        await asyncio.to_thread(cluster.wait_whole)


async def test_what_waits_for_a_primary_that_hangs_is_given_up_once_it_is_replaced(
    cluster: Cluster, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch_module, "SILENT_LOOKS", 10**9)  # silence alone is no reason
    await store.client.set(KEY, "1")
    connection = await store.connect(KEY)
    primary = cluster.primary_of(KEY)
    suspend(primary)
    try:
        waiting = asyncio.create_task(connection.command("GET", KEY))
        asking = asyncio.create_task(get(store))
        await asyncio.to_thread(cluster.wait_failover, KEY, primary)
        async with asyncio.timeout(TIMEOUT_S):
            with pytest.raises(ConnectionLost):
                await waiting
            again = await store.connect(KEY)
            assert await again.command("GET", KEY) == b"1" == await asking
        again.close()
    finally:
        resume(primary)
        await asyncio.to_thread(cluster.wait_whole)


async def test_a_primary_that_wakes_up_replaced_is_not_asked_who_holds_what(
    cluster: Cluster, store: Store
) -> None:
    client: Any = store.client
    primary = cluster.primary_of(KEY)
    suspend(primary)
    found: set[Any] = set()

    async def look_on() -> None:
        while True:
            client.doubt()
            with contextlib.suppress(*REDIS_ERRORS):  # no node answers in time
                await client.look()
                found.add(client.known(KEY))

    try:
        await asyncio.to_thread(cluster.wait_failover, KEY, primary)
        await eventually(lambda: _moved(client, primary.port), "the replica is known")
        looking = asyncio.create_task(look_on())
    finally:
        resume(primary)
        await asyncio.to_thread(cluster.wait_whole)
    await eventually(lambda: bool(found), "a look")
    looking.cancel()
    await asyncio.gather(looking, return_exceptions=True)
    assert len(found) == 1 and found.pop()[1] != primary.port


async def _moved(client: Any, port: int) -> bool:
    client.doubt()
    try:
        await client.look()
    except REDIS_ERRORS:
        return False
    return bool(client.known(KEY)[1] != port)


async def test_a_slot_is_followed_to_a_node_that_was_unknown(
    cluster: Cluster, store: Store
) -> None:
    await store.client.set(KEY, "1")
    source = cluster.primary_of(KEY)
    target = next(
        node for node in cluster.nodes
        if node is not source and node.client.info("replication")["role"] == "master"
    )  # fmt: skip
    steps = cluster.move_in_steps(KEY, target)
    await asyncio.to_thread(next, steps)
    for name in [name for name in _nodes(store) if name.endswith(f":{target.port}")]:
        del _nodes(store)[name]
    assert await store.client.get(KEY) == b"1"  # by ASK
    connection = await store.connect(KEY)
    assert await connection.command("INCR", KEY) == 2
    await asyncio.to_thread(list, steps)
    assert await connection.command("INCR", KEY) == 3
    assert await store.client.get(KEY) == b"3"
    connection.close()


def _nodes(store: Store) -> dict[str, Any]:
    client: Any = store.client
    nodes: dict[str, Any] = client.nodes_manager.nodes_cache
    return nodes


async def test_a_lease_stays_with_its_holder_through_a_failover(
    cluster: Cluster, store: Store
) -> None:
    holding, waiting = Lease(store, feed_work(1)), Lease(store, feed_work(1))
    await holding.wait(lambda holder: None)
    keeping = asyncio.create_task(holding.keep())
    seen: list[Holder] = []
    standing_by = asyncio.create_task(waiting.wait(seen.append))
    await eventually(lambda: seen == [holding.holder], "the standby waits")
    primary = cluster.primary_of(lease_key(1))
    primary.kill()
    try:
        await asyncio.to_thread(cluster.wait_failover, lease_key(1), primary)
        await eventually(lambda: _is_held(holding), "the lease is renewed")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(EXPIRY_S):
                await asyncio.shield(standing_by)
        assert not keeping.done()
    finally:
        for task in (keeping, standing_by):
            task.cancel()
        await asyncio.gather(keeping, standing_by, return_exceptions=True)
        holding.close()
        waiting.close()
        await asyncio.to_thread(primary.start)
        await asyncio.to_thread(cluster.wait_whole)


async def _is_held(lease: Lease) -> bool:
    try:
        return await lease.take() == lease.holder
    except RedisUnavailable:
        return False


# --- one server
async def test_a_server_that_hangs_is_given_up_and_used_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    server = Valkey()
    try:
        async with await Store.open(server.url) as store:
            await store.client.set(KEY, "1")
            connection = await store.connect(KEY)
            suspend(server)
            with pytest.raises(ConnectionLost):
                async with asyncio.timeout(TIMEOUT_S):
                    await connection.command("GET", KEY)
            asking = asyncio.create_task(get(store))
            resume(server)
            assert await asking == b"1"
            (await store.connect(KEY)).close()
            await eventually(lambda: store.outage.since is None, "the outage is over")
    finally:
        server.close()
    assert [message.partition(" at ")[0] for message in caplog.messages] == ["Redis", "Redis"]


async def test_several_servers_that_form_no_cluster_are_refused(valkey: Valkey) -> None:
    url = f"redis://127.0.0.1:{valkey.port},127.0.0.1:{free_port()}/0"
    with pytest.raises(UsageError, match="form no Cluster"):
        await Store.open(url)


async def test_opening_waits_for_a_server(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    server = Valkey()
    server.kill()
    try:
        opening = asyncio.create_task(Store.open(server.url, patience_s=60))
        await eventually(lambda: "is out of reach since" in caplog.text, "a line in the log")
        await asyncio.to_thread(server.start)
        async with await opening as store:
            assert await get(store) is None
        assert caplog.text.count("is out of reach") == caplog.text.count("answers again") == 1
    finally:
        server.close()
