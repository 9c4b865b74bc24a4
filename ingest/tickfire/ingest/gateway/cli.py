"""Command ``tickfire gateway``."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import click

from tickfire.base.attended import attended
from tickfire.base.endpoint import Endpoint, endpoint_of, endpoint_options
from tickfire.base.finite import FiniteRange
from tickfire.base.run import stop_event
from tickfire.ingest.archived.dbn import dbn_of, is_archive
from tickfire.ingest.gateway.config import (
    DEFAULT_HISTORY_S,
    DEFAULT_INSTRUMENTS,
    GatewayConfig,
)
from tickfire.ingest.lsg.lines import DEFAULT_PORT

logger = logging.getLogger(__name__)


@click.command()
@click.option(
    "--file",
    envvar="TICKFIRE_GATEWAY_FILE",
    show_envvar=True,
    type=click.Path(path_type=Path),
    help="DBN file, or folder of `tickfire record`, to replay. Default: a simulated market.",
)
@click.option(
    "--speed",
    envvar="TICKFIRE_GATEWAY_SPEED",
    show_envvar=True,
    type=FiniteRange(min=0),
    default=1.0,
    show_default=True,
    help="Factor on the recorded pace; 0: as fast as clients read.",
)
@click.option(
    "--loop/--no-loop",
    envvar="TICKFIRE_GATEWAY_LOOP",
    show_envvar=True,
    default=False,
    help="End sessions at the end of the file, so that clients replay it again.",
)
@click.option(
    "--host",
    envvar="TICKFIRE_GATEWAY_HOST",
    show_envvar=True,
    default="127.0.0.1",
    show_default=True,
    help="Address to listen on.",
)
@click.option(
    "--port",
    envvar="TICKFIRE_GATEWAY_PORT",
    show_envvar=True,
    default=DEFAULT_PORT,
    show_default=True,
    help="Port to listen on; 0: any free one.",
)
@click.option(
    "--key",
    "keys",
    envvar="TICKFIRE_GATEWAY_KEY",
    show_envvar=True,
    multiple=True,
    help="API key to accept; may be given again. Default: any key.",
)
@click.option(
    "--seed",
    envvar="TICKFIRE_GATEWAY_SEED",
    show_envvar=True,
    default=1,
    show_default=True,
    help="Seed of the simulated market.",
)
@click.option(
    "--instruments",
    envvar="TICKFIRE_GATEWAY_INSTRUMENTS",
    show_envvar=True,
    default=DEFAULT_INSTRUMENTS,
    show_default=True,
    help="Number of instruments of the simulated market.",
)
@click.option(
    "--history",
    envvar="TICKFIRE_GATEWAY_HISTORY",
    show_envvar=True,
    type=FiniteRange(min=0),
    default=DEFAULT_HISTORY_S,
    show_default=True,
    help="Seconds of the simulated market's history that sessions can replay.",
)
@endpoint_options("gateway")
def gateway(
    file: Path | None,
    speed: float,
    loop: bool,
    host: str,
    port: int,
    keys: tuple[str, ...],
    seed: int,
    instruments: int,
    history: float,
    metrics_port: int | None,
    metrics_host: str,
) -> None:
    """Run a local Databento live gateway.

    It speaks the live protocol over plain TCP, and replays a .dbn or .dbn.zst file or simulates a
    market.
    """
    if file is not None and is_archive(file):
        file = dbn_of(file)
    config = GatewayConfig(
        host=host,
        port=port,
        file=file,
        speed=speed,
        loop=loop,
        keys=frozenset(keys) or None,
        seed=seed,
        instruments=instruments,
        history_s=history,
    )
    asyncio.run(run_gateway(config, endpoint_of(metrics_host, metrics_port)))


async def run_gateway(config: GatewayConfig, endpoint: Endpoint | None = None) -> None:
    """Serve until SIGTERM or SIGINT.

    Raises
    ------
    UserError
        If the file cannot be read, or the port cannot be listened on.
    """
    # Loads compiled code, so it comes after the options have been checked.
    from tickfire.ingest.gateway.metrics import GatewayMetrics
    from tickfire.ingest.gateway.server import serve_gateway

    stop = stop_event()
    async with await serve_gateway(config) as server:
        logger.info("gateway listening on %s:%d", server.host, server.port)
        metrics = GatewayMetrics(server)
        lag = asyncio.ensure_future(metrics.loop_lag.run())
        try:
            async with attended(metrics.registry, endpoint):
                await stop.wait()
        finally:
            lag.cancel()
