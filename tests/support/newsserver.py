"""HTTP server of news feeds on a free port, with answers set by the test."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Answer = Callable[[BaseHTTPRequestHandler], None]


class _QuietServer(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore the error: tests hang up on purpose."""


class NewsServer:
    """Server of `answers` by path; `requests` holds each request's path and headers."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.requests: list[tuple[str, dict[str, str]]] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                server.requests.append((self.path, dict(self.headers)))
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                    server.answers[self.path](self)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._http = _QuietServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,))

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self._http.server_port}{path}"

    @contextlib.contextmanager
    def running(self) -> Iterator[NewsServer]:
        self._thread.start()
        try:
            yield self
        finally:
            self._http.shutdown()
            self._http.server_close()
            self._thread.join()


def document(body: bytes, content_type: str = "application/rss+xml", **headers: str) -> Answer:
    """Return an answer of status 200; underscores in header names become hyphens."""
    return status(200, body, Content_Type=content_type, **headers)


def status(code: int, body: bytes = b"", **headers: str) -> Answer:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(code)
        for name, value in headers.items():
            request.send_header(name.replace("_", "-"), value)
        if code != 304:
            request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    return answer


def revalidated(body: bytes, etag: str, last_modified: str) -> Answer:
    """Return an answer of 200 with validators, or of 304 to a request that sends either."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        held = request.headers.get("If-None-Match"), request.headers.get("If-Modified-Since")
        if etag == held[0] or last_modified == held[1]:
            status(304)(request)
        else:
            document(body, ETag=etag, Last_Modified=last_modified)(request)

    return answer


def endless(request: BaseHTTPRequestHandler) -> None:
    """Answer with a body that never ends."""
    request.send_response(200)
    request.send_header("Content-Type", "application/rss+xml")
    request.send_header("Connection", "close")
    request.end_headers()
    while True:
        request.wfile.write(b"<rss><channel>" * 4096)


def rss(*items: tuple[str, str], title: str = "Wire", extra: str = "") -> bytes:
    """Return an RSS 2.0 document of (guid, title) items, newest first as feeds are."""
    rows = "".join(
        f"<item><guid isPermaLink='false'>{guid}</guid><title>{text}</title>"
        f"<link>http://news.example/{guid}</link>"
        f"<pubDate>Mon, 01 Jul 2024 12:{59 - n:02d}:00 GMT</pubDate>{extra}</item>"
        for n, (guid, text) in enumerate(items)
    )
    return (
        '<?xml version="1.0"?><rss version="2.0"><channel>'
        f"<title>{title}</title>{rows}</channel></rss>"
    ).encode()


def atom(*entries: tuple[str, str], title: str = "Atom wire") -> bytes:
    """Return an Atom document of (id, title) entries."""
    rows = "".join(
        f'<entry><id>urn:x:{key}</id><title type="html">{text}</title>'
        f'<link href="/story/{key}"/><updated>2024-07-01T12:00:{n:02d}Z</updated>'
        f'<summary type="html">&lt;p&gt;About {key}.&lt;/p&gt;</summary></entry>'
        for n, (key, text) in enumerate(entries)
    )
    return (
        '<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom">'
        f"<title>{title}</title>{rows}</feed>"
    ).encode()
