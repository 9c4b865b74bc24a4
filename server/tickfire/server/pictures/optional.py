"""`Pictures`: ``/chart.png``, or the reason why there is none: it needs the extra ``render``."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from tickfire.server.access.gate import Gate
from tickfire.server.market.market import Market


class Pictures:
    """Pictures of charts, where what draws them is installed.

    Parameters
    ----------
    market : Market
    gate : Gate
        That of the socket.
    """

    def __init__(self, market: Market, gate: Gate) -> None:
        self._missing = ""
        try:
            from tickfire.server.pictures.pool import PicturePool
            from tickfire.server.pictures.route import ChartPictures
        except ImportError as error:
            self._missing = str(error)
        else:
            self.pool = PicturePool(market.metrics)
            self._charts = ChartPictures(market, gate, self.pool)

    async def respond(self, request: Request) -> Response:
        """Respond to a request for a picture."""
        if self._missing:
            return PlainTextResponse(self._missing, 503)
        return await self._charts(request)

    def close(self) -> None:
        """End what draws."""
        if not self._missing:
            self.pool.close()
