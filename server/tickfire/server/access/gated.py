"""`GatedSocket`: the user socket of a client that a gate has let in."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any, ClassVar, Final

from tickfire.phoenix import URI, ConnectError, ConnectInfo, JoinError, Refusal
from tickfire.phoenix.user_socket import ConnectionLike
from tickfire.server.access.gate import Gate
from tickfire.server.access.grant import GRANT
from tickfire.server.access.sockets import GrantedSocket

RENEWAL: Final = "access_token"
"""Event, on any joined topic, with the token that takes the place of the one before."""
UNAUTHORIZED: Final = "unauthorized"
"""Reason of refusals, as in Phoenix's guides."""
NEEDED_HEADERS: Final = ("host", "origin")
"""Headers by which a renewal is decided."""
KEPT_ORIGINS: Final = 1024
"""URIs, and values of these headers, that are kept for the connections that share them."""


class GatedSocket(GrantedSocket):
    """User socket whose client has a grant from a gate, and may renew it.

    Attributes
    ----------
    gate : Gate
        Set by subclasses.
    """

    gate: ClassVar[Gate]
    _origin: ConnectInfo | None = None

    async def connect(self, params: dict[str, Any], info: ConnectInfo) -> bool:
        """Accept a client with a grant."""
        grant = await self.gate.admit(params, info)
        if grant is None:
            return False
        self.lease = await self.gate.claim_connection(grant)
        self.assigns[GRANT] = grant
        if not self.gate.is_open:
            self._origin = _origin_of(info)
        return True

    def id(self) -> str | None:
        """Return the name by which the connections of the client's key, or user, are closed."""
        return self.grant.holder

    def authorize(self, topic: str) -> None:
        """Refuse topics that the client may not join."""
        if not self.grant.permits(topic):
            if self._origin is not None:
                self.gate.refused("its topic is not granted", self._origin, self.grant.key, topic)
            raise JoinError({"reason": UNAUTHORIZED})

    def granted(self) -> None:
        """Take a new grant into account; called once the client has renewed its own."""

    def opened(self, connection: ConnectionLike) -> None:
        """Watch the grant."""
        self.connection = connection
        self.gate.sockets.add(self)
        self.gate.leases.keep(self)

    def closed(self) -> None:
        """Watch the grant no longer."""
        self.connection = None
        self.gate.sockets.remove(self)
        self.gate.leases.release(self)

    async def renew(self, payload: object) -> str | None:
        """Take the grant of a new token; return the reason if the old one stays instead.

        Channels whose topics it does not permit end.
        """
        token = payload.get(RENEWAL) if isinstance(payload, dict) else None
        if not isinstance(token, str):
            return f"{RENEWAL} must be a text"
        if self._origin is None:
            return None  # no token is needed
        try:
            grant = await self.gate.admit({"token": token}, self._origin)
        except ConnectError as error:
            return "not now" if isinstance(error.payload, Refusal) else error.payload["reason"]
        if grant is None:
            return UNAUTHORIZED
        connection = self.connection
        if connection is not None:
            self.assigns[GRANT] = grant
            self.granted()
            connection.rename(grant.holder)
            self.gate.sockets.add(self)
            self.gate.leases.keep(self)
            loop = asyncio.get_running_loop()  # so that the reply comes first
            loop.call_soon(connection.end_channels, grant.permits, UNAUTHORIZED)
        return None


def _origin_of(info: ConnectInfo) -> ConnectInfo:
    """Return the part of a request that a renewal needs, in little memory."""
    uri = _uri(info.uri.scheme, info.uri.host, info.uri.port, info.uri.path)
    return ConnectInfo(
        info.transport, uri, _headers(*map(info.headers.get, NEEDED_HEADERS)), info.peer
    )


@lru_cache(KEPT_ORIGINS)
def _uri(scheme: str, host: str, port: int, path: str) -> URI:
    """Return one URI for all connections to it."""
    return URI(scheme, host, port, path)


@lru_cache(KEPT_ORIGINS)
def _headers(*values: str | None) -> Mapping[str, str]:
    """Return one mapping for all connections whose needed headers have these values."""
    pairs = zip(NEEDED_HEADERS, values, strict=True)
    return MappingProxyType({name: value for name, value in pairs if value is not None})
