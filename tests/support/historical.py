"""A server that speaks the API of Databento's historical service, over TLS on a local port."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
import zstandard

from tests.support.dbn import rows
from tests.support.tls import Certificates
from tickfire.ingest.dbn.enums import SCHEMA_RTYPES
from tickfire.ingest.dbn.layout import ACTION_TRADE, RTYPE_TRADE
from tickfire.ingest.dbn.metadata import MappingInterval, Metadata, SymbolMapping

KEY = "db-history0123456789abcdefghijkl"
S = 1_000_000_000
STEPS_S = {"ohlcv-1s": 1, "ohlcv-1m": 60, "ohlcv-1h": 3600, "ohlcv-1d": 86_400, "trades": 10}
"""Seconds between two records of a schema."""
NUMBERS = {"ESU4": 118, "NQU4": 260}
PRICE = 100 * S


@dataclass
class HistoryServer:
    """The service.

    Attributes
    ----------
    end : int
        The end of the history that is available, in ns.
    requests : list of (str, dict)
        The endpoint and the parameters of each request.
    """

    end: int
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    url: str = ""

    def asked(self, endpoint: str) -> list[dict[str, str]]:
        """Return the parameters of the requests to an endpoint."""
        return [fields for name, fields in self.requests if name == endpoint]

    def answer(self, endpoint: str, fields: dict[str, str], key: str) -> tuple[int, bytes]:
        """Return the status and the body of an answer."""
        self.requests.append((endpoint, fields))
        if key != KEY:
            return _refusal(401, "auth_authentication_failed", "Authentication failed.")
        if fields.get("dataset") == "XNAS.ITCH":
            return _refusal(403, "license_not_found_unauthorized", "A live license is required.")
        if fields.get("dataset") not in ("GLBX.MDP3", "TEST.DATA"):
            return _refusal(422, "data_dataset_invalid", "Unknown dataset: " + fields["dataset"])
        if endpoint == "metadata.get_dataset_range":
            whole = {"start": "2010-06-06T00:00:00.000000000Z", "end": _iso(self.end)}
            return 200, json.dumps({**whole, "schema": {"ohlcv-1m": whole}}).encode()
        unknown = set(fields["symbols"].split(",")) - set(NUMBERS)
        if unknown:
            return _refusal(
                422,
                "symbology_invalid_request",
                f"None of the symbols could be resolved: {unknown}",
            )
        begin, end = _ns(fields["start"]), _ns(fields["end"])
        if endpoint == "metadata.get_cost":
            return 200, json.dumps(0.25 * (end - begin) / (86_400 * S)).encode()
        return 200, zstandard.compress(_file(fields, begin, end))


def records_of(schema: str, symbol: str, begin: int, end: int) -> np.ndarray[Any, Any]:
    """Return the records of a symbol; each price follows from its time."""
    step = STEPS_S[schema] * S
    times = np.arange(-(-begin // step) * step, end, step)
    prices = PRICE + times // step % 100 * (S // 4)
    common: dict[str, Any] = {"instrument_id": NUMBERS[symbol], "ts_event": times}
    if schema == "trades":
        return rows(
            RTYPE_TRADE, len(times), **common, ts_recv=times, price=prices, size=2,
            action=ACTION_TRADE,
        )  # fmt: skip
    return rows(
        SCHEMA_RTYPES[schema], len(times), **common,
        open=prices, high=prices + S, low=prices - S, close=prices, volume=5,
    )  # fmt: skip


def _file(fields: dict[str, str], begin: int, end: int) -> bytes:
    first, last = _day(begin), _day(end - 1) + timedelta(days=1)
    symbols = fields["symbols"].split(",")
    metadata = Metadata(
        fields["dataset"], fields["schema"], begin, end, stype_in=fields["stype_in"],
        symbols=tuple(symbols),
        mappings=tuple(
            SymbolMapping(symbol, (MappingInterval(first, last, str(NUMBERS[symbol])),))
            for symbol in symbols
        ),
    )  # fmt: skip
    found = np.concatenate([records_of(fields["schema"], symbol, begin, end) for symbol in symbols])
    return metadata.encode() + found[np.argsort(found["ts_event"], kind="stable")].tobytes()


def _refusal(status: int, case: str, message: str) -> tuple[int, bytes]:
    detail = {
        "case": case, "message": message, "status_code": status,
        "docs": "https://databento.com/docs", "payload": {},
    }  # fmt: skip
    return status, json.dumps({"detail": detail}).encode()


def _iso(ns: int) -> str:
    return f"{datetime.fromtimestamp(ns // S, UTC):%Y-%m-%dT%H:%M:%S}.000000000Z"


def _ns(text: str) -> int:
    if text.isdigit():
        return int(text)
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * S


def _day(ns: int) -> Any:
    return datetime.fromtimestamp(ns // S, UTC).date()


@contextmanager
def serving(certificates: Certificates, end: int) -> Iterator[HistoryServer]:
    """Run the service in a thread."""
    service = HistoryServer(end)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            url = urlsplit(self.path)
            self._answer(url.path, parse_qs(url.query))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self._answer(self.path, parse_qs(body))

        def _answer(self, path: str, query: dict[str, list[str]]) -> None:
            given = base64.b64decode(self.headers["Authorization"].removeprefix("Basic "))
            fields = {name: values[0] for name, values in query.items()}
            status, body = service.answer(
                path.removeprefix("/v0/"), fields, given.decode().removesuffix(":")
            )
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.socket = certificates.context().wrap_socket(server.socket, server_side=True)
    service.url = f"https://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
