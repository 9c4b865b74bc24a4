"""`RestApi`: the handlers of the REST API, behind the same gate and grants as the socket."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Awaitable, Callable
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from tickfire.archive.tables import NEWS, SIGNALS
from tickfire.server.access.gate import Gate
from tickfire.server.access.grant import Grant
from tickfire.server.access.http import grant_of_request
from tickfire.server.limits.admission import Admission
from tickfire.server.limits.buckets import Buckets
from tickfire.server.limits.causes import REPLAYS
from tickfire.server.limits.quotas import SHARED
from tickfire.server.market.epoch.archive import ArchiveBusy, ArchiveUnavailable
from tickfire.server.market.epoch.live import LiveMarket
from tickfire.server.market.market import Market
from tickfire.server.market.ticks.source import Listing
from tickfire.server.market.topics.news import HEADLINES
from tickfire.server.rest.candles import candles_page
from tickfire.server.rest.page import Page
from tickfire.server.rest.params import BadQuery, Query, parse_query
from tickfire.server.rest.records import records_page
from tickfire.server.rest.ticks import TickPages
from tickfire.store.requests import RedisUnavailable

RETRY_S: Final = 1

logger = logging.getLogger(__name__)


class _Refused(Exception):
    """Raised with the response to a request that is refused."""

    def __init__(self, response: Response) -> None:
        super().__init__()
        self.response = response


class RestApi:
    """Handlers of ``/v1/...``.

    Parameters
    ----------
    market : Market
    gate : Gate
        That of the socket.
    admission : Admission
        The quotas of clients: a request counts as a join with ``since``.
    """

    def __init__(self, market: Market, gate: Gate, admission: Admission) -> None:
        self._market = market
        self._gate = gate
        self._admission = admission
        self._buckets = Buckets()
        self._ticks = TickPages(market.archive)

    async def candles(self, request: Request) -> Response:
        """Respond with candles."""

        async def page(live: LiveMarket, grant: Grant) -> tuple[Page, Query]:
            query = _query(request, needs_symbol=True, own="interval")
            _permit(grant, f"candles:{query.symbol}:{query.interval}")
            listing = _listing(live, query)
            return await candles_page(self._market.history, live, listing, query), query

        return await self._respond(request, page)

    async def ticks(self, request: Request) -> Response:
        """Respond with ticks."""

        async def page(live: LiveMarket, grant: Grant) -> tuple[Page, Query]:
            query = _query(request, needs_symbol=True, own="kind")
            _permit(grant, f"market:{query.symbol}")
            return await self._ticks.page(live, _listing(live, query), query), query

        return await self._respond(request, page)

    async def news(self, request: Request) -> Response:
        """Respond with headlines."""

        async def page(live: LiveMarket, grant: Grant) -> tuple[Page, Query]:
            query = _query(request, needs_symbol=False)
            _permit(grant, HEADLINES)
            return await records_page(NEWS, live.store, self._market.archive, query), query

        return await self._respond(request, page)

    async def signals(self, request: Request) -> Response:
        """Respond with signals."""

        async def page(live: LiveMarket, grant: Grant) -> tuple[Page, Query]:
            query = _query(request, needs_symbol=True)
            _permit(grant, f"signals:{query.symbol}")
            return await records_page(SIGNALS, live.store, self._market.archive, query), query

        return await self._respond(request, page)

    async def _respond(
        self,
        request: Request,
        page: Callable[[LiveMarket, Grant], Awaitable[tuple[Page, Query]]],
    ) -> Response:
        grant = await grant_of_request(self._gate, request)
        if isinstance(grant, Response):
            return _error(grant.status_code, bytes(grant.body).decode(), dict(grant.headers))
        wait_s = self._wait_s(request, grant)
        if wait_s:
            return _later(429, REPLAYS.text, math.ceil(wait_s))
        live = self._market.live
        if live is None:
            return _later(503, self._market.trouble() or "no market data yet")
        try:
            made, query = await page(live, grant)
            return made.response(query.form)
        except BadQuery as error:
            return _error(400, str(error))
        except _Refused as refused:
            return refused.response
        except ArchiveBusy:
            return _later(429, "too many requests wait for the archive")
        except (RedisUnavailable, ArchiveUnavailable) as error:
            logger.warning("a request cannot be answered: %s", error)
            return _later(503, "the history cannot be read now")

    def _wait_s(self, request: Request, grant: Grant) -> float:
        """Take a token of the client; return 0, or the seconds until there is one."""
        quotas = self._admission.limits.quotas
        client = None if request.client is None else self._admission.client(request.client.host)
        rate = quotas.replays.times(SHARED)
        if grant.key is not None or grant.rates:
            client, rate = grant.holder or client, quotas.override(grant.rates).replays
        if client is None:
            return 0.0
        wait_s = self._buckets.take(client, rate, time.monotonic())
        if wait_s:
            self._admission.refusals.add(REPLAYS, client)
        return wait_s


def _query(request: Request, *, needs_symbol: bool, own: str | None = None) -> Query:
    accept = request.headers.get("accept", "")
    return parse_query(request.query_params, needs_symbol=needs_symbol, accept=accept, own=own)


def _permit(grant: Grant, topic: str) -> None:
    if not grant.permits(topic):
        raise _Refused(_error(403, f"the topic {topic} is not granted."))


def _listing(live: LiveMarket, query: Query) -> Listing:
    listing = live.data.instruments.find(query.symbol or "")
    if listing is None:
        raise _Refused(_error(404, f"there is no instrument {query.symbol}."))
    if listing.stream not in live.data.streams:
        raise _Refused(_later(503, "no market data yet"))
    return listing


def _later(status: int, reason: str, after_s: int = RETRY_S) -> Response:
    return _error(status, f"{reason}.", {"retry-after": str(after_s)})


def _error(status: int, reason: str, headers: dict[str, str] | None = None) -> Response:
    kept = {k: v for k, v in (headers or {}).items() if k in ("retry-after", "www-authenticate")}
    body = msgspec.json.encode({"reason": reason})
    return Response(
        body, status, {**kept, "cache-control": "no-store"}, media_type="application/json"
    )
