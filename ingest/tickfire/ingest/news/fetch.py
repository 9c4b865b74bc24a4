"""A conditional HTTP request for a document, limited in size and time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Final

import httpx

from tickfire.base.inflate import ACCEPT_ENCODING, EncodingError, inflated
from tickfire.ingest.news.feed import Document

MAX_BODY_BYTES: Final = 4 * 1024 * 1024
TOTAL_TIMEOUT_S: Final = 30.0
STEP_TIMEOUT_S: Final = 10.0
MAX_REDIRECTS: Final = 5
USER_AGENT: Final = "tickfire (news reader)"
ACCEPT: Final = "application/rss+xml, application/atom+xml, application/xml;q=0.9, */*;q=0.5"

_KEY_REFUSED: Final = (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN)


class FetchError(Exception):
    """The request failed.

    Attributes
    ----------
    retry_after_s : float
        Delay before the next request, in seconds, that the server asked for; 0 if it did not.
    """

    def __init__(self, reason: str, retry_after_s: float = 0.0) -> None:
        super().__init__(reason)
        self.retry_after_s = retry_after_s


@dataclass(frozen=True, slots=True)
class Validators:
    """Validators of a response (``ETag``, ``Last-Modified``), for the next conditional request."""

    etag: str = ""
    last_modified: str = ""

    def headers(self) -> dict[str, str]:
        """Return the headers that make a request conditional."""
        named = {"If-None-Match": self.etag, "If-Modified-Since": self.last_modified}
        return {name: value for name, value in named.items() if value}


def client(*, trust_env: bool = True) -> httpx.AsyncClient:
    """Return the HTTP client that all feeds share; `trust_env` lets it use proxies."""
    return httpx.AsyncClient(
        timeout=STEP_TIMEOUT_S,
        headers={"User-Agent": USER_AGENT, "Accept": ACCEPT, "Accept-Encoding": ACCEPT_ENCODING},
        trust_env=trust_env,
    )


async def fetch(
    http: httpx.AsyncClient,
    url: str,
    validators: Validators,
    *,
    headers: Mapping[str, str] | None = None,
    max_bytes: int = MAX_BODY_BYTES,
    timeout_s: float = TOTAL_TIMEOUT_S,
) -> tuple[Document, Validators] | None:
    """Fetch a document unless it is unchanged.

    Parameters
    ----------
    http : httpx.AsyncClient
    url : str
    validators : Validators
        Those of the last response; empty for an unconditional request.
    headers : mapping of str to str, optional
        Headers that may hold a key. With them, a redirect to another host is not followed.
    max_bytes : int
        Maximum size of the decompressed body.
    timeout_s : float
        Maximum duration of the whole request, in seconds.

    Returns
    -------
    tuple of (Document, Validators), or None
        None if the server answered that the document has not changed.

    Raises
    ------
    FetchError
        If the address is invalid, the connection fails, the response takes too long, its status
        is an error or its body is too large. No message holds a header.
    """
    try:
        async with asyncio.timeout(timeout_s):
            return await _fetch(http, url, validators, headers or {}, max_bytes)
    except TimeoutError:
        raise FetchError(f"no answer within {timeout_s:g} s") from None
    except EncodingError as error:
        raise FetchError(str(error)) from None
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
        raise FetchError(str(error) or type(error).__name__) from error


async def _fetch(
    http: httpx.AsyncClient,
    url: str,
    validators: Validators,
    headers: Mapping[str, str],
    max_bytes: int,
) -> tuple[Document, Validators] | None:
    request = http.build_request("GET", url, headers={**validators.headers(), **headers})
    async with _response(http, request, keeps_host=bool(headers)) as response:
        if response.status_code == httpx.codes.NOT_MODIFIED:
            return None
        if response.status_code != httpx.codes.OK:
            hint = ": is the key right?" if headers and response.status_code in _KEY_REFUSED else ""
            raise FetchError(f"status {response.status_code}{hint}", _retry_after(response))
        answered = response.headers
        encoding = answered.get("Content-Encoding", "")
        body = await inflated(response.aiter_raw(), encoding, max_bytes)
        document = Document(str(response.url), answered.get("Content-Type", ""), body)
        return document, Validators(answered.get("ETag", ""), answered.get("Last-Modified", ""))


@asynccontextmanager
async def _response(
    http: httpx.AsyncClient, request: httpx.Request, *, keeps_host: bool
) -> AsyncIterator[httpx.Response]:
    """Send a request and follow redirects."""
    for _ in range(MAX_REDIRECTS + 1):
        response = await http.send(request, stream=True)
        try:
            following = response.next_request
            if following is None:
                yield response
                return
        finally:
            await response.aclose()
        if keeps_host and not _same_origin(following.url, request.url):
            raise FetchError("redirects to another host, which is not given the key")
        request = following
    raise FetchError(f"redirects more than {MAX_REDIRECTS} times")


def _same_origin(one: httpx.URL, other: httpx.URL) -> bool:
    return (one.scheme, one.host, one.port) == (other.scheme, other.host, other.port)


def _retry_after(response: httpx.Response) -> float:
    """Return the value of ``Retry-After`` in seconds, 0 if it is missing or invalid."""
    value = response.headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        until = parsedate_to_datetime(value)
        now = parsedate_to_datetime(response.headers.get("Date", ""))
        return max((until - now).total_seconds(), 0.0)
    except (ValueError, TypeError):
        return 0.0
