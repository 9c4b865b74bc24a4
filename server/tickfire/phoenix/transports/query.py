"""Connect params: a query string, read as Plug reads it.

`a[b]=c` nests, `l[]=1` makes lists, `+` is a space, a name alone is "", the last of two wins. A
percent sign that begins no escape is taken as it stands; bytes that are not UTF-8 are refused.
"""

from __future__ import annotations

import itertools
import re
from typing import Any

MAX_PAIRS = 1_000
MAX_DEPTH = 32

_ESCAPE = re.compile(rb"%([0-9A-Fa-f]{2})")


class UndecodableQueryError(ValueError):
    """The query is not UTF-8, or too large or too deep to be meant."""


def parse_query(query: bytes) -> dict[str, Any]:
    """Return the params in a query string.

    Returns
    -------
    dict
        Values are str, dict of the same, or list of the same.

    Raises
    ------
    UndecodableQueryError
        if it cannot be decoded
    """
    params: dict[str, Any] = {}
    if not query:
        return params
    pairs = query.split(b"&")
    if len(pairs) > MAX_PAIRS:
        raise UndecodableQueryError(f"the query has more than {MAX_PAIRS} pairs")
    for pair in pairs:
        name, _, value = pair.partition(b"=")
        if name or value:
            _assign(params, _path(_decode(name)), _decode(value))
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
    """Take `a[b][]` apart into a, b and an empty name; a name that is not so built stays whole."""
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
    """Return the container under `name`, a new one where there is none of the kind of `empty`."""
    if isinstance(here, list):
        here.append(empty)
        return empty
    if type(here.get(name)) is not type(empty):
        here[name] = empty
    return here[name]
