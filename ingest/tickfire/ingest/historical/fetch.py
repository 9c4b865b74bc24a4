"""Fetch history: out of the cache, or bought after its cost is agreed to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from tickfire.base.errors import UserError
from tickfire.ingest.historical.cache import HistoryCache
from tickfire.ingest.historical.request import HistoryRequest, time_text
from tickfire.ingest.historical.service import HistoricalService


@dataclass(frozen=True, slots=True)
class Offer:
    """History with its price.

    Attributes
    ----------
    request : HistoryRequest
        The request as asked, up to the end of the available data.
    cached : dict of HistoryRequest to Path
        The slices that the cache holds.
    missing : tuple of HistoryRequest
        The slices to buy.
    cost : float
        US dollars for those.
    """

    request: HistoryRequest
    cached: dict[HistoryRequest, Path]
    missing: tuple[HistoryRequest, ...]
    cost: float


def make_offer(
    request: HistoryRequest, cache: HistoryCache, service: Callable[[], HistoricalService]
) -> Offer:
    """Return the offer for a request. The service is asked only for data that the cache lacks.

    Raises
    ------
    HistoricalError
        If the service refuses.
    UserError
        If nothing of the time asked for is available.
    """
    offer = _looked_up(request, cache)
    if not offer.missing:
        return offer
    opened = service()
    end = opened.available_end(request.dataset, request.schema)
    if end < request.end:
        if end <= request.start:
            raise UserError(
                f"{request.dataset} has history up to {time_text(end)} for this key, and the time"
                f" asked for begins at {time_text(request.start)}."
            )
        offer = _looked_up(replace(request, end=end), cache)
    return replace(offer, cost=sum(opened.cost(span) for span in _spans(offer.missing)))


def download(
    offer: Offer, cache: HistoryCache, service: Callable[[], HistoricalService]
) -> Iterator[tuple[HistoryRequest, Path]]:
    """Yield all slices of an offer in order of time, each as soon as it is in the cache."""
    opened = service() if offer.missing else None
    for piece in offer.request.slices():
        path = offer.cached.get(piece)
        if path is None:
            assert opened is not None
            path = cache.store(piece, partial(opened.download, piece))
        yield piece, path


def _looked_up(request: HistoryRequest, cache: HistoryCache) -> Offer:
    found = {piece: cache.find(piece) for piece in request.slices()}
    cached = {piece: path for piece, path in found.items() if path is not None}
    missing = tuple(piece for piece, path in found.items() if path is None)
    return Offer(request, cached, missing, 0.0)


def _spans(pieces: tuple[HistoryRequest, ...]) -> list[HistoryRequest]:
    """Join slices that touch, so that fewer prices are asked for."""
    spans: list[HistoryRequest] = []
    for piece in pieces:
        if spans and spans[-1].end == piece.start:
            spans[-1] = replace(spans[-1], end=piece.end)
        else:
            spans.append(piece)
    return spans
