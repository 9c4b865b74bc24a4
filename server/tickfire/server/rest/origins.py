"""Requests of pages of other origins, by the same rule as sockets (`check_origin`) and as CORS."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from tickfire.phoenix.transports.exchange import request_of
from tickfire.phoenix.transports.origin import OriginCheck
from tickfire.server.rest.responses import refusal

_ANSWERED: Final = ("GET", "HEAD", "OPTIONS")
METHODS: Final = [*_ANSWERED, "POST", "PUT", "PATCH", "DELETE", "TRACE"]
"""The methods of a route behind `checked`, which refuses all but the first three."""
_SHOWN: Final = "etag, retry-after, x-next-cursor"
_PREFLIGHT: Final = {
    "access-control-allow-methods": "GET, HEAD",
    "access-control-allow-headers": "authorization, if-none-match",
    "access-control-max-age": "600",
}
MAX_ORIGIN: Final = 255

type Handler = Callable[[Request], Awaitable[Response]]


def checked(check: OriginCheck, handler: Handler) -> Handler:
    """Return a handler that refuses other methods, and pages of origins that are not allowed."""

    async def respond(request: Request) -> Response:
        origin = request.headers.get("origin")
        if not check(origin, request_of(request.scope).uri.host):
            named = str(origin)[:MAX_ORIGIN]
            return refusal(403, f"pages of the origin {named} may not ask this server.")
        if request.method not in _ANSWERED:
            allowed = ", ".join(_ANSWERED)
            return refusal(
                405, f"{request.method} is not possible; use GET or HEAD.", {"allow": allowed}
            )
        if request.method == "OPTIONS":
            response = Response(status_code=204, headers=_PREFLIGHT)
        else:
            response = await handler(request)
        response.headers.add_vary_header("origin")
        if origin is not None:
            response.headers["access-control-allow-origin"] = origin
            response.headers["access-control-expose-headers"] = _SHOWN
        return response

    return respond
