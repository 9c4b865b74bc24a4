"""Grants of HTTP requests, by the same tokens and keys as those of sockets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from tickfire.phoenix import ConnectError, ConnectInfo, Refusal
from tickfire.phoenix.transports.exchange import request_of
from tickfire.server.access.gate import Gate
from tickfire.server.access.grant import Grant

RETRY_S: Final = 1
_BEARER: Final = "bearer "


async def grant_of_request(gate: Gate, request: Request) -> Grant | Response:
    """Return the grant of a client, or the response if it may not connect."""
    params = dict(request.query_params)
    asked = request_of(request.scope)
    token = _bearer(asked.headers)
    info = ConnectInfo("http", asked.uri, asked.headers, asked.peer, auth_token=token)
    try:
        grant = await gate.admit(params, info)
    except ConnectError as error:
        if isinstance(error.payload, Refusal):
            refusal = error.payload
            return Response(refusal.body, refusal.status, dict(refusal.headers))
        return sentence(503, f"{error.payload['reason']}.", RETRY_S)
    if grant is not None:
        return grant
    if token is None and "token" not in params:
        response = sentence(401, "a token is needed; send Authorization: Bearer TOKEN.")
        response.headers["www-authenticate"] = "Bearer"
        return response
    return sentence(403, "the token is not accepted.")


def sentence(status: int, text: str, retry_s: int | None = None) -> Response:
    """Return a response of one sentence, which no cache keeps."""
    headers = {"cache-control": "no-store"}
    if retry_s is not None:
        headers["retry-after"] = str(retry_s)
    return PlainTextResponse(text, status, headers)


def _bearer(headers: Mapping[str, str]) -> str | None:
    given = headers.get("authorization", "")
    return given[len(_BEARER) :].strip() if given.lower().startswith(_BEARER) else None
