"""``tickfire serve``: the command, its workers and their end."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import math
import os
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any, Final

import click
import uvicorn
from starlette.applications import Starlette
from uvicorn.supervisors import Multiprocess

from tickfire.base.calendar.option import sessions_option
from tickfire.base.calendar.sessions import Sessions
from tickfire.base.errors import UserError
from tickfire.base.ports import bound_socket, check_port
from tickfire.base.run import until_stopped
from tickfire.server.app import Settings, create_app
from tickfire.server.auth import DEFAULT_MAX_AGE_S, Access
from tickfire.server.limits.admission import Admission, Limits
from tickfire.server.limits.descriptors import connections_within, raise_descriptor_limit
from tickfire.server.limits.http import LimitedHTTP
from tickfire.server.limits.options import limits_options
from tickfire.server.limits.websocket import LimitedWebSocket
from tickfire.server.logs import set_up_logging
from tickfire.server.loopback import check_loopback, insecure_option
from tickfire.server.market.market import DEFAULT_STALE_S
from tickfire.server.root_path import root_path_option
from tickfire.server.token_command import salt_option
from tickfire.store.options import redis_url_option
from tickfire.store.store import Store

STOP_PATIENCE_S: Final = 5
START_PATIENCE_S: Final = 60
"""Longer than uvicorn's default: a worker does not answer its parent while it loads kernels."""
BACKLOG: Final = 4096
PARENT_CHECK_S: Final = 0.2

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
    limits: Limits,
) -> None:
    """Serve WebSockets and the page until SIGTERM or Ctrl-C."""
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
    )
    limits = _within_descriptors(limits)
    port = check_port(host, port)
    if not asyncio.run(_wait_for_redis(redis_url)):
        return
    listener = _listen(host, port)
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    address = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    logger.info("listening on %s%s", address, f", for {root_path}/" if root_path else "")
    config = _config(settings, limits, workers)
    if workers == 1:
        _Server(config).run([listener])
    else:
        Multiprocess(config, [listener]).run()


def _listed(values: tuple[str, ...]) -> tuple[str, ...]:
    """Return the elements of an option's values, separated by commas or spaces."""
    return tuple(part for value in values for part in value.replace(",", " ").split())


class _Server(uvicorn.Server):
    """Server that exits with code 0 after SIGTERM or SIGINT instead of dying of the signal."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        with super().capture_signals():
            try:
                yield
            finally:
                self._captured_signals.clear()  # else uvicorn raises them again


async def _wait_for_redis(url: str) -> bool:
    """Wait until Redis answers; return False if the command is stopped before."""
    found = False

    async def look() -> None:
        nonlocal found
        async with await Store.open(url, patience_s=math.inf):
            found = True

    await until_stopped(look())
    return found


def _listen(host: str, port: int) -> socket.socket:
    try:
        return bound_socket(host, port, BACKLOG)
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


def _config(settings: Settings, limits: Limits, workers: int) -> uvicorn.Config:
    parent = os.getpid() if workers > 1 else None
    admission = Admission(limits)  # of each worker, as the configuration is copied to it
    http: Any = partial(LimitedHTTP, admission)
    websocket: Any = partial(LimitedWebSocket, admission)
    return uvicorn.Config(
        partial(_worker_app, settings, admission, parent),
        factory=True,
        workers=workers,
        http=http,
        ws=websocket,
        forwarded_allow_ips=limits.proxies.for_uvicorn(),
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        backlog=BACKLOG,
        timeout_graceful_shutdown=STOP_PATIENCE_S,
        timeout_worker_healthcheck=START_PATIENCE_S,
    )


def _worker_app(settings: Settings, admission: Admission, parent: int | None) -> Starlette:
    if parent is not None:
        set_up_logging("serve")
        logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    app = create_app(settings, admission)
    # The compiler's million objects live as long as the worker; each collection that visits
    # them takes 100 ms.
    gc.collect()
    gc.freeze()
    return app


def _end_with(parent: int) -> None:
    """Exit once the parent is gone, even by SIGKILL, so that this worker frees the port."""
    while os.getppid() == parent:
        time.sleep(PARENT_CHECK_S)
    os._exit(1)
