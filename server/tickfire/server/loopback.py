"""The guard of dev mode, which accepts every client: it listens on loopback addresses alone."""

from __future__ import annotations

import ipaddress

import click

from tickfire.base.errors import UsageError

insecure_option = click.option(
    "--insecure",
    is_flag=True,
    help="Allow dev mode on an address that other machines can reach.",
)


def is_loopback(host: str) -> bool:
    """Return whether an address is a loopback address; of names, only localhost counts as one."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_loopback(host: str, option: str, *, insecure: bool) -> None:
    """Check that dev mode may listen on an address.

    Raises
    ------
    UsageError
        It is no loopback address, and `insecure` is not given; the text names the `option` that
        sets the address.
    """
    if not is_loopback(host) and not insecure:
        raise UsageError(
            f"dev mode accepts clients without a token, so it does not listen on {host}; "
            f"leave {option} at 127.0.0.1, or add --insecure to allow it."
        )
