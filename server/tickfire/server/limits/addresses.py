"""Addresses of clients, trusted proxies, and networks that count as one client. Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from typing import Final

from tickfire.base.errors import UsageError
from tickfire.base.listed import listed

type Address = ipaddress.IPv4Address | ipaddress.IPv6Address
type Network = ipaddress.IPv4Network | ipaddress.IPv6Network

CLIENT_PREFIX_V6: Final = 64
"""Bits of an IPv6 address that count: a site is given a /64, and its clients choose the rest."""
_MAPPED_PREFIX: Final = 96


def parse_networks(text: str) -> tuple[Network, ...]:
    """Return the networks in a list of addresses and CIDRs, separated by spaces or commas.

    Raises
    ------
    UsageError
        An element is neither.
    """
    return tuple(map(_network, listed(text)))


def _network(text: str) -> Network:
    try:
        return ipaddress.ip_network(text)
    except ValueError as error:
        raise UsageError(
            f"TRUSTED_PROXIES: {error}; write an address or a CIDR, such as 10.0.0.0/8."
        ) from None


def parse_address(text: str) -> Address | None:
    """Return an address, None if the text is not one; an IPv4 address mapped to IPv6 is IPv4."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def client_of(address: Address) -> str:
    """Return the address by which a client is counted: of IPv6, its /64 network."""
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    return str(ipaddress.ip_network((address, CLIENT_PREFIX_V6), strict=False))


class Proxies:
    """The proxies whose X-Forwarded-For header is believed.

    Parameters
    ----------
    networks : sequence of Network
    """

    def __init__(self, networks: Sequence[Network] = ()) -> None:
        self._networks = tuple(networks)

    def trusts(self, address: Address) -> bool:
        """Return whether an address is that of a trusted proxy."""
        return any(address in network for network in self._networks)

    def client(self, peer: Address, forwarded: Sequence[str]) -> Address:
        """Return the address of the client behind a peer.

        Parameters
        ----------
        peer : Address
        forwarded : sequence of str
            The elements of its X-Forwarded-For headers. Each proxy appends the address of its
            peer, so the last one that is not a trusted proxy's is the client's.
        """
        client = peer
        for element in reversed(forwarded):
            if not self.trusts(client):
                break
            address = parse_address(_without_port(element.strip()))
            if address is None:
                break
            client = address
        return client

    def for_uvicorn(self) -> list[str]:
        """Return the networks as uvicorn's `forwarded_allow_ips`, with IPv4 mapped to IPv6 too."""
        mapped = [
            f"::ffff:{each.network_address}/{_MAPPED_PREFIX + each.prefixlen}"
            for each in self._networks
            if isinstance(each, ipaddress.IPv4Network)
        ]
        return [*map(str, self._networks), *mapped]


def _without_port(text: str) -> str:
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0] if text.count(":") == 1 else text
