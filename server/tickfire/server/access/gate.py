"""`Gate`: lets clients in, and ends their connections when their grants end."""

from __future__ import annotations

import inspect
import math
import time
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Final

from tickfire.phoenix import ConnectError, ConnectInfo, Refusal
from tickfire.phoenix.transports.origin import compile_check
from tickfire.server.access.claims import ClaimsError, grant_from
from tickfire.server.access.failures import Failures
from tickfire.server.access.grant import UNLIMITED, Grant
from tickfire.server.access.key_book import KeyBook, NotLoaded
from tickfire.server.access.leases import Leases
from tickfire.server.access.rules import Access
from tickfire.server.access.sockets import Sockets
from tickfire.server.access.trail import Trail
from tickfire.server.limits.addresses import client_of, parse_address
from tickfire.store.store import Store

TOO_MANY: Final = Refusal(
    429,
    b'{"reason":"too many connections of this key or user","retry_after":5}',
    (("content-type", "application/json"), ("retry-after", "5")),
)
"""Response to clients whose grant has as many connections as it may have."""


class Refused(Exception):
    """Raised for a client whose grant does not hold; the message says why."""


class Gate:
    """Access control of a worker.

    Parameters
    ----------
    access : Access
        The rules.

    Raises
    ------
    UsageError
        If the rules are incomplete or cannot be loaded.
    """

    def __init__(self, access: Access) -> None:
        self.book = KeyBook()
        self.sockets = Sockets(self.book)
        self.leases = Leases()
        self._trail = Trail()
        self._failures = Failures()
        self._authenticator = access.load(self.book)

    @property
    def is_open(self) -> bool:
        """True if every client is let in, as in dev mode."""
        return self._authenticator is None

    def followers(self) -> Mapping[str, Callable[[Store], Coroutine[Any, Any, None]]]:
        """Return by name what follows Redis while the gate is in use."""
        if self.is_open:
            return {}
        return {
            "keys": self.book.run,
            "connections of keys": self.leases.run,
            "refusals": self._trail.run,
        }

    async def admit(self, params: dict[str, Any], info: ConnectInfo) -> Grant | None:
        """Return the grant of a client, or None if it is refused.

        A token that the client sent in a header is among the authenticator's params too, as
        `token`.

        Raises
        ------
        ConnectError
            It cannot be decided yet.
        """
        if self._authenticator is None:
            return UNLIMITED
        address = _address_of(info)
        now = time.monotonic()
        wait_s = self._failures.wait_s(address, now) if address else 0.0
        if wait_s:
            raise ConnectError(_wait(math.ceil(wait_s)))
        grant = await self._decide(params, info)
        if address and grant is None:
            self._failures.add(address, now)
        elif address:
            self._failures.forget(address)
        return grant

    async def _decide(self, params: dict[str, Any], info: ConnectInfo) -> Grant | None:
        if info.auth_token is not None:
            params = {**params, "token": info.auth_token}
        try:
            verdict = None if self._authenticator is None else self._authenticator(params, info)
            if inspect.isawaitable(verdict):
                verdict = await verdict
            grant = _grant_of(verdict)
            if grant is None:
                self.refused("it has no token, or one that is not accepted", info)
            else:
                self._check(grant, info)
        except (ClaimsError, Refused) as error:
            self.refused(str(error), info)
            return None
        except NotLoaded:
            raise ConnectError({"reason": "the keys have not been read yet"}) from None
        return grant

    def refused(
        self, why: str, info: ConnectInfo, key: str | None = None, topic: str | None = None
    ) -> None:
        """Record the refusal of a client, or of a join."""
        address = "an unknown address" if info.peer is None else info.peer[0]
        self._trail.add(why, address, key, topic)

    async def claim_connection(self, grant: Grant) -> str | None:
        """Return the lease of one more connection of a grant, None if it needs none.

        Raises
        ------
        ConnectError
            It has as many as it may have, with status 429.
        """
        if grant.connections is None:
            return None
        lease = None if self.sockets.is_full(grant) else await self.leases.claim(grant)
        if lease is None:
            raise ConnectError(TOO_MANY)
        return lease

    def _check(self, grant: Grant, info: ConnectInfo) -> None:
        """Check that a grant holds for a client now."""
        if grant.has_expired(time.time()):
            raise Refused("its grant has expired")
        if not self.book.allows(grant):
            raise Refused("its user was signed out")
        if not _is_from(grant, info):
            raise Refused("its origin is not one that its grant names")


def _address_of(info: ConnectInfo) -> str | None:
    """Return the address that refusals are counted for; None for one that they are not."""
    address = None if info.peer is None else parse_address(info.peer[0])
    return None if address is None or address.is_loopback else client_of(address)


def _wait(seconds: int) -> Refusal:
    """Return the response to a client that has to wait."""
    body = f'{{"reason":"too many refused attempts","retry_after":{seconds}}}'
    headers = (("content-type", "application/json"), ("retry-after", str(seconds)))
    return Refusal(429, body.encode(), headers)


def _grant_of(verdict: object) -> Grant | None:
    """Return the grant that an authenticator's result stands for, None for a refusal."""
    if not verdict:
        return None
    if isinstance(verdict, Grant):
        return verdict
    return grant_from(verdict) if isinstance(verdict, Mapping) else UNLIMITED


def _is_from(grant: Grant, info: ConnectInfo) -> bool:
    """Return whether a request comes from a page of an origin that a grant names.

    A page's own pictures and scripts are asked for without an Origin, but with a Referer.
    """
    if grant.origins is None:
        return True
    page = info.headers.get("origin") or info.headers.get("referer")
    return page is not None and compile_check(grant.origins, "")(page, info.host)
