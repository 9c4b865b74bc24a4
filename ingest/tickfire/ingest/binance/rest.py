"""The rules of symbols, asked of the REST interface."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Final

import httpx

from tickfire.base.inflate import ACCEPT_ENCODING, EncodingError, inflated
from tickfire.ingest.adapter.protocol import FeedRefused, SessionEnded
from tickfire.ingest.binance.messages import EXCHANGE_INFO, MALFORMED, REFUSAL, SymbolInfo

TIMEOUT_S: Final = 10.0
MAX_BODY_BYTES: Final = 16 << 20
"""Bytes after decompression; the rules of 1,024 symbols have about a third of it."""


async def symbol_infos(url: str, symbols: Sequence[str]) -> list[SymbolInfo]:
    """Return the rules of symbols, in their order.

    Raises
    ------
    FeedRefused
        If the exchange does not know a symbol, or refuses the request.
    SessionEnded
        If it does not answer, or has too much to do.
    """
    query = {"symbols": json.dumps(list(symbols), separators=(",", ":"))}
    try:
        response, body = await _get(f"{url.rstrip('/')}/api/v3/exchangeInfo", query)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        reason = str(error) or type(error).__name__
        raise SessionEnded(f"cannot ask {url} for the rules of symbols ({reason})") from None
    except EncodingError as error:
        raise SessionEnded(f"{url} sent rules of symbols that cannot be read ({error})") from None
    if response.status_code != httpx.codes.OK:
        raise _refusal(url, symbols, response, body)
    try:
        found = {info.symbol: info for info in EXCHANGE_INFO.decode(body).symbols}
    except MALFORMED as error:
        raise SessionEnded(f"{url} sent rules of symbols that cannot be read ({error})") from None
    unknown = [symbol for symbol in symbols if symbol not in found]
    if unknown:
        raise FeedRefused(f"{url} does not know the symbol {unknown[0]}.")
    return [found[symbol] for symbol in symbols]


async def _get(url: str, query: Mapping[str, str]) -> tuple[httpx.Response, bytes]:
    headers = {"Accept-Encoding": ACCEPT_ENCODING}
    async with (
        httpx.AsyncClient(timeout=TIMEOUT_S, headers=headers) as http,
        http.stream("GET", url, params=query) as response,
    ):
        encoding = response.headers.get("Content-Encoding", "")
        return response, await inflated(response.aiter_raw(), encoding, MAX_BODY_BYTES)


def _refusal(url: str, symbols: Sequence[str], response: httpx.Response, body: bytes) -> Exception:
    try:
        said = REFUSAL.decode(body).msg
    except MALFORMED:
        said = response.reason_phrase
    reason = f"status {response.status_code}: {said.rstrip('.')}"
    if response.status_code >= 500 or response.status_code in (418, 429):
        return SessionEnded(f"{url} refused the rules of symbols for now ({reason})")
    return FeedRefused(f"{url} refused the symbols {', '.join(symbols)} ({reason}).")
