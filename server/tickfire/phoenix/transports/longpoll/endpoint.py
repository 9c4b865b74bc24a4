"""HTTP endpoint of the long-poll transport.

Nearly all responses have HTTP status 200; the effective status is in the JSON body. GET polls for
messages, or begins a session and returns status 410 with a token. POST sends frames. OPTIONS
answers the preflight requests of browsers.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import re
from collections.abc import Callable
from functools import partial
from typing import Any

from starlette.types import Message, Receive

from tickfire.phoenix.core.connect_info import ConnectInfo
from tickfire.phoenix.core.interfaces import ClientSession, Transport
from tickfire.phoenix.transports.drain import Drainer
from tickfire.phoenix.transports.handshake import (
    BAD_METHOD,
    BAD_QUERY,
    CRASHED,
    JSON_TYPE,
    Accepted,
    Policy,
    Refusal,
    Request,
    Response,
    connect_params,
    connect_user,
    is_origin_allowed,
    session_of,
)
from tickfire.phoenix.transports.longpoll.options import LongPollOptions
from tickfire.phoenix.transports.longpoll.server import GoneError, LongPollServer
from tickfire.phoenix.transports.longpoll.transport import Entry, LongPollTransport
from tickfire.phoenix.transports.query import parse_query
from tickfire.phoenix.wire.jsoncodec import encode_json

OK, NO_CONTENT, FORBIDDEN, TIMEOUT, GONE = 200, 204, 403, 408, 410

NDJSON = "application/x-ndjson"
MAX_BATCH = 100  # entries
BODY_TIMEOUT_S = 15.0
"""Time in which the body of a request must have arrived, as in Plug."""

ALLOW_ORIGIN = ("access-control-allow-origin", "*")  # the Origin header is checked in any case
NO_STORE = ("cache-control", "no-store")

TOO_LARGE = Refusal(413)
TOO_SLOW = Refusal(408, headers=(("connection", "close"),))
STOPPING = Refusal(503)

_LINE_END = re.compile(rb"\r?\n")


def _end(session: LongPollTransport, polling: asyncio.Future[list[bytes]] | None) -> None:
    if polling is not None:
        polling.cancel()
    session.shut_down()


class LongPollEndpoint:
    """Endpoint for the long-poll clients of one socket.

    Parameters
    ----------
    policy
        Rules for the handshake.
    server
        Registry of the sessions.
    make_session
        Function that makes the session of an accepted user on a transport.
    options
        The socket's options.
    drainer
        Closes the sessions in batches at the end.
    """

    def __init__(
        self,
        policy: Policy,
        server: LongPollServer,
        make_session: Callable[[Accepted, Transport], ClientSession],
        options: LongPollOptions,
        drainer: Drainer,
    ) -> None:
        self._policy = policy
        self._server = server
        self._make_session = make_session
        self._options = options
        self._drainer = drainer
        self._polls: dict[asyncio.Future[list[bytes]], str] = {}
        """Polls that wait, with the tokens of their sessions."""
        self._is_stopping = False

    def shut_down(self) -> None:
        """End the sessions in batches, and refuse requests, as the server is about to stop.

        A poll that waits is answered that its session is gone, so its client connects again: with
        the batch of its session, or at once if that is on another node.
        """
        self._is_stopping = True
        polls: dict[str | None, asyncio.Future[list[bytes]]] = {
            self._server.own_name(token): polling for polling, token in self._polls.items()
        }
        for polling, token in self._polls.items():
            if self._server.own_name(token) is None:
                polling.cancel()
        for name, session in self._server.sessions():
            self._drainer.drain(partial(_end, session, polls.get(name)))

    async def respond(self, method: str, request: Request, receive: Receive) -> Response:
        """Return the response to a request."""
        if self._is_stopping:
            return STOPPING
        params = connect_params(request, self._policy)
        if params is None:
            return BAD_QUERY
        info = ConnectInfo(
            "longpoll",
            request.uri,
            request.headers,
            request.peer,
            request.headers.get("x-phoenix-authtoken") if self._policy.auth_token else None,
            session_of(request, params, self._policy),
        )
        if not is_origin_allowed(request, self._policy, info):
            return _json(status=FORBIDDEN)
        token = request.headers.get("x-phoenix-longpoll-token", params.get("token"))
        token = token if isinstance(token, str) else None
        match method:
            case "OPTIONS":
                return _preflight(request)
            case "GET":
                return await self._get(token, request, info, receive)
            case "POST":
                return await self._post(token, params, request, receive)
        return BAD_METHOD.with_header(*ALLOW_ORIGIN)

    # --- GET
    async def _get(
        self, token: str | None, request: Request, info: ConnectInfo, receive: Receive
    ) -> Response:
        if token is not None and self._server.is_valid(token):
            try:
                return await self._poll(token, receive)
            except GoneError:
                pass
        return await self._begin(_params_for_connect(request), info)

    async def _poll(self, token: str, receive: Receive) -> Response:
        polling = asyncio.ensure_future(self._server.poll(token))
        self._polls[polling] = token
        hanging_up = asyncio.ensure_future(_disconnected(receive))
        try:
            await asyncio.wait((polling, hanging_up), return_when=asyncio.FIRST_COMPLETED)
            if polling.cancelled():
                return _json(messages=[], status=GONE, token=token)
            if not polling.done():
                polling.cancel()  # messages from now on are kept for the client's next poll
                return _json(messages=[], status=NO_CONTENT, token=token)
            return _messages(polling.result(), token)
        finally:
            self._polls.pop(polling, None)
            hanging_up.cancel()

    async def _begin(self, params: dict[str, Any], info: ConnectInfo) -> Response:
        await self._policy.hub.turns.room()
        outcome = await connect_user(self._policy, params, info, None)
        if outcome is CRASHED:
            return outcome
        if isinstance(outcome, Refusal):
            return _json(status=FORBIDDEN)
        admit = self._options.admit
        leave = None if admit is None else admit(info)
        if isinstance(leave, Refusal):
            return leave.with_header(*ALLOW_ORIGIN)
        token = self._server.create(partial(self._make_session, outcome), leave)
        return _json(messages=[], status=GONE, token=token)

    # --- POST
    async def _post(
        self, token: str | None, params: dict[str, Any], request: Request, receive: Receive
    ) -> Response:
        if token is None or not self._server.is_valid(token):
            return _json(status=GONE)
        try:
            async with asyncio.timeout(BODY_TIMEOUT_S):
                body = await _body(receive, self._options.max_body_size)
        except TimeoutError:
            return TOO_SLOW
        if body is None:
            return TOO_LARGE
        try:
            in_time = await self._server.dispatch(token, _entries(body, params, request))
        except GoneError:
            return _json(status=GONE)
        except binascii.Error:
            return CRASHED
        return _json(status=OK if in_time else TIMEOUT)


def _params_for_connect(request: Request) -> dict[str, Any]:
    """Return the params for `connect`.

    phoenix.js appends the token of its session to a query that may have a `token` for `connect`.
    """
    before, _, last = request.query.rpartition(b"&")
    params = parse_query(before) if last.startswith(b"token=") else {}
    if "token" not in params:
        params = parse_query(request.query)
    return {**params, **request.path_params}


def _entries(body: bytes, params: dict[str, Any], request: Request) -> list[Entry]:
    """Split a body into frames: a batch of text and base64 lines, or a single text."""
    is_v1 = str(params.get("vsn", "1")).startswith("1")
    if is_v1 or request.headers.get("content-type") != NDJSON:
        return [(body, False)]
    return [_entry(line) for line in _LINE_END.split(body, MAX_BATCH)[:MAX_BATCH]]


def _entry(line: bytes) -> Entry:
    if line.startswith(b"["):
        return line, False
    return base64.b64decode(line, validate=True), True


def _messages(messages: list[bytes], token: str) -> Response:
    """Return the response to a poll; binary messages are put into strings if they are UTF-8."""
    try:
        texts = [message.decode() for message in messages]
    except UnicodeDecodeError:
        return CRASHED
    return _json(messages=texts, status=OK if texts else NO_CONTENT, token=token)


def _json(**body: Any) -> Response:
    return Response(OK, encode_json(body), (NO_STORE, JSON_TYPE, ALLOW_ORIGIN))


def _preflight(request: Request) -> Response:
    asked = request.headers.get("access-control-request-headers", "")
    return (
        Response(OK)
        .with_header(*ALLOW_ORIGIN)
        .with_header("access-control-allow-headers", asked)
        .with_header("access-control-allow-methods", "get, post, options")
        .with_header("access-control-max-age", "3600")
    )


async def _body(receive: Receive, most: int) -> bytes | None:
    """Return the body of the request, or None if it is too large or the client hangs up."""
    body = bytearray()
    more = True
    while more:
        message: Message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > most or message["type"] == "http.disconnect":
            return None
    return bytes(body)


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
