"""Files of news APIs, in TOML."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from tickfire.base.errors import UsageError
from tickfire.ingest.news.addresses import host_of, is_web_address, shown
from tickfire.ingest.news.api import NewsApi
from tickfire.ingest.news.json_path import JsonPath
from tickfire.ingest.news.paging import DEFAULT_PAGES, MAX_PAGES, Kind, Paging
from tickfire.ingest.news.rate_limit import RateLimit
from tickfire.ingest.news.schedule import MIN_INTERVAL_S

type Paths = str | tuple[str, ...]

DEFAULT_INTERVAL_S: Final = 60.0
DEFAULT_RATE: Final = "30/minute"

_VARIABLE = re.compile(r"\$\{(\w+)\}")
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


class _Fields(msgspec.Struct, forbid_unknown_fields=True):
    title: Paths = ("title", "headline")
    summary: Paths = ("summary", "description")
    link: Paths = ("url", "link")
    id: Paths = ("id", "uuid", "guid")
    published: Paths = ("published_at", "publishedAt", "published", "datetime", "date", "time")
    source: Paths = ("source.name", "source")
    symbols: Paths = ("symbols", "tickers", "symbols[].symbol", "tickers[].symbol", "related")


class _Paging(msgspec.Struct, forbid_unknown_fields=True):
    kind: Kind = "page"
    parameter: str = ""
    path: str = ""
    first: int | None = None
    max_pages: int = DEFAULT_PAGES


class _Api(msgspec.Struct, forbid_unknown_fields=True):
    url: str
    name: str = ""
    items: str = ""
    interval_s: float = DEFAULT_INTERVAL_S
    rate_limit: str = DEFAULT_RATE
    headers: dict[str, str] = {}
    fields: _Fields = msgspec.field(default_factory=_Fields)
    paging: _Paging | None = None


class _File(msgspec.Struct, forbid_unknown_fields=True):
    api: list[_Api] = []


def read_apis(path: Path, environment: Mapping[str, str]) -> list[NewsApi]:
    """Read a file of news APIs.

    Parameters
    ----------
    path : Path
    environment : mapping of str to str
        Values of the variables that the file names as ``${NAME}``.

    Raises
    ------
    UsageError
        If the file cannot be read or one of its tables is invalid; the text says which and why.
    """
    try:
        tables = msgspec.toml.decode(path.read_bytes(), type=_File).api
    except OSError as error:
        raise UsageError(
            f"the file of news APIs {path} cannot be read: {error.strerror}."
        ) from None
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise UsageError(f"the file of news APIs {path} is not valid: {error}.") from None
    if not tables:
        raise UsageError(f"the file of news APIs {path} holds no table [[api]].")
    limits: dict[tuple[str, str], RateLimit] = {}
    found = []
    for number, table in enumerate(tables, 1):
        try:
            found.append(_api(table, environment, limits))
        except ValueError as error:
            raise UsageError(f"API {number} of {path}: {error}.") from None
    return found


def _api(
    table: _Api, environment: Mapping[str, str], limits: dict[tuple[str, str], RateLimit]
) -> NewsApi:
    url = _expanded(table.url, environment)
    if not is_web_address(url):
        raise ValueError(f"{shown(url)} is not a web address; write https://HOST/PATH")
    if not MIN_INTERVAL_S <= table.interval_s < float("inf"):
        raise ValueError(f"interval_s must be {MIN_INTERVAL_S:g} or more")
    limit = RateLimit.parse(table.rate_limit)
    headers = {"Accept": "application/json"}
    headers |= {_header(name): _expanded(text, environment) for name, text in table.headers.items()}
    fields = msgspec.structs.asdict(table.fields)
    return NewsApi(
        url=url,
        name=table.name,
        items=JsonPath(table.items),
        fields={name: _paths(paths) for name, paths in fields.items()},
        interval_s=table.interval_s,
        rate_limit=limits.setdefault((host_of(url), table.rate_limit), limit),
        headers=headers,
        paging=None if table.paging is None else _paging(table.paging),
    )


def _paging(table: _Paging) -> Paging:
    if not 1 <= table.max_pages <= MAX_PAGES:
        raise ValueError(f"max_pages must be 1 to {MAX_PAGES}")
    if table.kind in ("cursor", "next") and not table.path:
        raise ValueError(f"paging of kind {table.kind!r} needs a path")
    first = int(table.kind == "page") if table.first is None else table.first
    path = JsonPath(table.path)
    return Paging(table.kind, table.parameter or table.kind, path, first, table.max_pages)


def _paths(paths: Paths) -> tuple[JsonPath, ...]:
    return tuple(JsonPath(path) for path in ([paths] if isinstance(paths, str) else paths))


def _header(name: str) -> str:
    if not _HEADER_NAME.fullmatch(name):
        raise ValueError(f"{name!r} is not the name of a header")
    return name


def _expanded(text: str, environment: Mapping[str, str]) -> str:
    """Return an address or a header with the values of the variables that it names."""

    def value(match: re.Match[str]) -> str:
        found = environment.get(match[1], "").strip()
        if not found:
            raise ValueError(f"the environment variable {match[1]} is not set")
        return found

    expanded = _VARIABLE.sub(value, text)
    if not (expanded.isprintable() and expanded.isascii()):
        raise ValueError("an address or a header has a character that HTTP does not allow")
    return expanded
