"""Chromium and static files for the benchmarks of pages."""

from __future__ import annotations

import functools
import http.server
import os
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Browser, Playwright

CLIENT: Final = Path(__file__).resolve().parents[1] / "client_js"
ISOLATION: Final = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
}


def launch(playwright: Playwright, *flags: str) -> Browser:
    """Start Chromium; the executable is `CHROMIUM`'s, or the system's."""
    executable = os.environ.get("CHROMIUM") or "/usr/bin/chromium"
    return playwright.chromium.launch(executable_path=executable, args=["--no-sandbox", *flags])


class Files(http.server.SimpleHTTPRequestHandler):
    """File server without a log that can let the page share memory."""

    def __init__(self, *given: Any, isolated: bool, **named: Any) -> None:
        self._isolated = isolated
        super().__init__(*given, **named)

    def end_headers(self) -> None:
        """Add the headers of isolation."""
        for name, value in ISOLATION.items() if self._isolated else ():
            self.send_header(name, value)
        super().end_headers()

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@contextmanager
def serving(folder: Path, *, isolated: bool = False) -> Iterator[str]:
    """Serve a folder; yield the address of its page."""
    handler = functools.partial(Files, directory=str(folder), isolated=isolated)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/index.html"
    finally:
        server.shutdown()


def build(page: str, folder: Path, client: Path = CLIENT) -> None:
    """Build a page of `client_js/bench` into a folder."""
    command = ["npx", "vite", "build", f"bench/{page}", "--config", "vite.bench.config.ts"]
    options: Sequence[str] = ("--outDir", str(folder), "--emptyOutDir", "--logLevel", "error")
    subprocess.run([*command, *options], cwd=client, check=True)
