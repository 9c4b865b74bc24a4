"""The description of the REST API by OpenAPI 3.1. Pure."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any, Final

from tickfire.server.rest.columns import CANDLES, NEWS, SIGNALS, TICKS, Column
from tickfire.server.rest.params import DEFAULT_LIMIT, MAX_LIMIT, MEDIA_TYPES
from tickfire.store.schema import INTERVALS_S

COLUMNS: Final = {
    "/v1/candles": CANDLES,
    "/v1/ticks": TICKS,
    "/v1/news": NEWS,
    "/v1/signals": SIGNALS,
}
PATHS: Final = tuple(COLUMNS)
_METHODS: Final = ("get", "head")
_ISO: Final = r"\d{4}-\d\d-\d\d([T ]\d\d(:\d\d(:\d\d(\.\d{1,9})?)?)?(Z|[+-]\d\d:\d\d)?)?"
_TIME: Final = {
    "type": "string",
    "pattern": rf"^(\d{{1,13}}|{_ISO})$",
    "description": "ms since the Unix epoch, or ISO 8601",
    "examples": ["1719840600000", "2024-07-01T13:30:00Z"],
}
_LATER: Final = "2024-07-01T20:00:00Z"
_CURSOR: Final = {
    "type": "string",
    "pattern": r"^(\d{1,20}(-\d{1,20})?)?$",
    "description": "`next` of the page before",
}
_TEXT: Final = {"type": "string"}
_OPTIONAL_TEXT: Final = {"type": ["string", "null"]}
_SUMMARY: Final = {
    "/v1/candles": "Candles of a symbol: the newest page first, each page in order of time.",
    "/v1/ticks": "Trades and quotes of a symbol, in the order in which they came.",
    "/v1/news": "Headlines, the newest first.",
    "/v1/signals": "Signals of the models, the newest first.",
}
_ABOUT: Final = {"/v1/candles": ("symbol", "interval"), "/v1/ticks": ("symbol",)}
"""Fields of a page beside its rows."""
_TROUBLE: Final = {
    "400": "A parameter is missing, unknown, given twice or not valid; the reason names it.",
    "401": "A token is needed.",
    "403": "The token is not accepted or does not grant the topic, or the origin is not allowed.",
    "404": "There is no such instrument.",
    "429": "Too many requests or bytes; Retry-After says when to ask again.",
    "501": "The server lacks the packages of the archive.",
    "503": "The data cannot be read now; Retry-After says when to ask again.",
}
_RETRY_AFTER: Final = {
    "description": "Seconds after which to ask again.",
    "schema": {"type": "integer", "minimum": 1},
}
_RETRIED: Final = ("429", "503")
"""The statuses whose responses have the header ``Retry-After``."""


def document(root_path: str = "") -> dict[str, Any]:
    """Return the OpenAPI document of a server below a path, empty for the root."""
    trouble = {"type": "object", "required": ["reason"], "properties": {"reason": _TEXT}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "tickfire", "version": version("tickfire")},
        "servers": [{"url": root_path or "/"}],
        "paths": {path: {verb: _operation(path, verb) for verb in _METHODS} for path in PATHS},
        "components": {
            "schemas": {"Trouble": trouble},
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "token_parameter": {"type": "apiKey", "in": "query", "name": "token"},
            },
        },
        "security": [{"token": []}, {"token_parameter": []}, {}],
    }


def _operation(path: str, method: str) -> dict[str, Any]:
    name = path.rpartition("/")[2]
    found = {"200": _success(path), "304": {"description": "The page has the given ETag."}}
    found |= {status: _trouble(status, text) for status, text in _TROUBLE.items()}
    if method == "head":
        found = {
            status: {key: value for key, value in about.items() if key != "content"}
            for status, about in found.items()
        }
    return {
        "operationId": name if method == "get" else f"{method}_{name}",
        "summary": _SUMMARY[path],
        "parameters": _parameters(path),
        "responses": found,
    }


def _trouble(status: str, text: str) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Trouble"}
    about = {"description": text, "content": {"application/json": {"schema": schema}}}
    return about | ({"headers": {"Retry-After": _RETRY_AFTER}} if status in _RETRIED else {})


def _parameters(path: str) -> list[dict[str, Any]]:
    limit = {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT}
    symbol = {**_TEXT, "minLength": 1}
    found = [
        _parameter("symbol", symbol, required=path != "/v1/news"),
        _parameter("start", {**_TIME, "description": f"inclusive; {_TIME['description']}"}),
        _parameter("end", {**_TIME, "description": "exclusive; as start", "examples": [_LATER]}),
        _parameter("limit", limit),
        _parameter("cursor", _CURSOR),
        _parameter(
            "format", {**_TEXT, "enum": list(MEDIA_TYPES), "description": "default: by Accept"}
        ),
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
    columns = COLUMNS[path]
    row = {
        "type": "object",
        "required": [column.name for column in columns],
        "properties": {column.name: _property(column) for column in columns},
    }
    page = {"rows": {"type": "array", "items": row}, "next": _OPTIONAL_TEXT}
    about = {name: _TEXT for name in _ABOUT.get(path, ())}
    csv = f"Header: {','.join(column.name for column in columns)}"
    types = ", ".join(f"{column.name}: {column.kind.arrow}" for column in columns)
    binary = {"type": "string", "format": "binary", "description": f"Columns: {types}"}
    return {
        "description": "A page.",
        "headers": {
            "X-Next-Cursor": {"description": "`next`, unless it is null.", "schema": _TEXT},
            "ETag": {"schema": _TEXT},
        },
        "content": {
            MEDIA_TYPES["json"]: {
                "schema": {
                    "type": "object",
                    "required": [*about, "rows", "next"],
                    "properties": {**about, **page},
                    "additionalProperties": False,
                }
            },
            MEDIA_TYPES["csv"]: {"schema": {**_TEXT, "description": csv}},
            MEDIA_TYPES["arrow"]: {"schema": binary},
        },
    }


def _property(column: Column) -> dict[str, Any]:
    return {**column.kind.schema, "description": column.about}
