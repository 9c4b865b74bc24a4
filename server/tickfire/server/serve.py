"""``tickfire serve``: the command."""

from __future__ import annotations

import asyncio
import logging
import math
import signal
import socket
from dataclasses import replace

import click

from tickfire.base.calendar.option import sessions_option
from tickfire.base.calendar.sessions import Sessions
from tickfire.base.errors import UserError
from tickfire.base.ports import bound_socket, check_port
from tickfire.base.run import until_stopped
from tickfire.server.access.rules import DEFAULT_MAX_AGE_S, Access
from tickfire.server.access.token_command import salt_option
from tickfire.server.app import Settings
from tickfire.server.limits.admission import Limits
from tickfire.server.limits.descriptors import connections_within, raise_descriptor_limit
from tickfire.server.limits.options import limits_options
from tickfire.server.loopback import check_loopback, insecure_option
from tickfire.server.market.market import DEFAULT_STALE_S
from tickfire.server.market.ticks.lag import DEFAULT_MAX_LAG_S, PATIENCE
from tickfire.server.root_path import root_path_option
from tickfire.server.workers.pool import Pool
from tickfire.server.workers.server import MarketServer
from tickfire.server.workers.template import IGNORED, Order
from tickfire.store.options import redis_url_option
from tickfire.store.store import Store

logger = logging.getLogger(__name__)


@click.command()
@click.option(
    "--host", envvar="HOST", default="127.0.0.1", show_default=True, help="Address to listen on."
)
@click.option(
    "--port",
    envvar="PORT",
    type=click.IntRange(0, 65535),
    default=4000,
    show_default=True,
    help="TCP port; 0 picks a free one.",
)
@click.option(
    "--workers",
    envvar="WORKERS",
    type=click.IntRange(1, 256),
    default=1,
    show_default=True,
    help="Number of processes that share the port.",
)
@redis_url_option
@click.option("--dev", is_flag=True, help="Accept every client, with or without a token.")
@insecure_option
@click.option(
    "--secret-key-base",
    "secret",
    envvar="SECRET_KEY_BASE",
    show_envvar=True,
    help="Accept clients with a token that Phoenix.Token or `tickfire token` signed with this.",
)
@salt_option
@click.option(
    "--token-max-age",
    "max_age_s",
    envvar="TICKFIRE_TOKEN_MAX_AGE",
    type=click.FloatRange(min=0, min_open=True),
    default=DEFAULT_MAX_AGE_S,
    show_default=True,
    metavar="SECONDS",
    help="Maximum age of a token.",
)
@click.option(
    "--authenticator",
    envvar="TICKFIRE_AUTHENTICATOR",
    metavar="MODULE:CALLABLE",
    show_envvar=True,
    help="Callable that decides instead, from the connect params and a ConnectInfo.",
)
@click.option(
    "--allow-origin",
    "origins",
    envvar="ALLOWED_ORIGINS",
    multiple=True,
    metavar="ORIGIN",
    help="Other origin whose pages may connect, as https://host or //*.host.",
)
@click.option(
    "--allow-host",
    "hosts",
    envvar="ALLOWED_HOSTS",
    multiple=True,
    metavar="NAME",
    show_envvar=True,
    help="Name by which the server may be reached, as example.com or *.example.com. By default "
    "any; with --dev, localhost, addresses and the hosts of allowed origins.",
)
@root_path_option
@sessions_option
@click.option(
    "--stale-after",
    "stale_s",
    envvar="TICKFIRE_STALE_AFTER",
    type=click.FloatRange(min=0),
    default=DEFAULT_STALE_S,
    show_default=True,
    show_envvar=True,
    metavar="SECONDS",
    help="Time without data of a feed, while its market is open, after which /readyz answers 503; "
    "0 if it should not depend on feeds.",
)
@click.option(
    "--max-lag",
    "max_lag_s",
    envvar="TICKFIRE_MAX_LAG",
    type=click.FloatRange(min=0),
    default=DEFAULT_MAX_LAG_S,
    show_default=True,
    show_envvar=True,
    metavar="SECONDS",
    help="Time that a slow client may lag behind before its ticks are merged; it is disconnected "
    f"if it then lags {PATIENCE} times as far. 0 if neither is to happen.",
)
@limits_options
def serve(
    host: str,
    port: int,
    workers: int,
    redis_url: str,
    dev: bool,
    insecure: bool,
    secret: str | None,
    salt: str,
    max_age_s: float,
    authenticator: str | None,
    origins: tuple[str, ...],
    hosts: tuple[str, ...],
    root_path: str,
    sessions: Sessions,
    stale_s: float,
    max_lag_s: float,
    limits: Limits,
) -> None:
    """Serve WebSockets and the page until SIGTERM or Ctrl-C.

    The port opens once the market is loaded. SIGHUP replaces the workers one by one, if there are
    several.
    """
    _ignore_signals()
    access = Access(dev, secret or None, salt, max_age_s, authenticator)
    access.load()  # so that a bad setting is an error here, not in each worker
    if dev:
        check_loopback(host, "--host", insecure=insecure)
    settings = Settings(
        redis_url,
        access,
        _listed(origins),
        hosts=(*_listed(hosts), host) if dev else _listed(hosts),
        root_path=root_path,
        sessions=sessions,
        stale_s=stale_s,
        max_lag_s=max_lag_s,
    )
    limits = _within_descriptors(limits)
    port = check_port(host, port)
    if not asyncio.run(_wait_for_redis(redis_url)):
        return
    listener = _bound(host, port)
    address = f"http://{f'[{host}]' if ':' in host else host}:{port}"

    def on_open() -> None:
        logger.info("listening on %s%s", address, f", for {root_path}/" if root_path else "")

    if workers == 1:
        MarketServer(settings, limits, on_open).run([listener])
    else:
        pool = Pool(workers, Order(settings, limits, listener.fileno()), on_open)
        asyncio.run(until_stopped(pool.run()))


def _listed(values: tuple[str, ...]) -> tuple[str, ...]:
    """Return the elements of an option's values, separated by commas or spaces."""
    return tuple(part for value in values for part in value.replace(",", " ").split())


async def _wait_for_redis(url: str) -> bool:
    """Wait until Redis answers; return False if the command is stopped before."""
    found = False

    async def look() -> None:
        nonlocal found
        async with await Store.open(url, patience_s=math.inf):
            found = True

    await until_stopped(look())
    return found


def _bound(host: str, port: int) -> socket.socket:
    """Return a socket on which the server will listen once its market is loaded."""
    try:
        return bound_socket(host, port)
    except OSError as error:
        raise UserError(f"cannot listen on {host} port {port}: {error.strerror}.") from error


def _within_descriptors(limits: Limits) -> Limits:
    """Return the limits with as many connections as there may be open files."""
    descriptors = raise_descriptor_limit()
    most = connections_within(descriptors)
    if most >= limits.max_connections:
        return limits
    logger.info(
        "each worker takes %d connections, as the system allows %d open files", most, descriptors
    )
    return replace(limits, max_connections=most)


def _ignore_signals() -> None:
    """Survive the signals whose default action would end a server that has no use for them."""
    for number in IGNORED:
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, lambda number, frame: _tell_ignored(number))


def _tell_ignored(number: int) -> None:
    logger.info("%s: ignored", signal.Signals(number).name)
