"""The description of the REST API by OpenAPI 3.1. Pure."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any, Final

from tickfire.server.rest.params import DEFAULT_LIMIT, FORMATS, MAX_LIMIT
from tickfire.store.schema import INTERVALS_S

PATHS: Final = ("/v1/candles", "/v1/ticks", "/v1/news", "/v1/signals")
_TIME: Final = {"type": "string", "description": "ms since the Unix epoch, or ISO 8601"}
_NUMBER: Final = {"type": "integer"}
_TEXT: Final = {"type": "string"}
_PRICE: Final = {"type": ["string", "null"], "description": "decimal"}
_COUNT: Final = {"type": ["integer", "null"]}

_ROWS: Final[dict[str, dict[str, Any]]] = {
    "/v1/candles": {
        "time": _NUMBER, "open": _PRICE, "high": _PRICE, "low": _PRICE, "close": _PRICE,
        "volume": _NUMBER, "trades": _COUNT, "vwap": _PRICE,
    },
    "/v1/ticks": {
        "time": _NUMBER, "ts_event": _TEXT, "kind": _TEXT, "price": _PRICE, "size": _NUMBER,
        "side": {"type": ["string", "null"]}, "sequence": _NUMBER, "epoch": _TEXT,
        "position": _NUMBER,
    },
    "/v1/news": {
        "published": _NUMBER, "id": _TEXT, "title": _TEXT, "summary": _TEXT, "source": _TEXT,
        "url": _TEXT, "symbols": {"type": "array", "items": _TEXT}, "origin": _TEXT,
    },
    "/v1/signals": {
        "time": _NUMBER, "symbol": _TEXT, "event": _TEXT, "model": _TEXT, "position": _NUMBER,
        "detail": {"type": "object"},
    },
}  # fmt: skip
_SUMMARY: Final = {
    "/v1/candles": "Candles of a symbol: the newest page first, each page in order of time.",
    "/v1/ticks": "Trades and quotes of a symbol, in the order in which they came.",
    "/v1/news": "Headlines, the newest first.",
    "/v1/signals": "Signals of the models, the newest first.",
}
_TROUBLE: Final = {
    "400": "A parameter is missing or not valid.",
    "401": "A token is needed.",
    "403": "The token is not accepted, or does not grant the topic.",
    "404": "There is no such instrument.",
    "429": "Too many requests; Retry-After says when to ask again.",
    "503": "The data cannot be read now; Retry-After says when to ask again.",
}


def document() -> dict[str, Any]:
    """Return the OpenAPI document."""
    trouble = {"type": "object", "required": ["reason"], "properties": {"reason": _TEXT}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "tickfire", "version": version("tickfire")},
        "paths": {path: {"get": _operation(path)} for path in PATHS},
        "components": {
            "schemas": {"Trouble": trouble},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"token": []}, {}],
    }


def _operation(path: str) -> dict[str, Any]:
    troubles = {
        status: {
            "description": text,
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Trouble"}}},
        }
        for status, text in _TROUBLE.items()
    }
    return {
        "operationId": path.rpartition("/")[2],
        "summary": _SUMMARY[path],
        "parameters": _parameters(path),
        "responses": {"200": _success(path), **troubles},
    }


def _parameters(path: str) -> list[dict[str, Any]]:
    limit = {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT}
    found = [
        _parameter("symbol", _TEXT, required=path != "/v1/news"),
        _parameter("start", _TIME),
        _parameter("end", {**_TIME, "description": "exclusive; as start"}),
        _parameter("limit", limit),
        _parameter("cursor", {**_TEXT, "description": "`next` of the page before"}),
        _parameter("format", {**_TEXT, "enum": list(FORMATS), "default": "json"}),
    ]
    if path == "/v1/candles":
        names = {**_TEXT, "enum": list(INTERVALS_S), "default": "1m"}
        found.append(_parameter("interval", names))
    if path == "/v1/ticks":
        found.append(_parameter("kind", {**_TEXT, "enum": ["trade", "bid", "ask"]}))
    return found


def _parameter(name: str, schema: dict[str, Any], *, required: bool = False) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": required, "schema": schema}


def _success(path: str) -> dict[str, Any]:
    rows = {"type": "array", "items": {"type": "object", "properties": _ROWS[path]}}
    page = {"rows": rows, "next": {"type": ["string", "null"]}}
    return {
        "description": "A page.",
        "headers": {"X-Next-Cursor": {"schema": _TEXT}},
        "content": {
            "application/json": {"schema": {"type": "object", "properties": page}},
            "text/csv": {"schema": _TEXT},
            "application/vnd.apache.arrow.stream": {"schema": _TEXT},
        },
    }
