"""The routes of the REST API, or the reason why there is none: it needs the extra ``archive``."""

from __future__ import annotations

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tickfire.base.errors import UserError
from tickfire.base.extras import require_extra
from tickfire.server.access.gate import Gate
from tickfire.server.limits.admission import Admission
from tickfire.server.market.market import Market
from tickfire.server.rest.openapi import PATHS, document


def rest_routes(market: Market, gate: Gate, admission: Admission) -> list[Route]:
    """Return the routes below ``/v1``, and that of their description."""
    described = msgspec.json.encode(document())

    async def description(request: Request) -> Response:
        return Response(described, media_type="application/json")

    routes = [Route("/openapi.json", description)]
    try:
        require_extra("archive", "the REST API")
    except UserError as error:
        body = msgspec.json.encode({"reason": str(error)})

        async def missing(request: Request) -> Response:
            return Response(body, 501, media_type="application/json")

        return [*routes, *(Route(path, missing) for path in PATHS)]
    from tickfire.server.rest.api import RestApi

    api = RestApi(market, gate, admission)
    handlers = dict(zip(PATHS, (api.candles, api.ticks, api.news, api.signals), strict=True))
    return [*routes, *(Route(path, handler) for path, handler in handlers.items())]
