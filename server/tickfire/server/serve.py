"""``tickfire serve``."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import socket
import threading
import time
from collections.abc import Iterator
from functools import partial
from typing import Final

import click
import uvicorn
from starlette.applications import Starlette
from uvicorn.supervisors import Multiprocess

from tickfire.base.errors import UsageError, UserError
from tickfire.base.ports import check_port
from tickfire.base.retry import Backoff
from tickfire.phoenix import PhoenixProtocol
from tickfire.server.app import Settings, create_app
from tickfire.server.auth import DEFAULT_MAX_AGE_S, Access
from tickfire.server.logs import set_up_logging
from tickfire.server.token_command import salt_option
from tickfire.store.options import redis_url_option
from tickfire.store.store import Store

REDIS_PATIENCE_S: Final = 5.0
"""How long an unreachable Redis is waited for at the start; later it is waited for for ever."""
STOP_PATIENCE_S: Final = 5
START_PATIENCE_S: Final = 60
"""A worker that loads its kernels on a busy machine does not answer its parent meanwhile."""
BACKLOG: Final = 4096
PARENT_CHECK_S: Final = 0.2

logger = logging.getLogger(__name__)


@click.command()
@click.option("--host", envvar="HOST", default="127.0.0.1", show_default=True, help="Address.")
@click.option(
    "--port",
    envvar="PORT",
    type=click.IntRange(0, 65535),
    default=4000,
    show_default=True,
    help="TCP port; 0 takes a free one.",
)
@click.option(
    "--workers",
    envvar="WORKERS",
    type=click.IntRange(1, 256),
    default=1,
    show_default=True,
    help="Processes on the one port.",
)
@redis_url_option
@click.option("--dev", is_flag=True, help="Let every client in, token or not.")
@click.option(
    "--secret-key-base",
    "secret",
    envvar="SECRET_KEY_BASE",
    show_envvar=True,
    help="Let in who brings a token that Phoenix.Token, or `tickfire token`, signed with it.",
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
    help="How old they may be.",
)
@click.option(
    "--authenticator",
    envvar="TICKFIRE_AUTHENTICATOR",
    metavar="MODULE:CALLABLE",
    show_envvar=True,
    help="Decides instead: called with the connect params and the connection.",
)
@click.option(
    "--allow-origin",
    "origins",
    envvar="ALLOWED_ORIGINS",
    multiple=True,
    metavar="ORIGIN",
    help="A page from elsewhere that may connect, as https://host or //*.host.",
)
def serve(
    host: str,
    port: int,
    workers: int,
    redis_url: str,
    dev: bool,
    secret: str | None,
    salt: str,
    max_age_s: float,
    authenticator: str | None,
    origins: tuple[str, ...],
) -> None:
    """Serve sockets and the page until it is ended."""
    allowed = tuple(part for origin in origins for part in origin.replace(",", " ").split())
    access = Access(dev, secret or None, salt, max_age_s, authenticator)
    access.load()  # refuses what it cannot do now, not in every worker
    settings = Settings(redis_url, access, allowed)
    port = check_port(host, port)
    asyncio.run(_wait_for_redis(redis_url))
    listener = _listen(host, port)
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    logger.info("listening on http://%s:%d", f"[{host}]" if ":" in host else host, port)
    config = _config(settings, workers)
    if workers == 1:
        _Server(config).run([listener])
    else:
        Multiprocess(config, [listener]).run()


class _Server(uvicorn.Server):
    """A server for which SIGTERM and SIGINT are orders, not the way in which it dies."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        with super().capture_signals():
            try:
                yield
            finally:
                self._captured_signals.clear()  # or they would be raised again


async def _wait_for_redis(url: str) -> None:
    deadline = time.monotonic() + REDIS_PATIENCE_S
    backoff = Backoff()
    while True:
        try:
            store = await Store.open(url)
        except UsageError:
            raise
        except UserError:
            if time.monotonic() >= deadline:
                raise
            await backoff.pause()
        else:
            return await store.close()


def _listen(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise UserError(f"cannot listen on {host} port {port}: {error.strerror}.") from error
    return listener


def _config(settings: Settings, workers: int) -> uvicorn.Config:
    parent = os.getpid() if workers > 1 else None
    return uvicorn.Config(
        partial(_worker_app, settings, parent),
        factory=True,
        workers=workers,
        ws=PhoenixProtocol,
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        backlog=BACKLOG,
        timeout_graceful_shutdown=STOP_PATIENCE_S,
        timeout_worker_healthcheck=START_PATIENCE_S,
    )


def _worker_app(settings: Settings, parent: int | None) -> Starlette:
    if parent is not None:
        set_up_logging("serve")
        logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    app = create_app(settings)
    # The compiler is a million objects that stay: a collection that looks at them takes 100 ms.
    gc.collect()
    gc.freeze()
    return app


def _end_with(parent: int) -> None:
    """End this worker when its parent is gone, however that ended: it must not keep the port."""
    while os.getppid() == parent:
        time.sleep(PARENT_CHECK_S)
    os._exit(1)
