"""Serving below a path of a reverse proxy, such as ``/desk``."""

from __future__ import annotations

import re
from typing import Any, Final
from urllib.parse import quote

import click
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from tickfire.base.errors import UsageError

_VALID: Final = re.compile(r"(/[\w.~-]+)*", re.ASCII)


class RootPath:
    """ASGI middleware for an application that a proxy serves below a path.

    It makes no difference whether the proxy strips the path from the requests that it passes on.
    Requests that do not come through the proxy, such as health checks, may leave it out too. The
    path itself, without a slash at its end, is redirected, since the page's addresses are relative.

    Parameters
    ----------
    app : ASGIApp
    root_path : str
        The path, as `normalized` returns it, and not empty.
    """

    def __init__(self, app: ASGIApp, root_path: str) -> None:
        self._app = app
        self._root_path = root_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request with the path in its scope, as ASGI defines `root_path`."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
        elif scope["type"] == "http" and scope["path"] == self._root_path:
            await self._redirect(scope)(scope, receive, send)
        else:
            await self._app(self._below(scope), receive, send)

    def _below(self, scope: Scope) -> Scope:
        root, path = self._root_path, scope["path"]
        whole = path if f"{path}/".startswith(f"{root}/") else root + path
        raw_path = quote(whole, safe="/:@!$&'()*+,;=~").encode()
        return {**scope, "root_path": root, "path": whole, "raw_path": raw_path}

    def _redirect(self, scope: Scope) -> RedirectResponse:
        query = scope["query_string"].decode("latin-1")
        return RedirectResponse(f"{self._root_path}/{f'?{query}' if query else ''}")


def normalized(root_path: str) -> str:
    """Return a path with a slash at its beginning and none at its end; empty for the root.

    Raises
    ------
    UsageError
        It is not a path of plain segments.
    """
    path = root_path.strip("/")
    path = f"/{path}" if path else ""
    if not _VALID.fullmatch(path) or {".", ".."} & set(path.split("/")):
        raise UsageError(
            f"{root_path!r} is not a path; write --root-path as /desk, of letters, digits and _-.~"
        )
    return path


def _normalize(context: click.Context, parameter: click.Parameter, value: str) -> str:
    return normalized(value)


def root_path_option(command: Any) -> Any:
    """Add ``--root-path`` to a command."""
    return click.option(
        "--root-path",
        envvar="ROOT_PATH",
        default="",
        metavar="PATH",
        show_envvar=True,
        callback=_normalize,
        help="Path below which a reverse proxy serves tickfire, such as /desk.",
    )(command)
