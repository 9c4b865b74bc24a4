"""From options to processes: what runs, with which arguments, in which order. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from tickfire.server.supervisor.config import DevConfig, browser_host

LOOPBACK: Final = "127.0.0.1"
SIMULATED_HISTORY_S: Final = 90 * 60.0
"""Enough for what looks back an hour to be there at once."""
LOCAL_SCHEMAS: Final = "trades,mbp-1,definition"
"""A local gateway's trades are no MBP-1 records, as a real one's are, so both are asked for."""
LOCAL_GATEWAY_KEY: Final = "db-local-gateway-accepts-any-key"
"""The live protocol cannot do without a key; the local gateway takes any."""


@dataclass(frozen=True, slots=True)
class Ports:
    """The private ports of a run; they stay the same over restarts."""

    redis: int
    gateway: int
    server: int


@dataclass(frozen=True, slots=True)
class Probe:
    """The readiness check of a process.

    `kind` is ``"redis"`` (answers PING), ``"tcp"`` (accepts a connection) or ``"http"``
    (``/readyz`` answers 200).
    """

    kind: str
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class ChildSpec:
    """One process: ``tickfire <args>``; without a probe it counts as ready once started."""

    name: str
    args: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    probe: Probe | None = None


def redis_url(config: DevConfig, ports: Ports) -> str:
    """Return the URL of the Redis that all processes use."""
    return config.redis_url or f"redis://{LOOPBACK}:{ports.redis}/0"


def plan(config: DevConfig, ports: Ports) -> tuple[ChildSpec, ...]:
    """Return the processes in the order of their start; they stop in the reverse order."""
    house = {"REDIS_URL": redis_url(config, ports)}
    specs = [
        _redis(ports) if config.embedded_redis else None,
        _gateway(config, ports) if config.replays else None,
        _ingest(config, ports, house),
        _news(config, house),
        ChildSpec("infer", ("infer",), env=house),
        _server(config, ports, house),
    ]
    return tuple(spec for spec in specs if spec is not None)


def _redis(ports: Ports) -> ChildSpec:
    return ChildSpec(
        "redis", ("redis", "--port", str(ports.redis)), probe=Probe("redis", LOOPBACK, ports.redis)
    )


def _gateway(config: DevConfig, ports: Ports) -> ChildSpec:
    args = ["gateway", "--host", LOOPBACK, "--port", str(ports.gateway)]
    args += ["--speed", f"{config.speed:g}"]
    if config.feed is not None:
        args += ["--file", str(config.feed), "--loop"]
    else:
        args += ["--history", f"{SIMULATED_HISTORY_S:g}"]
    return ChildSpec("gateway", tuple(args), probe=Probe("tcp", LOOPBACK, ports.gateway))


def _ingest(config: DevConfig, ports: Ports, house: Mapping[str, str]) -> ChildSpec:
    if config.live:
        return ChildSpec("ingest", ("ingest",), env=house)
    return ChildSpec(
        "ingest",
        (
            *("ingest", "--gateway", f"{LOOPBACK}:{ports.gateway}"),
            *("--schemas", LOCAL_SCHEMAS, "--backfill", f"{SIMULATED_HISTORY_S:g}"),
        ),
        env={**house, "DATABENTO_API_KEY": LOCAL_GATEWAY_KEY},
    )


def _news(config: DevConfig, house: Mapping[str, str]) -> ChildSpec:
    return ChildSpec("news", ("news",) if config.news_feeds else ("news", "--simulate"), env=house)


def _server(config: DevConfig, ports: Ports, house: Mapping[str, str]) -> ChildSpec:
    args = ["serve", "--dev", "--host", config.host, "--port", str(ports.server)]
    args += ["--workers", str(config.workers)]
    probe = Probe("http", browser_host(config.host).strip("[]"), ports.server)
    return ChildSpec("server", tuple(args), env=house, probe=probe)
