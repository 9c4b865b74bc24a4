"""The page of client_js/test/scene, which draws charts for comparison."""

from __future__ import annotations

import base64
import functools
import http.server
import io
import json
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from PIL import Image
from playwright.sync_api import Browser, Page

from tests.support.paths import CLIENT
from tests.support.render.cases import Case

TIMEOUT_MS: Final = 60_000


class Files(http.server.SimpleHTTPRequestHandler):
    """A server of files that logs nothing."""

    extensions_map = {  # noqa: RUF012
        **http.server.SimpleHTTPRequestHandler.extensions_map,
        ".wgsl": "text/plain",
    }

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Build the page into a folder and serve it; yield its address."""
    subprocess.run(
        ["npx", "vite", "build", "--config", "vite.scene.config.ts", "--outDir", str(folder),
         "--logLevel", "error"],
        cwd=CLIENT, check=True,
    )  # fmt: skip
    handler = functools.partial(Files, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/index.html"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass(frozen=True)
class ScenePage:
    """The page in a browser."""

    page: Page

    @classmethod
    def open(cls, browser: Browser, url: str) -> ScenePage:
        page = browser.new_page()
        page.set_default_timeout(TIMEOUT_MS)
        page.goto(url)
        page.wait_for_function("() => globalThis.drawCase !== undefined")
        return cls(page)

    def draw(self, case: Case) -> dict[str, Any]:
        """Return the image of each renderer, uint8[height, width, 3]."""
        images = self.page.evaluate("json => drawCase(json)", json.dumps(case.as_json()))
        return {name: _pixels(image) for name, image in images.items()}


def _pixels(image: str) -> Any:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(image))).convert("RGB"))
