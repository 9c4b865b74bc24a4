"""Free TCP ports."""

from __future__ import annotations

import errno
import socket

from tickfire.base.errors import UserError


def free_port(host: str = "127.0.0.1") -> int:
    """Return a TCP port that is free now, and that the system gives to no one else for a while.

    A connection that the listener's side closes first stays in TIME_WAIT, for a minute on Linux:
    meanwhile the port is not chosen for a socket bound to port 0, and only one bound to it by
    number, with SO_REUSEADDR as servers do, gets it.
    """
    with bound_socket(host, 0, backlog=1) as listener:
        address = listener.getsockname()
        with socket.socket(listener.family) as client:
            client.connect(address)
            listener.accept()[0].close()
        return int(address[1])


def free_ports(count: int, host: str = "127.0.0.1") -> list[int]:
    """Return `count` different TCP ports, each as by `free_port`."""
    return [free_port(host) for _ in range(count)]


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
