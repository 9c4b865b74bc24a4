"""Options of ``tickfire serve`` for its limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Final

import click

from tickfire.base.finite import FiniteRange
from tickfire.server.limits.addresses import Proxies, parse_networks
from tickfire.server.limits.admission import (
    DEFAULT_HANDSHAKE_S,
    DEFAULT_MAX_CONNECTIONS,
    DEFAULT_MAX_MESSAGE,
    DEFAULT_MAX_PER_ADDRESS,
    Limits,
)
from tickfire.server.limits.quotas import Quotas, parse_quotas

_OPTIONS: Final = (
    click.option(
        "--trusted-proxies",
        "proxies",
        envvar="TRUSTED_PROXIES",
        default="",
        metavar="CIDRS",
        show_envvar=True,
        callback=lambda context, parameter, value: Proxies(parse_networks(value)),
        help="Addresses of proxies whose X-Forwarded-For is believed, as 10.0.0.0/8.",
    ),
    click.option(
        "--max-connections",
        envvar="TICKFIRE_MAX_CONNECTIONS",
        type=click.IntRange(min=1),
        default=DEFAULT_MAX_CONNECTIONS,
        show_default=True,
        show_envvar=True,
        help="Connections of each worker; fewer if the system allows fewer open files.",
    ),
    click.option(
        "--max-connections-per-address",
        "max_per_address",
        envvar="TICKFIRE_MAX_CONNECTIONS_PER_ADDRESS",
        type=click.IntRange(min=1),
        default=DEFAULT_MAX_PER_ADDRESS,
        show_default=True,
        show_envvar=True,
        help="Connections of one address, or one /64 network of IPv6, with each worker.",
    ),
    click.option(
        "--limit-loopback",
        envvar="TICKFIRE_LIMIT_LOOPBACK",
        is_flag=True,
        show_envvar=True,
        help="Hold clients on this machine to that limit too.",
    ),
    click.option(
        "--handshake-timeout",
        "handshake_s",
        envvar="TICKFIRE_HANDSHAKE_TIMEOUT",
        type=FiniteRange(min=0, min_open=True),
        default=DEFAULT_HANDSHAKE_S,
        show_default=True,
        show_envvar=True,
        metavar="SECONDS",
        help="Time in which a client must have sent its request.",
    ),
    click.option(
        "--max-message-size",
        "max_message",
        envvar="TICKFIRE_MAX_MESSAGE_SIZE",
        type=click.IntRange(min=1024),
        default=DEFAULT_MAX_MESSAGE,
        show_default=True,
        show_envvar=True,
        metavar="BYTES",
        help="Size of a client's message, after decompression.",
    ),
    click.option(
        "--quota",
        "quotas",
        envvar="TICKFIRE_QUOTAS",
        multiple=True,
        metavar="NAME=VALUE",
        show_envvar=True,
        callback=lambda context, parameter, values: parse_quotas(" ".join(values)),
        help="How much a client may ask for: connects (of an address or key), messages, joins and "
        "replays (of a connection) as RATE/BURST, a second and at once; bandwidth (KiB of a "
        "connection) likewise, beyond which ticks are merged; topics, lanes and "
        f"indicators (of an address or key) as a number. Default: {Quotas()}.",
    ),
)


def limits_options(command: Any) -> Any:
    """Add the options to a command."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def limits_of(given: Mapping[str, Any]) -> Limits:
    """Return the limits that the values of the options set."""
    return Limits(**{field.name: given[field.name] for field in fields(Limits)})
