"""Plan of a run: the processes, their arguments and their order, from the configuration. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import quote

from tickfire.server.supervisor.config import DevConfig, browser_host

LOOPBACK: Final = "127.0.0.1"
SIMULATED_SCHEMAS: Final = "trades,mbp-1,mbp-10,definition,statistics,status,imbalance"
REPLAYED_SCHEMAS: Final = f"{SIMULATED_SCHEMAS},mbo"
"""Trades and MBP-1, because a local gateway's trades need not be MBP-1 records, as Databento's
are; order books and reports from whichever schemas a recording has."""
LOCAL_GATEWAY_KEY: Final = "db-local-gateway-accepts-any-key"
"""Placeholder for the key that the live protocol requires; the local gateway accepts any."""


@dataclass(frozen=True, slots=True)
class Ports:
    """TCP ports of a run, the same across restarts of its processes.

    Attributes
    ----------
    redis, gateway, server : int
    redis_socket : Path or None
        Unix socket by which the processes reach the embedded Redis; None for its port.
    """

    redis: int
    gateway: int
    server: int
    redis_socket: Path | None = None


@dataclass(frozen=True, slots=True)
class Probe:
    """Readiness check of a process.

    Attributes
    ----------
    kind : str
        ``"redis"`` (replies to PING), ``"tcp"`` (accepts a connection) or ``"http"`` (responds to
        ``/readyz`` with 200).
    host, port : str, int
    """

    kind: str
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class ChildSpec:
    """One process, ``tickfire <args>``. Without a probe it counts as ready once started."""

    name: str
    args: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    probe: Probe | None = None


def redis_url(config: DevConfig, ports: Ports) -> str:
    """Return the URL of the Redis that all processes use."""
    if config.redis_url is not None:
        return config.redis_url
    if ports.redis_socket is not None:
        return f"unix://{quote(str(ports.redis_socket))}"
    return f"redis://{LOOPBACK}:{ports.redis}/0"


def plan(config: DevConfig, ports: Ports) -> tuple[ChildSpec, ...]:
    """Return the processes in the order in which they start; they stop in the reverse order."""
    env = {"REDIS_URL": redis_url(config, ports)}
    archived = env if config.record is None else {**env, "TICKFIRE_ARCHIVE": config.record}
    specs = [
        _redis(ports) if config.embedded_redis else None,
        _gateway(config, ports) if config.replays else None,
        _ingest(config, ports, env),
        _news(config, env),
        ChildSpec("infer", ("infer",), env=env),
        None if config.record is None else ChildSpec("record", ("record",), env=archived),
        _server(config, ports, archived),
    ]
    return tuple(spec for spec in specs if spec is not None)


def _redis(ports: Ports) -> ChildSpec:
    args = ["redis", "--port", str(ports.redis)]
    if ports.redis_socket is not None:
        args += ["--unix-socket", str(ports.redis_socket)]
    return ChildSpec("redis", tuple(args), probe=Probe("redis", LOOPBACK, ports.redis))


def _gateway(config: DevConfig, ports: Ports) -> ChildSpec:
    args = ["gateway", "--host", LOOPBACK, "--port", str(ports.gateway)]
    args += ["--speed", f"{config.speed:g}"]
    if config.feed is not None:
        args += ["--file", str(config.feed), "--loop"]
    else:
        args += ["--history", f"{config.history_s:g}"]
    return ChildSpec("gateway", tuple(args), probe=Probe("tcp", LOOPBACK, ports.gateway))


def _ingest(config: DevConfig, ports: Ports, env: Mapping[str, str]) -> ChildSpec:
    if config.live:
        return ChildSpec("ingest", ("ingest",), env=env)
    schemas = SIMULATED_SCHEMAS if config.feed is None else REPLAYED_SCHEMAS
    return ChildSpec(
        "ingest",
        (
            *("ingest", "--adapter", "databento", "--gateway", f"{LOOPBACK}:{ports.gateway}"),
            *("--schemas", schemas, "--backfill", f"{config.history_s:g}"),
        ),
        env={**env, "DATABENTO_API_KEY": LOCAL_GATEWAY_KEY},
    )


def _news(config: DevConfig, env: Mapping[str, str]) -> ChildSpec:
    return ChildSpec("news", ("news",) if config.news_feeds else ("news", "--simulate"), env=env)


def _server(config: DevConfig, ports: Ports, env: Mapping[str, str]) -> ChildSpec:
    args = ["serve", "--dev", "--host", config.host, "--port", str(ports.server)]
    args += ["--workers", str(config.workers)]
    args += ["--insecure"] if config.insecure else []
    probe = Probe("http", browser_host(config.host).strip("[]"), ports.server)
    return ChildSpec("server", tuple(args), env=env, probe=probe)
