"""Free TCP ports."""

from __future__ import annotations

import contextlib
import errno
import socket

from tickfire.base.errors import UserError


def free_port(host: str = "127.0.0.1") -> int:
    """Return a TCP port that is free now."""
    return free_ports(1, host)[0]


def free_ports(count: int, host: str = "127.0.0.1") -> list[int]:
    """Return `count` different TCP ports that are free now."""
    with contextlib.ExitStack() as stack:
        listeners = [stack.enter_context(bound_socket(host, 0)) for _ in range(count)]
        return [listener.getsockname()[1] for listener in listeners]


def check_port(host: str, port: int, *, option: str = "--port") -> int:
    """Check that a port is free and return it, or a free port if it is 0.

    Parameters
    ----------
    host : str
    port : int
    option : str
        Name of the option that sets the port, for the error message.

    Raises
    ------
    UserError
        The port is in use, or the address does not belong to this machine.
    """
    try:
        with bound_socket(host, port) as listener:
            bound: int = listener.getsockname()[1]
            return bound
    except socket.gaierror as error:
        raise UserError(f"{host} is not an address: {error.strerror}.") from error
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise UserError(
                f"port {port} on {host} is in use; stop what uses it, or set {option} to another."
            ) from error
        raise UserError(f"cannot listen on {host} port {port}: {error.strerror}.") from error


def bound_socket(host: str, port: int, backlog: int | None = None) -> socket.socket:
    """Return a TCP socket bound to an address, which listens if `backlog` is given.

    Raises
    ------
    OSError
        The address is invalid, is not this machine's, or is in use.
    """
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        if backlog is not None:
            listener.listen(backlog)
    except OSError:
        listener.close()
        raise
    return listener
