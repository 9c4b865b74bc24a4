"""The command ``tickfire redis``."""

from __future__ import annotations

import asyncio
import logging
import re
import signal
from dataclasses import replace
from pathlib import Path
from typing import Final

import click

from tickfire.base.errors import UserError
from tickfire.base.ports import check_port
from tickfire.base.process import describe_exit
from tickfire.base.run import STOP_SIGNALS, stop_event
from tickfire.ingest.redis.options import LOOPBACK, RedisOptions
from tickfire.ingest.redis.server import EmbeddedRedis

DEFAULT_PORT: Final = 6379
SIZE: Final = re.compile(r"\d+([kmg]b?|b)?", re.IGNORECASE)

logger = logging.getLogger(__name__)


def _size(_ctx: click.Context, _param: click.Parameter, text: str) -> str:
    if not SIZE.fullmatch(text):
        raise click.BadParameter(f"{text} is not a size; write 512mb or 2gb.")
    return text


@click.command()
@click.option(
    "--port",
    envvar="TICKFIRE_REDIS_PORT",
    show_envvar=True,
    type=click.IntRange(0, 65535),
    default=DEFAULT_PORT,
    show_default=True,
    help="TCP port on 127.0.0.1; 0 picks a free one.",
)
@click.option(
    "--dir",
    "directory",
    envvar="TICKFIRE_REDIS_DIR",
    show_envvar=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder that keeps the data across restarts. Default: memory only.",
)
@click.option(
    "--maxmemory",
    "max_memory",
    envvar="TICKFIRE_REDIS_MAXMEMORY",
    show_envvar=True,
    default="1gb",
    show_default=True,
    callback=_size,
    metavar="SIZE",
    help="Memory limit; writes beyond it are refused.",
)
@click.option(
    "--unix-socket",
    envvar="TICKFIRE_REDIS_SOCKET",
    show_envvar=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="Unix socket to listen on as well, for this user alone: REDIS_URL=unix:///its/path takes"
    " less CPU than TCP.",
)
def redis(port: int, directory: Path | None, max_memory: str, unix_socket: Path | None) -> None:
    """Run the embedded Valkey server until it or this command is stopped."""
    options = RedisOptions(
        port,
        directory.absolute() if directory else None,
        max_memory,
        unix_socket.absolute() if unix_socket else None,
    )
    asyncio.run(_run(options))


async def _run(options: RedisOptions) -> None:
    options = replace(options, port=check_port(LOOPBACK, options.port))
    stop = stop_event((*STOP_SIGNALS, signal.SIGHUP))
    server = EmbeddedRedis(options)
    await server.start()
    logger.info("Valkey is ready on %s:%d (pid %d)", LOOPBACK, options.port, server.pid)
    stopping = asyncio.create_task(stop.wait())
    ended = asyncio.create_task(server.wait())
    await asyncio.wait((stopping, ended), return_when=asyncio.FIRST_COMPLETED)
    if stop.is_set():
        await server.stop()
    stopping.cancel()
    code = await ended
    if not stop.is_set():
        raise UserError(
            f"Valkey ended by itself ({describe_exit(code)}); "
            f"its last output: {server.last_output()}"
        )
