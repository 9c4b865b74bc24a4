"""`RestApi`: the handlers of the REST API, behind the same gate and grants as the socket."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from tickfire.archive.tables import NEWS, SIGNALS
from tickfire.server.access.gate import Gate
from tickfire.server.access.grant import Grant
from tickfire.server.access.holders import holder_of
from tickfire.server.access.http import grant_of_request
from tickfire.server.limits.admission import Admission
from tickfire.server.limits.meter import Holder, Meter
from tickfire.server.market.epoch.archive import Archive, ArchiveBusy, ArchiveUnavailable
from tickfire.server.market.epoch.live import LiveMarket
from tickfire.server.market.market import Market
from tickfire.server.market.ticks.source import Listing
from tickfire.server.market.topics.news import HEADLINES
from tickfire.server.rest.candles import candles_page, end_of, page_of
from tickfire.server.rest.page import Body, Page, encode
from tickfire.server.rest.params import MAX_SHOWN, BadQuery, Query, parse_query
from tickfire.server.rest.recorded import RecordedName, find_recorded
from tickfire.server.rest.records import records_page
from tickfire.server.rest.responses import Refused, later, refusal
from tickfire.server.rest.ticks import TickPages
from tickfire.store.requests import RedisUnavailable
from tickfire.store.schema import INTERVALS_S

NEXT: Final = "x-next-cursor"
"""Header with the cursor of the next page, in every format."""

logger = logging.getLogger(__name__)

type Make = Callable[[Query, LiveMarket, Grant], Awaitable[Page]]


class RestApi:
    """Handlers of ``/v1/...``.

    Parameters
    ----------
    market : Market
    gate : Gate
        That of the socket.
    admission : Admission
    meter : Meter
        That of the socket: a request counts as a join with `since`, and its bytes as those that a
        connection is sent.
    """

    def __init__(self, market: Market, gate: Gate, admission: Admission, meter: Meter) -> None:
        self._market = market
        self._gate = gate
        self._admission = admission
        self._meter = meter
        self._ticks = TickPages(market.archive)
        self._encoding = asyncio.Lock()  # one page at a time, so that a turn has one piece

    async def candles(self, request: Request) -> Response:
        """Respond with candles."""

        async def page(query: Query, live: LiveMarket, grant: Grant) -> Page:
            _permit(grant, f"candles:{query.symbol}:{query.interval}")
            listing = await self._find(live, query)
            if not isinstance(listing, Listing):
                return await self._recorded_candles(live, *listing, query)
            return await candles_page(self._market.history, live, listing, query)

        return await self._respond(request, page, own="interval")

    async def ticks(self, request: Request) -> Response:
        """Respond with ticks."""

        async def page(query: Query, live: LiveMarket, grant: Grant) -> Page:
            _permit(grant, f"market:{query.symbol}")
            listing = await self._find(live, query)
            if not isinstance(listing, Listing):
                return await self._ticks.recorded(*listing, query)
            return await self._ticks.page(live, listing, query)

        return await self._respond(request, page, own="kind")

    async def news(self, request: Request) -> Response:
        """Respond with headlines."""

        async def page(query: Query, live: LiveMarket, grant: Grant) -> Page:
            _permit(grant, HEADLINES)
            return await records_page(NEWS, live.store, self._market.archive, _of_page(live, query))

        return await self._respond(request, page, needs_symbol=False)

    async def signals(self, request: Request) -> Response:
        """Respond with signals."""

        async def page(query: Query, live: LiveMarket, grant: Grant) -> Page:
            _permit(grant, f"signals:{query.symbol}")
            return await records_page(
                SIGNALS, live.store, self._market.archive, _of_page(live, query)
            )

        return await self._respond(request, page)

    async def _respond(
        self, request: Request, make: Make, *, needs_symbol: bool = True, own: str | None = None
    ) -> Response:
        try:
            grant = await self._grant(request)
            holder = self._count(request, grant)
            query = parse_query(
                request.query_params.multi_items(),
                needs_symbol=needs_symbol,
                accept=request.headers.get("accept", ""),
                own=own,
            )
            live = self._market.live
            if live is None:
                return later(503, self._market.trouble() or "no market data yet")
            page = await make(query, live, grant)
            async with self._encoding:
                body = await encode(page, query.form)
        except BadQuery as error:
            return refusal(400, str(error))
        except Refused as refused:
            return refused.response
        except ArchiveBusy as error:
            return later(429, str(error))
        except (RedisUnavailable, ArchiveUnavailable) as error:
            logger.warning("a request cannot be answered: %s", error)
            return later(503, "the history cannot be read now")
        response = _success(body, page.next, request.headers.get("if-none-match", ""))
        if request.method != "HEAD":
            self._meter.responded(holder, len(response.body))
        return response

    async def _find(self, live: LiveMarket, query: Query) -> Listing | tuple[Archive, RecordedName]:
        """Return the instrument that a query names: of a feed, or of the archive alone."""
        symbol = query.symbol or ""
        listing = live.data.instruments.find(symbol)
        if listing is not None:
            if listing.stream not in live.data.streams:
                raise Refused(later(503, "no market data yet"))
            return listing
        archive = self._market.archive
        recorded = None if archive is None else await find_recorded(archive, symbol)
        if archive is None or recorded is None:
            raise Refused(refusal(404, f"symbol: there is no instrument {symbol[:MAX_SHOWN]}."))
        return archive, recorded

    async def _recorded_candles(
        self, live: LiveMarket, archive: Archive, name: RecordedName, query: Query
    ) -> Page:
        hours = live.data.instruments.hours_of(name.feed, name.symbol)
        interval_s, end = INTERVALS_S[query.interval], end_of(query)
        older, _ = await archive.bars_before(
            name.feed, name.symbol, interval_s, end, query.limit, hours
        )
        return page_of(older, name.shown, query)

    async def _grant(self, request: Request) -> Grant:
        grant = await grant_of_request(self._gate, request)
        if isinstance(grant, Response):
            reason = bytes(grant.body).decode()
            raise Refused(refusal(grant.status_code, reason, dict(grant.headers)))
        return grant

    def _count(self, request: Request, grant: Grant) -> Holder:
        """Count a request for its client, which is returned, or refuse it."""
        address = None if request.client is None else self._admission.client(request.client.host)
        holder = holder_of(grant, address, self._admission.limits.quotas)
        excess = self._meter.request(holder)
        if excess is not None:
            raise Refused(later(429, excess.cause.text, excess.wait_s))
        return holder


def _permit(grant: Grant, topic: str) -> None:
    if not grant.permits(topic):
        raise Refused(refusal(403, f"the topic {topic[:MAX_SHOWN]} is not granted."))


def _of_page(live: LiveMarket, query: Query) -> Query:
    """Return a query by the symbol that records have, which is that of the page."""
    listing = live.data.instruments.find(query.symbol or "")
    return query if listing is None else replace(query, symbol=listing.symbol)


def _success(body: Body, cursor: str | None, known: str) -> Response:
    headers = {
        "cache-control": "private, no-cache",
        "etag": body.tag,
        "vary": "authorization, accept",
    }
    if cursor is not None:
        headers[NEXT] = cursor
    tags = [each.strip().removeprefix("W/") for each in known.split(",")]
    if body.tag in tags or tags == ["*"]:
        return Response(status_code=304, headers=headers)
    return Response(body.content, media_type=body.media_type, headers=headers)
