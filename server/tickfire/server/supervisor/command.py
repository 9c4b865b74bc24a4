"""``tickfire dev``: its options and its run."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import click

from tickfire.base.errors import UserError
from tickfire.base.finite import FiniteRange
from tickfire.base.ports import check_port, free_ports
from tickfire.base.run import STOP_SIGNALS, on_signals
from tickfire.server.loopback import insecure_option
from tickfire.server.settings.file import SettingsFile
from tickfire.server.supervisor.config import DEFAULT_HISTORY_S, DevConfig, browser_host, check
from tickfire.server.supervisor.plan import Ports, plan
from tickfire.server.supervisor.supervisor import Supervisor
from tickfire.store.options import own_redis_url_option

MAX_SOCKET_PATH: Final = 103
"""Bytes of the path of a Unix socket, at most, on any system."""

logger = logging.getLogger(__name__)


@click.command()
@click.option(
    "--host",
    envvar="HOST",
    default="127.0.0.1",
    show_default=True,
    show_envvar=True,
    help="Address to listen on.",
)
@click.option(
    "--port",
    envvar="PORT",
    type=click.IntRange(0, 65535),
    default=4000,
    show_default=True,
    show_envvar=True,
    help="TCP port of the page; 0 picks a free one.",
)
@click.option(
    "--feed",
    envvar="FEED",
    type=click.Path(path_type=Path),
    show_envvar=True,
    help="DBN file, or folder of `tickfire record`, to replay. Default: a simulated market.",
)
@click.option(
    "--speed",
    envvar="SPEED",
    type=FiniteRange(min=0),
    default=1.0,
    show_default=True,
    show_envvar=True,
    help="Multiple of the original pace; 0 for as fast as possible.",
)
@click.option(
    "--history",
    "history_s",
    envvar="HISTORY",
    type=FiniteRange(min=0),
    default=DEFAULT_HISTORY_S,
    show_default=True,
    show_envvar=True,
    metavar="SECONDS",
    help="Past of the simulated market with which the charts begin.",
)
@own_redis_url_option
@click.option(
    "--workers",
    envvar="WORKERS",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    show_envvar=True,
    help="Number of server processes that share the port.",
)
@insecure_option
@click.option(
    "--record",
    envvar="RECORD",
    show_envvar=True,
    metavar="FOLDER",
    help="Keep every tick in this folder as Parquet, and serve what is older than Redis from it.",
)
@click.pass_context
def dev(
    context: click.Context,
    /,
    host: str,
    port: int,
    feed: Path | None,
    speed: float,
    history_s: float,
    redis_url: str | None,
    workers: int,
    insecure: bool,
    record: str | None,
) -> None:
    """Run every process on this machine until Ctrl-C.

    Starts Redis, a gateway, ingest, news, infer and the server, and restarts each that dies. If
    DATABENTO_API_KEY is set, ingest reads Databento's live feed instead of a local gateway, as
    selected by TICKFIRE_DATASET, TICKFIRE_SYMBOLS and TICKFIRE_SCHEMAS. The feeds of
    NEWS_FEEDS and the APIs of the file NEWS_APIS replace the simulated news.
    TICKFIRE_SESSIONS may name a file of trading hours.
    """
    file = context.meta.get(SettingsFile.__name__, SettingsFile())
    config = DevConfig(
        host=host,
        port=port,
        feed=feed.absolute() if feed else None,
        speed=speed,
        history_s=history_s,
        redis_url=redis_url,
        workers=workers,
        live=bool(os.environ.get("DATABENTO_API_KEY")) or file.sets("ingest", "key"),
        news_feeds=any(os.environ.get(name, "").strip() for name in ("NEWS_FEEDS", "NEWS_APIS"))
        or file.sets("news", "feed", "apis"),
        insecure=insecure,
        record=os.path.abspath(record) if record and "://" not in record else record or None,
    )
    check(config)
    asyncio.run(_run(config))


async def _run(config: DevConfig) -> None:
    server = check_port(config.host, config.port, option="PORT")
    redis, gateway = free_ports(2)
    if config.redis_url is not None:
        await _check_redis(config.redis_url)
    stop = asyncio.Event()
    on_signals(partial(_on_signal, stop), (*STOP_SIGNALS, signal.SIGHUP))
    url = f"http://{browser_host(config.host)}:{server}/"
    logger.info("%s", describe(config))
    with TemporaryDirectory(prefix="tickfire-", ignore_cleanup_errors=True) as folder:
        ports = Ports(redis, gateway, server, redis_socket(Path(folder)))
        try:
            await Supervisor(plan(config, ports)).run(
                stop, lambda: click.echo(f"tickfire is live at {url}")
            )
        except UserError as error:
            raise UserError(f"stopped: {error}") from error
    logger.info("stopped")


def redis_socket(folder: Path) -> Path | None:
    """Return the Unix socket of Redis in a folder, None where there is no room for its path."""
    path = folder / "redis.sock"
    fits = len(os.fsencode(path)) <= MAX_SOCKET_PATH
    return path if fits and hasattr(socket, "AF_UNIX") else None


def _on_signal(stop: asyncio.Event, number: signal.Signals) -> None:
    if not stop.is_set():
        logger.info("%s: stopping", number.name)
        stop.set()


async def _check_redis(url: str) -> None:
    from tickfire.store.store import Store  # late: importing redis-py is slow

    store = await Store.open(url)
    await store.close()
    logger.info("using Redis at %s", store.url.shown)


def describe(config: DevConfig) -> str:
    """Return the log line that announces the start."""
    if config.live:
        ignored = "; FEED is ignored, as DATABENTO_API_KEY is set" if config.feed else ""
        return f"starting with Databento's live feed{ignored}"
    pace = f"{config.speed:g} times the original pace" if config.speed else "full speed"
    if config.feed is None:
        return f"starting with a simulated market at {pace}"
    return f"starting with a replay of {config.feed.name} at {pace}"
