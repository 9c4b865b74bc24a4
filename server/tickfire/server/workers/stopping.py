"""Times that stopping workers take, and the options that set them."""

from __future__ import annotations

from typing import Final

import click

from tickfire.base.finite import FiniteRange

DEFAULT_DRAIN_S: Final = 5.0
STOP_PATIENCE_S: Final = 5
"""Time for the responses that are being sent when all WebSockets are closed, in seconds."""
DEFAULT_READY_S: Final = 60.0

drain_option = click.option(
    "--drain-seconds",
    "drain_s",
    envvar="TICKFIRE_DRAIN_SECONDS",
    type=FiniteRange(0, 3600),
    default=DEFAULT_DRAIN_S,
    show_default=True,
    show_envvar=True,
    metavar="SECONDS",
    help="Time over which connections are closed, in batches, when the server stops or its workers "
    "are replaced; less if they are few.",
)
leave_option = click.option(
    "--drain-delay",
    "leave_s",
    envvar="TICKFIRE_DRAIN_DELAY",
    type=FiniteRange(0, 3600),
    default=0.0,
    show_default=True,
    show_envvar=True,
    metavar="SECONDS",
    help="Time before that in which a server that stops takes clients still, but answers 503 at "
    "/readyz, so that load balancers send it no more.",
)
ready_option = click.option(
    "--reload-timeout",
    "ready_s",
    envvar="TICKFIRE_RELOAD_TIMEOUT",
    type=FiniteRange(1, 3600),
    default=DEFAULT_READY_S,
    show_default=True,
    show_envvar=True,
    metavar="SECONDS",
    help="Time in which new workers must be ready; the old ones go on otherwise.",
)
