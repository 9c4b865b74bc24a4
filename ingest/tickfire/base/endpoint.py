"""The address that serves the metrics of a process, and the options that set it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import click


class Endpoint(NamedTuple):
    """The address that serves the metrics of a process; port 0 is a free one."""

    host: str
    port: int


def endpoint_options(process: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return a decorator that adds ``--metrics-port`` and ``--metrics-host`` to a command.

    Parameters
    ----------
    process : str
        Name of the process, with which the environment variables of the options begin: processes
        that share an environment need ports of their own.
    """
    prefix = process.upper()
    port = click.option(
        "--metrics-port", envvar=f"{prefix}_METRICS_PORT", show_envvar=True,
        type=click.IntRange(0, 65535), help="Serve Prometheus metrics on this port; 0: a free one.",
    )  # fmt: skip
    host = click.option(
        "--metrics-host", envvar=f"{prefix}_METRICS_HOST", show_envvar=True, default="127.0.0.1",
        show_default=True, help="Address on which metrics are served.",
    )  # fmt: skip
    return lambda command: port(host(command))


def endpoint_of(host: str, port: int | None) -> Endpoint | None:
    """Return the endpoint that the options of a command name, None without a port."""
    return None if port is None else Endpoint(host, port)
