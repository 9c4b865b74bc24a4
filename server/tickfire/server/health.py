"""The routes that load balancers and monitoring ask: ``/healthz``, ``/readyz``, ``/metrics``."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tickfire.base.exposition import CONTENT_TYPE
from tickfire.server.limits.admission import Admission
from tickfire.server.market.market import Market
from tickfire.server.scrapes.worker import SharedMetrics

LEAVING: Final = "the server is about to stop"


def health_routes(
    market: Market, admission: Admission, shared: SharedMetrics | None
) -> list[Route]:
    """Return the routes of a market."""

    async def healthz(request: Request) -> Response:
        why = market.failure()
        status = "ok" if why is None else "failed"
        return JSONResponse({"status": status, "why": why}, 200 if why is None else 503)

    async def readyz(request: Request) -> Response:
        why = LEAVING if admission.is_leaving else market.failure() or market.fault()
        body = {
            "ready": why is None,
            "why": why,
            "at": None if market.live is None else str(market.live.data.newest_id()),
            "feeds": market.health.feeds_as_json(),
        }
        return JSONResponse(body, 200 if why is None else 503)

    async def metrics(request: Request) -> Response:
        text = market.metrics.render() if shared is None else await shared.text()
        return Response(text, headers={"content-type": CONTENT_TYPE})

    return [Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", metrics)]
