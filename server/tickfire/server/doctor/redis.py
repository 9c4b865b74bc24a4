"""Checks of Redis: version, eviction, memory, persistence, failover and clock."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

from redis.asyncio import RedisCluster

from tickfire.base.ports import free_port
from tickfire.ingest.redis.options import RedisOptions
from tickfire.ingest.redis.server import EmbeddedRedis
from tickfire.server.doctor.check import Check, failed, ok, warning
from tickfire.store.errors import REDIS_ERRORS, reason_of
from tickfire.store.store import Store

LEAST_VERSION: Final = 7
SLOW_S: Final = 0.005
"""Time of a reply from which Redis is slow for ticks."""
NEARLY_FULL: Final = 0.8
OFFSET_S: Final = 0.1
FAR_OFFSET_S: Final = 5.0
SECTIONS: Final = ("server", "memory", "persistence", "replication")

type Info = Mapping[str, Any]


async def examine_embedded() -> list[Check]:
    """Start the embedded Valkey server, as `tickfire dev` does, and check it."""
    port = free_port()
    server = EmbeddedRedis(RedisOptions(port, None, "64mb"))
    await server.start()
    try:
        async with await Store.open(f"redis://127.0.0.1:{port}/0") as store:
            info = await _info(store)
    finally:
        await server.stop()
    found = f"embedded {_product(info[0])}, as REDIS_URL is not set"
    return [ok("Redis", found)]


async def examine_redis(url: str) -> list[Check]:
    """Check the Redis of a URL."""
    async with await Store.open(url) as store:
        began = time.perf_counter()
        await store.client.exists(b"tickfire:doctor")
        took = time.perf_counter() - began
        try:
            infos = await _info(store)
        except REDIS_ERRORS as error:
            advice = "Let the user run INFO (`ACL SETUSER … +info`), or check these by hand."
            return [warning("Redis", f"refuses INFO: {reason_of(error)}", advice)]
        return [
            _reach(store, infos, took),
            _version(infos),
            _eviction(infos),
            _memory(infos),
            _persistence(infos),
            await _topology(store, infos),
            *await _clock(store),
        ]


async def _info(store: Store) -> list[Info]:
    """Return the figures of each primary."""
    client = store.client
    if not isinstance(client, RedisCluster):
        return [_flat([await client.info(section) for section in SECTIONS])]
    by_node: dict[str, list[Info]] = {}
    for section in SECTIONS:
        found = await client.info(section, target_nodes=RedisCluster.PRIMARIES)
        for node, info in (found if _is_by_node(found) else {"": found}).items():
            by_node.setdefault(node, []).append(info)
    return [_flat(parts) for parts in by_node.values()]


def _is_by_node(found: Info) -> bool:
    return all(isinstance(each, Mapping) for each in found.values())


def _flat(parts: Sequence[Info]) -> Info:
    return {name: value for part in parts for name, value in part.items()}


def _product(info: Info) -> str:
    name = "Valkey" if "valkey_version" in info else "Redis"
    return f"{name} {info.get('valkey_version', info.get('redis_version', 'of unknown version'))}"


def _reach(store: Store, infos: Sequence[Info], took: float) -> Check:
    found = f"{_product(infos[0])} at {store.url.shown} answers in {took * 1e3:.1f} ms"
    if took > SLOW_S:
        advice = "Each tick waits for it: put Redis on the same network, or look at its SLOWLOG."
        return warning("Redis", found, advice)
    return ok("Redis", found)


def _version(infos: Sequence[Info]) -> Check:
    oldest = min(int(str(info.get("redis_version", "0")).partition(".")[0]) for info in infos)
    shown = ", ".join(sorted({_product(info) for info in infos}))
    if oldest < LEAST_VERSION:
        return failed("Redis version", shown, "Use Redis 7 or newer, or Valkey.")
    return ok("Redis version", shown)


def _eviction(infos: Sequence[Info]) -> Check:
    policies = sorted({str(info.get("maxmemory_policy", "unknown")) for info in infos})
    found = ", ".join(policies)
    if policies == ["noeviction"]:
        return ok("Redis eviction", found)
    advice = "Set `maxmemory-policy noeviction`; otherwise ticks vanish when memory is full."
    if any(info.get("maxmemory") for info in infos):
        return failed("Redis eviction", found, advice)
    return warning("Redis eviction", f"{found}, without effect as there is no maxmemory", advice)


def _memory(infos: Sequence[Info]) -> Check:
    shares = [
        int(info.get("used_memory", 0)) / limit
        for info in infos
        if (limit := int(info.get("maxmemory", 0)))
    ]
    used = sum(int(info.get("used_memory", 0)) for info in infos) / 2**20
    if not shares:
        return ok("Redis memory", f"{used:,.0f} MiB in use, no limit")
    found = f"{used:,.0f} MiB in use, at most {max(shares):.0%} of a server's limit"
    if max(shares) > NEARLY_FULL:
        advice = "Raise maxmemory, or keep less history (HISTORY_TICKS)."
        return warning("Redis memory", found, advice)
    return ok("Redis memory", found)


def _persistence(infos: Sequence[Info]) -> Check:
    name = "Redis persistence"
    states = {
        str(info.get(key, "ok")) for info in infos
        for key in ("aof_last_write_status", "aof_last_bgrewrite_status", "rdb_last_bgsave_status")
    }  # fmt: skip
    if states - {"ok"}:
        return failed(name, "Redis cannot write its files", "Look at its log and its disk.")
    if all(info.get("aof_enabled") for info in infos):
        return ok(name, "append-only file")
    return warning(
        name,
        "no append-only file",
        "A restart of Redis loses the history, and clients cannot resume; set `appendonly yes`.",
    )


async def _topology(store: Store, infos: Sequence[Info]) -> Check:
    name = "Redis failover"
    replicas = [int(info.get("connected_slaves", 0)) for info in infos]
    if isinstance(store.client, RedisCluster):
        about = await store.client.cluster_info()
        state = str(about.get("cluster_state", "unknown"))
        found = f"Cluster of {len(infos)} primaries and {sum(replicas)} replicas, state {state}"
        if state != "ok":
            advice = "Bring its missing nodes back: `redis-cli --cluster check HOST:PORT`."
            return failed(name, found, advice)
    elif store.url.service is not None:
        found = f"primary {store.url.service} of Sentinels, with {sum(replicas)} replicas"
    else:
        return ok(name, f"one server, with {replicas[0]} replicas; none takes over by itself")
    if min(replicas) == 0:
        return warning(name, found, "Give each primary a replica; without, it has no successor.")
    return ok(name, found)


async def _clock(store: Store) -> list[Check]:
    """Check the clocks of this machine and of Redis against each other."""
    before = time.time()
    try:
        seconds, micros = await store.client.time()
    except REDIS_ERRORS:
        return []  # a user who may not
    half = (time.time() - before) / 2
    offset = float(seconds) + float(micros) / 1e6 - before - half
    found = f"{offset * 1e3:+.1f} ms (± {half * 1e3:.1f} ms) from here to Redis"
    advice = "Synchronize both machines with a time service; latencies are measured across them."
    if abs(offset) - half > FAR_OFFSET_S:
        return [failed("clock offset", found, advice)]
    if abs(offset) - half > OFFSET_S:
        return [warning("clock offset", found, advice)]
    return [ok("clock offset", found)]
