"""``tickfire reload`` and ``tickfire drain``: the commands to a running server."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import click

from tickfire.base.errors import UserError
from tickfire.base.finite import FiniteRange
from tickfire.server.control import wire
from tickfire.server.control.path import control_option, control_path

port_option = click.option(
    "--port",
    envvar="PORT",
    type=click.IntRange(1, 65535),
    default=4000,
    show_default=True,
    help="Port of the server, which tells where its control socket is.",
)


@click.command()
@port_option
@control_option
def reload(port: int, control: Path | None) -> None:
    """Replace the workers of `tickfire serve` by new ones, with the code that is installed now.

    The new ones load the market first. When all are ready, the old ones close their connections in
    batches (1012), and clients resume with the new ones. If they do not become ready, the old ones
    go on, and this command ends with code 1 and the reason. It must run as the server's user.
    """
    failure = _ask(control or control_path(port), do=wire.RELOAD)
    if failure is not None:
        raise UserError(f"the workers are not replaced: {failure.rstrip('.')}. The old ones go on.")


@click.command()
@port_option
@control_option
@click.option(
    "--delay",
    type=FiniteRange(0, 3600),
    metavar="SECONDS",
    help="Time in which /readyz answers 503, but clients are taken still, so that load balancers "
    "look elsewhere first.  [default: --drain-delay of the server]",
)
def drain(port: int, control: Path | None, delay: float | None) -> None:
    """Stop `tickfire serve` so that its clients move to other servers.

    It first answers 503 at /readyz, then closes its connections in batches (1012), and exits; the
    command returns when it has. A service manager may start it again: stop the service there.
    """
    failure = _ask(control or control_path(port), do=wire.DRAIN, delay=delay)
    if failure is not None:
        raise UserError(f"the server is not drained: {failure}.")


def _ask(path: Path, **request: Any) -> str | None:
    """Send a request, print the progress, and return the reason of a failure."""
    with socket.socket(socket.AF_UNIX) as peer:
        try:
            peer.connect(str(path))
        except OSError as error:
            raise UserError(
                f"no server takes commands at {path} ({error.strerror or error}); set --port or "
                "--control as for `tickfire serve`, and run as its user."
            ) from error
        peer.sendall(wire.pack(**request))
        with peer.makefile("rb") as lines:
            for line in lines:
                answer = wire.unpack(line)
                if "progress" in answer:
                    click.echo(answer["progress"])
                elif "failed" in answer:
                    return str(answer["failed"])
                elif "done" in answer:
                    return None
    return "the server has ended"
