"""Command ``tickfire gateway``."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import click

from tickfire.base.run import stop_event
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
    type=click.Path(path_type=Path),
    help="DBN file to replay. Default: a simulated market.",
)
@click.option(
    "--speed", default=1.0, help="Factor on the recorded pace; 0: as fast as clients read."
)
@click.option(
    "--loop/--no-loop",
    default=False,
    help="End sessions at the end of the file, so that clients replay it again.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", default=DEFAULT_PORT, show_default=True, help="Port to listen on; 0: any free one."
)
@click.option(
    "--key", "keys", multiple=True, help="API key to accept; may be given again. Default: any key."
)
@click.option("--seed", default=1, show_default=True, help="Seed of the simulated market.")
@click.option(
    "--instruments",
    default=DEFAULT_INSTRUMENTS,
    show_default=True,
    help="Number of instruments of the simulated market.",
)
@click.option(
    "--history",
    default=DEFAULT_HISTORY_S,
    show_default=True,
    help="Seconds of the simulated market's history that sessions can replay.",
)
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
) -> None:
    """Run a local Databento live gateway.

    It speaks the live protocol over plain TCP, and replays a .dbn or .dbn.zst file or simulates a
    market.
    """
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
    asyncio.run(run_gateway(config))


async def run_gateway(config: GatewayConfig) -> None:
    """Serve until SIGTERM or SIGINT.

    Raises
    ------
    UserError
        If the file cannot be read, or the port cannot be listened on.
    """
    # Loads compiled code, so it comes after the options have been checked.
    from tickfire.ingest.gateway.server import serve_gateway

    stop = stop_event()
    async with await serve_gateway(config) as server:
        logger.info("gateway listening on %s:%d", server.host, server.port)
        await stop.wait()
