"""Paths of sockets and transports, with variables as Phoenix or as Starlette writes them."""

from __future__ import annotations

import re
from typing import Any

from starlette.routing import compile_path

_VARIABLE = re.compile(r"(\{[^{}]*\})|:([A-Za-z_][A-Za-z0-9_]*)")


def starlette_path(path: str) -> str:
    """Return a path with a leading slash, and ``{name}`` in place of ``:name``; "" stays empty."""
    named = _VARIABLE.sub(lambda found: found[1] or f"{{{found[2]}}}", path)
    return named if not named or named.startswith("/") else f"/{named}"


class TransportPath:
    """Path of a transport below its socket's, such as ``/websocket`` or ``/:room/websocket``.

    Raises
    ------
    ValueError
        If a variable appears twice.
    """

    def __init__(self, path: str) -> None:
        self.path = starlette_path(path)
        self._plain = self.path.rstrip("/")
        self._regex, _, self._convertors = compile_path(self._plain + "/")

    def match(self, path: str) -> dict[str, Any] | None:
        """Return the variables of a path, or None if it is another one."""
        if not self._convertors:
            return {} if path.rstrip("/") == self._plain else None
        found = self._regex.fullmatch(path.rstrip("/") + "/")
        if found is None:
            return None
        return {
            name: self._convertors[name].convert(value) for name, value in found.groupdict().items()
        }
