"""Parser of connect params from a query string, which parses as Plug does.

`a[b]=c` makes nested dicts, and `l[]=1` lists; `+` is a space; a name without a value has the value
"", and of duplicate names the last wins. A percent sign that does not begin an escape is literal.
Bytes that are not UTF-8 are refused.
"""

from __future__ import annotations

import itertools
import re
from typing import Any

MAX_PAIRS = 1_000
MAX_DEPTH = 32

_ESCAPE = re.compile(rb"%([0-9A-Fa-f]{2})")


class UndecodableQueryError(ValueError):
    """Raised when a query is not UTF-8, has too many params, or nests them too deeply."""


def parse_query(query: bytes) -> dict[str, Any]:
    """Return the params in a query string.

    Returns
    -------
    dict
        Values are str, or dicts or lists of such values.

    Raises
    ------
    UndecodableQueryError
        If the query cannot be decoded.
    """
    params: dict[str, Any] = {}
    if not query:
        return params
    pairs = query.split(b"&")
    if len(pairs) > MAX_PAIRS:
        raise UndecodableQueryError(f"the query has more than {MAX_PAIRS} pairs")
    for pair in pairs:
        name, _, value = pair.partition(b"=")
        if b"[" in name or b"%" in name:
            _assign(params, _path(_decode(name)), _decode(value))
        elif name or value:
            params[_decode(name)] = _decode(value)
    return params


def _decode(text: bytes) -> str:
    if b"+" in text:
        text = text.replace(b"+", b" ")
    if b"%" in text:
        text = _ESCAPE.sub(lambda found: bytes((int(found[1], 16),)), text)
    try:
        return text.decode()
    except UnicodeDecodeError as error:
        raise UndecodableQueryError(str(error)) from None


def _path(name: str) -> list[str]:
    """Split a name such as `a[b][]` into a, b and ""; any other name is returned whole."""
    first, bracket, rest = name.partition("[")
    if not bracket or not first or not rest.endswith("]"):
        return [name]
    path = [first, *rest[:-1].split("][")]
    if len(path) > MAX_DEPTH:
        raise UndecodableQueryError(f"a param is nested deeper than {MAX_DEPTH}")
    return path


def _assign(params: dict[str, Any], path: list[str], value: str) -> None:
    here: Any = params
    for name, following in itertools.pairwise(path):
        here = _step_into(here, name, [] if following == "" else {})
    if isinstance(here, list):
        here.append(value)
    else:
        here[path[-1]] = value


def _step_into(here: Any, name: str, empty: Any) -> Any:
    """Return the container under `name`, or put `empty` there if it is of another type."""
    if isinstance(here, list):
        here.append(empty)
        return empty
    if type(here.get(name)) is not type(empty):
        here[name] = empty
    return here[name]
