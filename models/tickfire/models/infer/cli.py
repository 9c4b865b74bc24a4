"""Command ``tickfire infer``."""

from __future__ import annotations

from pathlib import Path

import click

from tickfire.base.calendar.option import sessions_option
from tickfire.base.calendar.sessions import Sessions
from tickfire.base.endpoint import endpoint_of, endpoint_options
from tickfire.base.errors import UsageError
from tickfire.store.options import redis_url_option


@click.command()
@redis_url_option
@click.option(
    "--artifacts",
    envvar=["TICKFIRE_ARTIFACTS", "TICKFIRE_ARTEFACTS"],
    type=click.Path(path_type=Path),
    help="Folder of trained models [TICKFIRE_ARTIFACTS]; default: those that ship.",
)
@click.option(
    "--model",
    "models",
    envvar="TICKFIRE_MODELS",
    show_envvar=True,
    multiple=True,
    metavar="NAME",
    help="Model to run over ticks and bars, or MODULE:CLASS of your own; repeat it for several."
    " Default: all that ship; none for none.",
)
@click.option(
    "--standby/--no-standby",
    envvar="TICKFIRE_INFER_STANDBY",
    show_envvar=True,
    default=True,
    show_default=True,
    help="Wait while another infer publishes, and take over when it ends; or exit.",
)
@sessions_option
@endpoint_options("infer")
def infer(
    redis_url: str,
    artifacts: Path | None,
    models: tuple[str, ...],
    standby: bool,
    sessions: Sessions,
    metrics_port: int | None,
    metrics_host: str,
) -> None:
    """Run models over the streams: sentiment of headlines, signals of ticks and bars."""
    from tickfire.base.run import run_loop
    from tickfire.models.artifact import SHIPPED
    from tickfire.models.infer.service import InferConfig, run
    from tickfire.models.registry import STREAM_MODELS

    wanted = () if models == ("none",) else models or tuple(STREAM_MODELS)
    if unknown := [name for name in wanted if name not in STREAM_MODELS and ":" not in name]:
        raise UsageError(
            f"there is no model {unknown[0]} over ticks and bars; choose from"
            f" {', '.join(STREAM_MODELS)}, or name MODULE:CLASS."
        )
    if artifacts is not None and not artifacts.is_dir():
        raise UsageError(f"there is no folder {artifacts}; name a folder of artifacts.")
    run_loop(
        run(
            InferConfig(artifacts or SHIPPED, wanted, sessions, standby),
            redis_url,
            endpoint_of(metrics_host, metrics_port),
        )
    )
