"""The routes of the REST API, or the reason why there is none: it needs the extra ``archive``."""

from __future__ import annotations

from functools import cache
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tickfire.base.errors import UserError
from tickfire.base.extras import require_extra
from tickfire.phoenix.transports.origin import OriginRule, compile_check
from tickfire.server.access.gate import Gate
from tickfire.server.limits.admission import Admission
from tickfire.server.limits.meter import Meter
from tickfire.server.market.market import Market
from tickfire.server.rest.openapi import PATHS, document
from tickfire.server.rest.origins import METHODS, Handler, checked
from tickfire.server.rest.responses import refusal

DESCRIPTION: Final = "/openapi.json"


def rest_routes(
    market: Market, gate: Gate, admission: Admission, meter: Meter, check_origin: OriginRule
) -> list[Route]:
    """Return the routes below ``/v1``, and that of their description."""
    check = compile_check(check_origin, "")

    @cache
    def described(root_path: str) -> bytes:
        return msgspec.json.encode(document(root_path))

    async def description(request: Request) -> Response:
        content = described(request.scope.get("root_path", ""))
        return Response(content, media_type="application/json")

    async def unknown(request: Request) -> Response:
        paths = ", ".join(PATHS)
        return refusal(404, f"there is no such path; there are {paths}, and {DESCRIPTION}.")

    handlers = {
        DESCRIPTION: description,
        **_handlers(market, gate, admission, meter),
        "/v1": unknown,
        "/v1/{path:path}": unknown,
    }
    return [
        Route(path, checked(check, handler), methods=METHODS) for path, handler in handlers.items()
    ]


def _handlers(market: Market, gate: Gate, admission: Admission, meter: Meter) -> dict[str, Handler]:
    try:
        require_extra("archive", "the REST API")
    except UserError as error:
        reason = str(error)

        async def missing(request: Request) -> Response:
            return refusal(501, reason)

        return dict.fromkeys(PATHS, missing)
    from tickfire.server.rest.api import RestApi

    api = RestApi(market, gate, admission, meter)
    return dict(zip(PATHS, (api.candles, api.ticks, api.news, api.signals), strict=True))
