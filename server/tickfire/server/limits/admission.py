"""`Admission`: the connections of one worker, counted in all and by address."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from tickfire.server.limits.addresses import Address, Proxies, client_of, parse_address
from tickfire.server.limits.buckets import Buckets, Rate
from tickfire.server.limits.causes import ADDRESS, CONNECTS, FULL, Cause
from tickfire.server.limits.quotas import Quotas
from tickfire.server.limits.refusals import Refusals

DEFAULT_MAX_CONNECTIONS: Final = 50_000
DEFAULT_MAX_PER_ADDRESS: Final = 256
DEFAULT_HANDSHAKE_S: Final = 5.0
DEFAULT_MAX_MESSAGE: Final = 64 << 10
MAX_GUESTS: Final = 64
MAX_REMEMBERED: Final = 4096
"""Peers whose addresses need not be parsed again."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of each worker.

    Attributes
    ----------
    max_connections : int
        Maximum number of connections in all.
    max_per_address : int
        Maximum number of connections of one address.
    limit_loopback : bool
        True to count clients on this machine too.
    proxies : Proxies
        The proxies that are trusted to name their clients.
    handshake_s : float
        Time in which a client must have sent its request, in seconds.
    max_message : int
        Maximum size of a client's message, in bytes, after decompression.
    quotas : Quotas
        How much a client may ask for.
    """

    max_connections: int = DEFAULT_MAX_CONNECTIONS
    max_per_address: int = DEFAULT_MAX_PER_ADDRESS
    limit_loopback: bool = False
    proxies: Proxies = field(default_factory=Proxies)
    handshake_s: float = DEFAULT_HANDSHAKE_S
    max_message: int = DEFAULT_MAX_MESSAGE
    quotas: Quotas = field(default_factory=Quotas)


class Guest(Protocol):
    """A connection beyond the limits."""

    def drop(self) -> None:
        """End the connection at once."""


class Admission:
    """Counter of connections, which admits or refuses each.

    A connection beyond the limits is a *guest*: it may ask for the health of the server, for which
    a few descriptors are kept, and is refused anything else. The oldest guest is dropped when there
    are too many.

    Parameters
    ----------
    limits : Limits
    clock : callable
        Returns seconds.

    Attributes
    ----------
    limits : Limits
    refusals : Refusals
    connections : int
        The number of connections, without guests.
    is_leaving : bool
        True if the server is about to stop, as load balancers are told.
    """

    def __init__(
        self, limits: Limits | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.limits = limits or Limits()
        self.refusals = Refusals()
        self.connections = 0
        self.is_leaving = False
        self._clock = clock
        self._connects = Buckets()
        self._by_client: dict[str, int] = {}
        self._guests: dict[Guest, None] = {}
        self._clients: dict[str, str | None] = {}
        self._on_stop: Callable[[], None] | None = None

    # --- the end
    def on_stop(self, callback: Callable[[], None]) -> None:
        """Call `callback` once, when the server begins to stop."""
        self._on_stop = callback

    def stop(self) -> None:
        """Tell that the server has begun to stop."""
        callback, self._on_stop = self._on_stop, None
        if callback is not None:
            callback()

    # --- clients
    def client(self, peer: str, forwarded: Sequence[str] = ()) -> str | None:
        """Return the client by whose address a connection counts, None if it counts for none.

        That is so for those of trusted proxies, as long as they have not named the client, and for
        those of this machine.
        """
        if forwarded:
            return self._find_client(peer, forwarded)
        if peer not in self._clients:
            if len(self._clients) >= MAX_REMEMBERED:
                self._clients.clear()
            self._clients[peer] = self._find_client(peer, ())
        return self._clients[peer]

    def _find_client(self, peer: str, forwarded: Sequence[str]) -> str | None:
        found = parse_address(peer)
        if found is None:
            return None
        proxies = self.limits.proxies
        address = proxies.client(found, forwarded)
        return None if self._is_exempt(address, proxies) else client_of(address)

    def _is_exempt(self, address: Address, proxies: Proxies) -> bool:
        if address.is_loopback and not self.limits.limit_loopback:
            return True
        return proxies.trusts(address)

    # --- connections
    def admit(self, client: str | None) -> Cause | None:
        """Count a connection, or return the cause of its refusal."""
        if self.connections >= self.limits.max_connections:
            return FULL
        cause = self.claim(client)
        if cause is None:
            self.connections += 1
        return cause

    def claim(self, client: str | None) -> Cause | None:
        """Count an admitted connection for its client too, or return the cause of its refusal."""
        if client is None:
            return None
        count = self._by_client.get(client, 0)
        if count >= self.limits.max_per_address:
            return ADDRESS
        self._by_client[client] = count + 1
        return None

    def connect(self, client: str | None, rate: Rate | None = None) -> Cause | None:
        """Count a client's attempt to connect, or return the cause of its refusal.

        Parameters
        ----------
        client : str or None
        rate : Rate, optional
            The client's own rate; by default that of all.
        """
        if client is None:
            return None
        rate = rate or self.limits.quotas.connects
        return CONNECTS if self._connects.take(client, rate, self._clock()) else None

    def leave(self, client: str | None) -> None:
        """Discount a connection that was admitted."""
        self.connections -= 1
        if client is None:
            return
        count = self._by_client[client] - 1
        if count:
            self._by_client[client] = count
        else:
            del self._by_client[client]

    # --- guests
    def receive_guest(self, guest: Guest) -> None:
        """Let a connection in beyond the limits, in place of the oldest guest if need be."""
        self._guests[guest] = None
        if len(self._guests) > MAX_GUESTS:
            oldest = next(iter(self._guests))
            del self._guests[oldest]
            oldest.drop()

    def dismiss_guest(self, guest: Guest) -> None:
        """Forget a guest whose connection has ended."""
        self._guests.pop(guest, None)
