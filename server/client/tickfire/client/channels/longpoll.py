"""Transport over HTTP requests, for networks that let no WebSocket through."""

from __future__ import annotations

import asyncio
import base64
import contextlib
from typing import Any, Final

import httpx
import msgspec

from tickfire.client.channels.options import shown_of
from tickfire.client.channels.transport import (
    INTERNAL_ERROR,
    NO_STATUS,
    POLICY_VIOLATION,
    SESSION_GONE,
    Handshake,
    TransportClosed,
)
from tickfire.client.errors import refused, unreachable

MAX_BATCH: Final = 100
"""Messages of one request at most, as in phoenix.js."""

_POLL_TIMEOUT_S: Final = 20.0  # twice the server's
_OK, _NO_CONTENT, _FORBIDDEN, _GONE = 200, 204, 403, 410
# httpx raises RuntimeError for a request of a client that was closed meanwhile.
_FAILURES = (httpx.HTTPError, msgspec.MsgspecError, OSError, RuntimeError)


class _Address(httpx.URL):
    """An address whose text, as the log of httpx has it, is without params, which hold tokens."""

    def __str__(self) -> str:
        return shown_of(super().__str__())


class _Answer(msgspec.Struct):
    status: int
    token: str | None = None
    messages: list[str] = []


_decode = msgspec.json.Decoder(_Answer).decode


class LongPollTransport:
    """One long-poll session.

    Parameters
    ----------
    handshake
        Its address, params and headers.
    """

    name = "longpoll"
    needs_heartbeat = False

    def __init__(self, handshake: Handshake) -> None:
        self._url = _http(handshake.endpoint) + "/longpoll"
        self._shown = shown_of(self._url)
        self._query = handshake.query
        self._headers = dict(handshake.headers)
        if handshake.auth_token is not None:
            self._headers["X-Phoenix-AuthToken"] = handshake.auth_token
        self._open_timeout_s = handshake.open_timeout_s
        context = handshake.ssl_context
        self._client = httpx.AsyncClient(verify=True if context is None else context)
        self._token: str | None = None
        self._arrived: list[str] = []
        self._outgoing: asyncio.Queue[str] = asyncio.Queue()
        self._writer: asyncio.Task[None] | None = None
        self._closed: asyncio.Future[TransportClosed] | None = None

    async def open(self) -> None:
        """Begin a session."""
        self._closed = asyncio.get_running_loop().create_future()
        try:
            answer = await self._request("GET", self._open_timeout_s)
        except _FAILURES as error:
            await self._client.aclose()
            raise unreachable(self._shown, error) from None
        if answer.status != _GONE or answer.token is None:
            await self._client.aclose()
            raise refused(self._shown, answer.status)
        self._token = answer.token
        self._writer = asyncio.create_task(self._write())

    def send(self, data: str | bytes) -> None:
        """Send a frame; a binary one in base64."""
        text = data if isinstance(data, str) else base64.b64encode(data).decode()
        self._outgoing.put_nowait(text)

    async def receive(self) -> str | bytes:
        """Return the next message, which the server always sends as text."""
        assert self._closed is not None
        while not self._arrived:
            if self._closed.done():
                raise self._closed.result()
            poll = asyncio.ensure_future(self._poll())
            try:
                await asyncio.wait((poll, self._closed), return_when=asyncio.FIRST_COMPLETED)
            finally:
                poll.cancel()
                await asyncio.gather(poll, return_exceptions=True)
        return self._arrived.pop(0)

    async def close(self, code: int = 1000, reason: str = "", *, at_once: bool = False) -> None:
        """End the session on this side; the server's ends by itself."""
        if self._writer is not None:
            if not at_once:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._open_timeout_s):
                        await self._outgoing.join()
            self._writer.cancel()
        self._end(code, reason)
        await self._client.aclose()

    async def _poll(self) -> None:
        try:
            answer = await self._request("GET", _POLL_TIMEOUT_S)
        except httpx.TimeoutException:
            self._end(NO_STATUS, "timeout")
            return
        except _FAILURES:
            self._end(INTERNAL_ERROR, "internal server error")
            return
        if answer.status == _OK:
            self._arrived += answer.messages
        elif answer.status == _GONE:
            self._end(SESSION_GONE, "session_gone")
        elif answer.status == _FORBIDDEN:
            self._end(POLICY_VIOLATION, "forbidden")
        elif answer.status != _NO_CONTENT:
            self._end(INTERNAL_ERROR, "internal server error")

    async def _write(self) -> None:
        while True:
            batch = [await self._outgoing.get()]
            while len(batch) < MAX_BATCH and not self._outgoing.empty():
                batch.append(self._outgoing.get_nowait())
            try:
                answer = await self._request("POST", _POLL_TIMEOUT_S, "\n".join(batch))
            except _FAILURES:
                answer = _Answer(0)
            for _ in batch:
                self._outgoing.task_done()
            if answer.status != _OK:
                self._end(INTERNAL_ERROR, "internal server error")
                return

    async def _request(self, method: str, timeout_s: float, body: str | None = None) -> _Answer:
        session = [("token", self._token)] if self._token else []
        url = _Address(self._url, params=[*self._query, *session])
        headers = {**self._headers, "Accept": "application/json"}
        options: dict[str, Any] = {}
        if body is not None:
            headers["Content-Type"] = "application/x-ndjson"
            options["content"] = body.encode()
        request = self._client.build_request(
            method, url, headers=headers, timeout=timeout_s, **options
        )
        request.url = url
        response = await self._client.send(request)
        if response.is_success and response.content:
            return _decode(response.content)
        return _Answer(response.status_code)

    def _end(self, code: int, reason: str) -> None:
        if self._closed is not None and not self._closed.done():
            self._closed.set_result(TransportClosed(code, reason))


def _http(endpoint: str) -> str:
    """Return the address of a WebSocket as one of HTTP."""
    return "http" + endpoint.removeprefix("ws") if endpoint.startswith("ws") else endpoint
