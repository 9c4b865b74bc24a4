"""Check of the Host header, against pages that let their own name point to this server.

Such a page, by DNS rebinding, has the same origin as the server in the eyes of its browser, so that
the check of the Origin header passes. It has a name, never an address.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from tickfire.phoenix.core.connect_info import without_port
from tickfire.phoenix.transports.exchange import respond
from tickfire.server.limits.addresses import parse_address
from tickfire.server.limits.causes import HOST
from tickfire.server.limits.refusals import Refusals

LOCAL: Final = ("localhost", "*.localhost")


class Hosts:
    """The names by which the server may be reached; an address always may be used.

    Parameters
    ----------
    names : sequence of str
        Names, and patterns such as ``*.example.com``, which includes ``example.com``.
    """

    def __init__(self, names: Sequence[str]) -> None:
        lowered = [name.lower() for name in names]
        self._names = frozenset(name.removeprefix("*.") for name in lowered)
        self._suffixes = tuple(name[1:] for name in lowered if name.startswith("*."))

    def allow(self, header: str | None) -> bool:
        """Return whether a Host header may be used; without one the client is no browser."""
        if header is None:
            return True
        name = without_port(header.strip()).lower().rstrip(".")
        if parse_address(name.strip("[]")) is not None or name in self._names:
            return True
        return bool(self._suffixes) and name.endswith(self._suffixes)


def hosts_of(origins: Sequence[str]) -> list[str]:
    """Return the hosts of origins, such as ``https://app.example`` or ``//*.example``."""
    return [without_port(origin.rpartition("//")[2]) for origin in origins]


class HostCheck:
    """ASGI middleware that refuses requests by a name that is not allowed, with status 403.

    Parameters
    ----------
    app : ASGIApp
    hosts : Hosts
    refusals : Refusals
    """

    def __init__(self, app: ASGIApp, hosts: Hosts, refusals: Refusals) -> None:
        self._app = app
        self._hosts = hosts
        self._refusals = refusals

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve or refuse a request."""
        checked = scope["type"] in ("http", "websocket")
        if not checked or self._hosts.allow(Headers(scope=scope).get("host")):
            await self._app(scope, receive, send)
            return
        client = scope.get("client")
        self._refusals.add(HOST, client[0] if client else "")
        await respond(HOST.refusal(), scope, send)
