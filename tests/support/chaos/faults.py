"""The faults: each happens, is undone, and says whom it hit."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
from collections.abc import Awaitable, Callable
from typing import Any, Final

from tests.support.chaos.kept import Kept
from tests.support.chaos.world import INFER, SYMBOLS, WAITS, WRITES, World
from tests.support.cluster import resume, suspend
from tests.support.eventually import eventually
from tests.support.processes import descendants
from tickfire.models.records import SIGNALS_KEY
from tickfire.store.schema import META_KEY, NEWS_KEY, Stream, head_key

type Fault = Callable[[World, random.Random], Awaitable[None]]

BACK_S: Final = 120.0
HANG_S: Final = 3.0
KEYS: Final = (head_key(Stream(1, 0)), head_key(Stream(2, 0)), META_KEY, NEWS_KEY, SIGNALS_KEY)


def _send(pid: int, kind: signal.Signals) -> None:
    """Send a signal to a process, unless it has ended by itself meanwhile."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, kind)


async def _kill(process: Kept) -> None:
    await eventually(lambda: process.pid is not None, f"{process.name} runs", BACK_S)
    starts = process.starts
    assert process.pid is not None
    _send(process.pid, signal.SIGKILL)
    await eventually(lambda: process.starts > starts, f"{process.name} runs again", BACK_S)


async def _writer_and_standby(world: World, name: str) -> tuple[Kept, Kept]:
    await eventually(lambda: bool(world.pair(name, writing=True)), f"{name} writes", BACK_S)
    writing = world.pair(name, writing=True)[-1]
    await eventually(lambda: bool(world.pair(name, writing=False)), f"another {name} waits", BACK_S)
    return writing, world.pair(name, writing=False)[0]


async def _takes_over(waiting: Kept) -> None:
    what = f"{waiting.name} takes over"
    await eventually(lambda: waiting.last_said(*WRITES, WAITS) != WAITS, what, BACK_S)


async def _kill_a_writer(world: World, name: str) -> None:
    """Let the standby take over, or the successor of the writer, if it is there first."""
    writing, _ = await _writer_and_standby(world, name)
    await _kill(writing)
    await eventually(lambda: bool(world.pair(name, writing=True)), f"{name} writes again", BACK_S)


async def kill_the_writing_ingest(world: World, rng: random.Random) -> None:
    """Kill the writer of a feed."""
    await _kill_a_writer(world, f"ingest-{rng.randint(1, len(SYMBOLS))}")


async def kill_the_publishing_infer(world: World, _: random.Random) -> None:
    """Kill the infer that publishes."""
    await _kill_a_writer(world, INFER)


async def kill_a_standby(world: World, rng: random.Random) -> None:
    """Kill an ingest or infer that waits."""
    _, waiting = await _writer_and_standby(world, rng.choice(world.pairs))
    await _kill(waiting)


async def suspend_a_writer(world: World, rng: random.Random) -> None:
    """Suspend an ingest or infer until its standby has taken over, and let it go on then."""
    name = rng.choice(world.pairs)
    writing, waiting = await _writer_and_standby(world, name)
    assert writing.pid is not None
    _send(writing.pid, signal.SIGSTOP)
    try:
        await _takes_over(waiting)
    finally:
        _send(writing.pid, signal.SIGCONT)
    await eventually(lambda: writing.last_said(*WRITES, WAITS) == WAITS, f"{name} waits", BACK_S)


async def kill_news(world: World, _: random.Random) -> None:
    """Kill the newswire."""
    await _kill(world.processes["news"])


async def kill_the_server(world: World, _: random.Random) -> None:
    """Kill the server's first process, whose workers end with it."""
    await _kill(world.processes["serve"])


async def kill_a_worker(world: World, rng: random.Random) -> None:
    """Kill a process below the server's first: a worker, or what makes them."""
    parent = world.processes["serve"].pid
    below = list(descendants(parent)) if parent else []
    if below:
        _send(rng.choice(below), signal.SIGKILL)


async def reload_the_server(world: World, _: random.Random) -> None:
    """Replace the workers."""
    serve = world.processes["serve"]
    await eventually(world.is_ready, "the server is ready", BACK_S)
    if serve.pid is not None:
        _send(serve.pid, signal.SIGHUP)


async def fail_over(world: World, rng: random.Random) -> None:
    """Kill the primary of a key, and start it again once a replica has taken over."""
    key = rng.choice(KEYS)
    failed = world.cluster.primary_of(key)
    await asyncio.to_thread(failed.kill)
    try:
        await asyncio.to_thread(world.cluster.wait_failover, key, failed)
    finally:
        await asyncio.to_thread(failed.start)
    await asyncio.to_thread(world.cluster.wait_whole)


async def lose_signals_with_their_writer(world: World, _: random.Random) -> None:
    """Kill the publishing infer and the primary of its signals, of which the replica lacks some."""
    writing, _waiting = await _writer_and_standby(world, INFER)
    failed = await asyncio.to_thread(world.cluster.primary_of, SIGNALS_KEY)
    replica = await asyncio.to_thread(world.cluster.replica_of, failed)

    def newest() -> list[Any]:
        found: list[Any] = failed.client.xrevrange(SIGNALS_KEY, count=1)
        return found

    suspend(replica)
    try:
        failed.client.execute_command("CLIENT", "KILL", "TYPE", "REPLICA")  # else it gets them yet
        before = newest()
        await eventually(lambda: newest() != before, "another signal is written", BACK_S)
        await asyncio.gather(_kill(writing), asyncio.to_thread(failed.kill))
    finally:
        resume(replica)
    try:
        await asyncio.to_thread(world.cluster.wait_failover, SIGNALS_KEY, failed)
    finally:
        await asyncio.to_thread(failed.start)
    await asyncio.to_thread(world.cluster.wait_whole)
    await eventually(lambda: bool(world.pair(INFER, writing=True)), "infer writes again", BACK_S)


async def suspend_a_primary(world: World, rng: random.Random) -> None:
    """Suspend the primary of a key until a replica has taken over."""
    key = rng.choice(KEYS)
    failed = world.cluster.primary_of(key)
    suspend(failed)
    try:
        await asyncio.to_thread(world.cluster.wait_failover, key, failed)
    finally:
        resume(failed)
    await asyncio.to_thread(world.cluster.wait_whole)


async def move_a_slot(world: World, rng: random.Random) -> None:
    """Move the slot of a stream to another primary."""
    key = rng.choice(KEYS[:2])
    source = world.cluster.primary_of(key)
    others = [world.cluster.primary_of(other) for other in KEYS]
    targets = [node for node in others if node is not source]
    if targets:
        await asyncio.to_thread(world.cluster.move, key, rng.choice(targets))


async def restart_the_cluster(world: World, _: random.Random) -> None:
    """Kill all six nodes, and start them again."""
    for node in world.cluster.nodes:
        await asyncio.to_thread(node.kill)
    for node in world.cluster.nodes:
        await asyncio.to_thread(node.start)
    await asyncio.to_thread(world.cluster.wait_whole)


async def cut_a_feed(world: World, rng: random.Random) -> None:
    """Break the sessions of a gateway."""
    rng.choice(world.feeds).cut()


async def cut_the_clients(world: World, _: random.Random) -> None:
    """Break every client's connection at once, so that all resume together."""
    for follower in world.followers:
        follower.cut()


async def hang_clients(world: World, rng: random.Random) -> None:
    """Let a tenth of the clients read nothing for a while."""
    some = rng.sample(world.followers, max(1, len(world.followers) // 10))
    await asyncio.gather(*(follower.hang(HANG_S) for follower in some))


FAULTS: Final[dict[str, Fault]] = {
    function.__name__: function
    for function in (
        kill_the_writing_ingest,
        kill_the_publishing_infer,
        kill_a_standby,
        suspend_a_writer,
        kill_news,
        kill_the_server,
        kill_a_worker,
        reload_the_server,
        fail_over,
        lose_signals_with_their_writer,
        suspend_a_primary,
        move_a_slot,
        restart_the_cluster,
        cut_a_feed,
        cut_the_clients,
        hang_clients,
    )
}
