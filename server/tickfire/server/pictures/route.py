"""``GET /chart.png``: a picture of a chart, of the bars that the server has now."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from tickfire.render import ChartError, NoAdapter, RenderError
from tickfire.server.access.gate import Gate
from tickfire.server.access.http import grant_of_request, sentence
from tickfire.server.market.market import Market
from tickfire.server.pictures.params import PictureRequest, parse_query
from tickfire.server.pictures.pool import Busy, PicturePool, tag_of
from tickfire.server.pictures.source import bars_of

MAX_AGE_S: Final = 1.0
"""Maximum age of a picture that is sent while others are drawn, in seconds."""
RETRY_S: Final = 1
MAX_LATEST: Final = 256
_HEADERS: Final = {
    "cache-control": f"private, max-age={MAX_AGE_S:g}",
    "vary": "authorization",
    "cross-origin-resource-policy": "same-origin",
    "x-content-type-options": "nosniff",
}

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Latest:
    """The latest picture of a request: its position, its tag, and when it was drawn."""

    position: str
    tag: str
    drawn_at: float


class ChartPictures:
    """Handler of ``/chart.png``.

    Parameters
    ----------
    market : Market
    gate : Gate
        That of the socket.
    pool : PicturePool
    """

    def __init__(self, market: Market, gate: Gate, pool: PicturePool) -> None:
        self._market = market
        self._gate = gate
        self._pool = pool
        self._latest: dict[PictureRequest, _Latest] = {}

    async def __call__(self, request: Request) -> Response:
        """Respond to one request."""
        grant = await grant_of_request(self._gate, request)
        if isinstance(grant, Response):
            return grant
        try:
            wanted = parse_query(request.query_params)
        except ChartError as error:
            return sentence(400, f"{error}.")
        if not grant.permits(f"candles:{wanted.symbol}:{wanted.interval}"):
            return sentence(403, f"{wanted.symbol} in {wanted.interval} is not granted.")
        try:
            return await self._respond(wanted, request.headers.get("if-none-match", ""))
        except Busy:
            return sentence(429, "too many pictures are being drawn; ask again.", RETRY_S)
        except NoAdapter as error:
            return sentence(503, str(error))
        except RenderError as error:
            logger.warning("a picture failed: %s", error)
            return sentence(503, str(error), RETRY_S)

    async def _respond(self, wanted: PictureRequest, known: str) -> Response:
        live = self._market.live
        if live is None:
            why = self._market.trouble() or "no market data yet"
            return sentence(503, f"{why}.", RETRY_S)
        listing = live.data.instruments.find(wanted.symbol)
        if listing is None:
            return sentence(404, f"symbol: there is no instrument {wanted.symbol}.")
        if listing.stream not in live.data.streams:
            return sentence(503, "no market data yet.", RETRY_S)
        position = str(live.data.id_of(listing))
        latest = self._latest.get(wanted)
        if latest is not None and (latest.position == position or self._is_recent(latest)):
            png = self._pool.kept(latest.tag)
            if png is not None:
                return _picture(png, latest.tag, known)
        bars = bars_of(live, listing, wanted.interval)
        tag = tag_of(wanted.picture, bars)
        if _matches(known, tag):
            return _picture(b"", tag, known)
        png = await self._pool.draw(tag, wanted.picture, bars)
        self._remember(wanted, _Latest(position, tag, time.monotonic()))
        return _picture(png, tag, known)

    def _is_recent(self, latest: _Latest) -> bool:
        """Return whether to send a picture that is behind, rather than have one more drawn."""
        return self._pool.is_busy and time.monotonic() - latest.drawn_at < MAX_AGE_S

    def _remember(self, wanted: PictureRequest, latest: _Latest) -> None:
        self._latest.pop(wanted, None)
        self._latest[wanted] = latest
        if len(self._latest) > MAX_LATEST:
            del self._latest[next(iter(self._latest))]


def _picture(png: bytes, tag: str, known: str) -> Response:
    headers = {**_HEADERS, "etag": f'"{tag}"'}
    if _matches(known, tag):
        return Response(status_code=304, headers=headers)
    return Response(png, media_type="image/png", headers=headers)


def _matches(known: str, tag: str) -> bool:
    """Return whether an If-None-Match header names a tag."""
    tags = [each.strip().removeprefix("W/") for each in known.split(",")]
    return f'"{tag}"' in tags or tags == ["*"]
