"""``tickfire serve``: the command."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import secrets
import signal
import socket
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

import click
from prometheus_client import CollectorRegistry

from tickfire.base.attended import watched
from tickfire.base.calendar.option import sessions_option
from tickfire.base.endpoint import Endpoint, endpoint_of, endpoint_options
from tickfire.base.errors import UserError
from tickfire.base.exposition import serving
from tickfire.base.extras import require_extra
from tickfire.base.finite import FiniteRange
from tickfire.base.ports import bound_socket, check_port
from tickfire.base.run import on_signals, until_stopped
from tickfire.base.service_manager import READY, notify
from tickfire.server.access.allowed_origins import checked_origins
from tickfire.server.access.jwt_options import jwt_options, jwt_rules
from tickfire.server.access.rules import DEFAULT_MAX_AGE_S, Access
from tickfire.server.access.token_command import salt_option
from tickfire.server.control.path import control_option, control_path
from tickfire.server.control.server import controlled
from tickfire.server.limits.descriptors import raise_descriptor_limit
from tickfire.server.limits.options import limits_options
from tickfire.server.loopback import check_loopback, insecure_option
from tickfire.server.market.pipeline.flow import DEFAULT_STALE_S
from tickfire.server.market.ticks.lag import DEFAULT_MAX_LAG_S, PATIENCE
from tickfire.server.root_path import root_path_option
from tickfire.server.scrapes.collector import FromThread
from tickfire.server.signals import ignore_signals
from tickfire.server.workers.pool import Pool, ReloadError, Stopping
from tickfire.server.workers.stopping import drain_option, leave_option, ready_option
from tickfire.server.workers.wire import Order
from tickfire.store.options import redis_url_option
from tickfire.store.store import Store

SECRET_BYTES: Final = 32

logger = logging.getLogger(__name__)


class _Command(click.Command):
    """Command that keeps its arguments, which each template of workers parses by its own code."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.obj = tuple(args)
        return super().parse_args(ctx, args)


@click.command(cls=_Command)
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
    type=FiniteRange(min=0, min_open=True),
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
    "--keys",
    is_flag=True,
    envvar="TICKFIRE_KEYS",
    show_envvar=True,
    help="Accept clients with a key of `tickfire keys create`; implied by --secret-key-base.",
)
@jwt_options
@click.option(
    "--allow-origin",
    "origins",
    envvar="ALLOWED_ORIGINS",
    multiple=True,
    callback=lambda context, parameter, values: checked_origins(values),
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
    "--archive",
    envvar="TICKFIRE_ARCHIVE",
    show_envvar=True,
    metavar="TARGET",
    help="Folder, or address of fsspec, that `tickfire record` writes to: older data are read from"
    " it.",
)
@click.option(
    "--stale-after",
    "stale_s",
    envvar="TICKFIRE_STALE_AFTER",
    type=FiniteRange(min=0),
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
    type=FiniteRange(min=0),
    default=DEFAULT_MAX_LAG_S,
    show_default=True,
    show_envvar=True,
    metavar="SECONDS",
    help="Time that a slow client may lag behind before its ticks are merged; it is disconnected "
    f"if it then lags {PATIENCE} times as far. 0 if neither is to happen.",
)
@drain_option
@leave_option
@ready_option
@control_option
@limits_options
@endpoint_options("serve")
@click.pass_context
def serve(context: click.Context, /, **given: Any) -> None:
    """Serve WebSockets and the page until SIGTERM or Ctrl-C.

    The port opens once the market is loaded. SIGHUP and `tickfire reload` replace the workers by
    new ones, with the code that is installed then, without a refused connection.
    """
    ignore_signals()
    access = access_of(given)
    if given["archive"]:
        require_extra("archive", "--archive")
    access.load()  # so that a bad setting is an error here, not in each worker
    host = given["host"]
    if access.dev:
        check_loopback(host, "--host", insecure=given["insecure"])
    port = check_port(host, given["port"])
    if not asyncio.run(_wait_for_redis(given["redis_url"])):
        return
    raise_descriptor_limit()
    listener = _bound(host, port)
    order = Order(
        context.obj, listener.fileno(), secrets.token_urlsafe(SECRET_BYTES), given["ready_s"]
    )
    pool = Pool(
        given["workers"],
        order,
        partial(_tell_open, host, port, given["root_path"]),
        Stopping(given["drain_s"], given["leave_s"]),
    )
    endpoint = endpoint_of(given["metrics_host"], given["metrics_port"])
    asyncio.run(until_stopped(_run(pool, given["control"], port, endpoint)))


def access_of(given: Mapping[str, Any]) -> Access:
    """Return the rules of access that the values of the options set."""
    return Access(
        given["dev"],
        given["secret"] or None,
        given["salt"],
        given["max_age_s"],
        given["authenticator"],
        given["keys"],
        jwt_rules(given),
    )


async def _run(pool: Pool, control: Path | None, port: int, endpoint: Endpoint | None) -> None:
    """Run the workers, and take commands for them by signals and at the control socket."""
    reloads = set[asyncio.Task[None]]()

    def on_hangup(number: signal.Signals) -> None:
        task = asyncio.create_task(_reload(pool))
        reloads.add(task)
        task.add_done_callback(reloads.discard)

    on_signals(on_hangup, (signal.SIGHUP,))
    async with contextlib.AsyncExitStack() as stack:
        signs = await stack.enter_async_context(watched())
        stack.enter_context(serving(_scraped(pool), endpoint, lambda: not signs.is_hung))
        try:
            path = control or control_path(port)
            await stack.enter_async_context(controlled(pool, path))
        except UserError as error:
            if control is not None:
                raise
            logger.warning("`tickfire reload` cannot reach this server, but SIGHUP can: %s", error)
        await pool.run()


def _scraped(pool: Pool) -> CollectorRegistry:
    """Return a registry with the metrics of all workers, for a thread that serves it."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(FromThread(pool.scrapes, asyncio.get_running_loop()))
    return registry


async def _reload(pool: Pool) -> None:
    try:
        await pool.reload()
    except ReloadError as error:
        logger.error("SIGHUP: the workers are not replaced: %s", error)


def _tell_open(host: str, port: int, root_path: str) -> None:
    address = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    logger.info("listening on %s%s", address, f", for {root_path}/" if root_path else "")
    notify(READY)


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
