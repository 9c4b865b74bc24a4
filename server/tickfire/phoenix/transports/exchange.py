"""Requests from ASGI scopes, and their responses."""

from __future__ import annotations

from starlette.types import Receive, Scope, Send

from tickfire.phoenix.transports.handshake import NOT_FOUND, Request, Response
from tickfire.phoenix.transports.uvicorn.upgrade import EXTENSION, Upgrade


def request_of(scope: Scope) -> Request:
    """Return the request that an ASGI scope describes."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    path_params = scope.get("path_params") or {}
    if "path" in path_params:
        path_params = {k: v for k, v in path_params.items() if k != "path"}
    client = scope.get("client")
    peer = (client[0], client[1]) if client else None
    scheme = "https" if scope.get("scheme") in ("https", "wss") else "http"
    return Request(
        scope["query_string"],
        scope["path"],
        headers,
        path_params,
        peer,
        scope.get("session"),
        scheme,
    )


def upgrade_of(scope: Scope) -> Upgrade | None:
    """Return the upgrade in a scope made by `PhoenixProtocol`, or None for any other scope."""
    upgrade = scope.get("extensions", {}).get(EXTENSION)
    return upgrade if isinstance(upgrade, Upgrade) else None


async def not_found(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer any request with status 404; the default route of a router."""
    await respond(NOT_FOUND, scope, send)


async def respond(response: Response, scope: Scope, send: Send) -> None:
    """Send a response, through the upgrade if there is one or else by ASGI messages."""
    upgrade = upgrade_of(scope)
    if upgrade is not None:
        upgrade.refuse(response)
        return
    if scope["type"] == "websocket" and not _takes_responses(scope):
        await send({"type": "websocket.close"})  # the server responds with status 403
        return
    prefix = "http" if scope["type"] == "http" else "websocket.http"
    headers = [(name.encode(), value.encode("latin-1")) for name, value in response.headers]
    headers.append((b"content-length", str(len(response.body)).encode()))
    await send({"type": f"{prefix}.response.start", "status": response.status, "headers": headers})
    body = b"" if scope.get("method") == "HEAD" else response.body
    await send({"type": f"{prefix}.response.body", "body": body})


def _takes_responses(scope: Scope) -> bool:
    """Return whether the server can send any HTTP response to a WebSocket handshake."""
    return "websocket.http.response" in (scope.get("extensions") or {})
