"""The page: the built client as static files, with the headers of cross-origin isolation."""

from __future__ import annotations

import mimetypes
import os
from pathlib import Path
from typing import Final

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.staticfiles import NotModifiedResponse, StaticFiles
from starlette.types import Scope

from tickfire.server.content_coding import SUFFIXES, best_coding

STATIC: Final = Path(__file__).parent / "static"

HEADERS: Final = {
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-embedder-policy": "require-corp",
    "cross-origin-resource-policy": "same-origin",
    "content-security-policy": (
        "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; "
        "worker-src 'self' blob:; connect-src 'self'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
}
PAGES: Final = {"pipeline": "pipeline.html"}
"""Files of the pages whose addresses have no suffix."""
ASSETS: Final = "assets"
"""Folder of files whose names change with their content."""
PYTHON: Final = "pyodide"
"""Folder of the browser's Python, in a subfolder whose name changes with its content."""
FOR_EVER: Final = "public, max-age=31536000, immutable"
ASK_ALWAYS: Final = "no-cache"
TYPES: Final = {
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".wasm": "application/wasm",
    ".wgsl": "text/wgsl",
    ".whl": "application/zip",
}

COPY_DELAY_S: Final = 1.0
"""A copy that is older than its file by more than this is of an older build. An installer may
unpack the two this far apart."""

NOT_BUILT: Final = """<!doctype html>
<html lang="en"><title>tickfire</title>
<h1>The page is not built yet</h1>
<p>The server is running: clients can connect to <code>/socket</code>.</p>
<p>To build the page, run <code>make setup</code> in the project's folder, then reload.</p>
</html>
"""


class Page(StaticFiles):
    """ASGI app that serves the built client at ``/``.

    Parameters
    ----------
    directory : Path
        Folder of the built client. It need not exist yet: it may be built while the server runs.
    """

    def __init__(self, directory: Path = STATIC) -> None:
        super().__init__(directory=directory, html=True, check_dir=False)
        self._folder = directory

    async def check_config(self) -> None:
        """Accept a folder that does not exist yet."""

    def get_path(self, scope: Scope) -> str:
        """Return the path of the file that a request asks for."""
        path = super().get_path(scope)
        return PAGES.get(path, path)

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Return a file, or an error response with the same headers."""
        try:
            response = await super().get_response(path, scope)
        except HTTPException as error:
            response = self._error(path, error)
        _add_headers(response, path)
        return response

    def file_response(
        self,
        full_path: str | os.PathLike[str],
        stat_result: os.stat_result,
        scope: Scope,
        status_code: int = 200,
    ) -> Response:
        """Return a file, or the compressed copy beside it that suits the client best.

        A client that asks for a range gets it of the file itself.
        """
        file = Path(full_path)
        copies = _copies(file, stat_result)
        headers = Headers(scope=scope)
        accept = ",".join(headers.getlist("accept-encoding"))
        coding = None if "range" in headers else best_coding(accept, copies)
        media_type = TYPES.get(file.suffix) or mimetypes.guess_type(file.name)[0]
        sent, stat = (file, stat_result) if coding is None else copies[coding]
        response = FileResponse(
            sent, status_code, media_type=media_type or "application/octet-stream", stat_result=stat
        )
        if copies:
            response.headers["vary"] = "accept-encoding"
        if coding is not None:
            response.headers["content-encoding"] = coding
            response.headers["etag"] = f'{response.headers["etag"][:-1]}-{coding}"'
            del response.headers["accept-ranges"]
        if self.is_not_modified(response.headers, headers):
            return NotModifiedResponse(response.headers)
        return response

    def _error(self, path: str, error: HTTPException) -> Response:
        if error.status_code == 404 and path in (".", "index.html"):
            return HTMLResponse(NOT_BUILT, status_code=503)
        return Response(error.detail, error.status_code, media_type="text/plain")

    def lookup_path(self, path: str) -> tuple[str, os.stat_result | None]:
        """Return the full path and the status of a file; ``("", None)`` if there is none."""
        if "\0" in path or not self._folder.is_dir():
            return "", None
        return super().lookup_path(path)


def _add_headers(response: Response, path: str) -> None:
    headers = response.headers
    headers.update(HEADERS)
    found = response.status_code in (200, 304)
    headers["cache-control"] = FOR_EVER if found and _is_hashed(path) else ASK_ALWAYS
    media_type = TYPES.get(Path(path).suffix)
    if found and media_type is not None:
        headers["content-type"] = media_type


def _is_hashed(path: str) -> bool:
    match Path(path).parts:
        case (folder, _) if folder == ASSETS:
            return True
        case (folder, _, _) if folder == PYTHON:
            return True
    return False


def _copies(file: Path, stat: os.stat_result) -> dict[str, tuple[Path, os.stat_result]]:
    """Return the compressed copies of a file by coding, without those of an older build."""
    found = {}
    for coding, suffix in SUFFIXES.items():
        copy = file.with_name(file.name + suffix)
        try:
            of = copy.stat()
        except OSError:
            continue
        if of.st_mtime >= stat.st_mtime - COPY_DELAY_S:
            found[coding] = copy, of
    return found
