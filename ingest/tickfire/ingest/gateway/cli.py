"""``tickfire gateway``: run a gateway until told to stop."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import click

from tickfire.base.run import stop_event
from tickfire.ingest.gateway.config import (
    DEFAULT_HISTORY_S,
    DEFAULT_INSTRUMENTS,
    DEFAULT_PORT,
    GatewayConfig,
)

logger = logging.getLogger(__name__)


@click.command()
@click.option("--file", type=click.Path(path_type=Path), help="DBN file to replay.")
@click.option("--speed", default=1.0, help="Of the recorded pace; 0: as fast as it is read.")
@click.option("--loop/--no-loop", default=False, help="At the end, close sessions to begin anew.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=DEFAULT_PORT, show_default=True, help="0: a free one.")
@click.option("--key", "keys", multiple=True, help="API key to accept; without one, any.")
@click.option("--seed", default=1, show_default=True, help="Of the simulated market.")
@click.option(
    "--instruments",
    default=DEFAULT_INSTRUMENTS,
    show_default=True,
    help="Of the simulated market.",
)
@click.option(
    "--history",
    default=DEFAULT_HISTORY_S,
    show_default=True,
    help="Seconds of the simulated market's past that a session can ask for.",
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

    It speaks the live protocol over plain TCP, and replays a .dbn or .dbn.zst file or, without
    one, makes up a market.
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
        If the file cannot be replayed, or the port is in use.
    """
    # Compiled code is loaded only now: a wrong option is told at once.
    from tickfire.ingest.gateway.server import serve_gateway

    stop = stop_event()
    async with await serve_gateway(config) as server:
        logger.info("gateway listening on %s:%d", server.host, server.port)
        await stop.wait()
