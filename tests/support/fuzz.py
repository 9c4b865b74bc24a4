"""Everything in ingest that parses bytes of others, and bytes to begin with.

A target takes any bytes, and raises nothing but what its parser documents.
"""

from __future__ import annotations

import contextlib
import gzip
import io
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec
import zstandard

from tests.support.dbn import START, daily, mixed_records, rows
from tests.support.newsserver import atom, rss
from tickfire.base.inflate import EncodingError, Inflater
from tickfire.ingest.adapter.protocol import FeedRefused
from tickfire.ingest.binance.instrument import BinanceInstrument, Inexact
from tickfire.ingest.binance.messages import BOOK_TICKER, MALFORMED, MESSAGE, TRADE, SymbolInfo
from tickfire.ingest.dbn.control import decode_control
from tickfire.ingest.dbn.errors import DbnError
from tickfire.ingest.dbn.file import open_dbn
from tickfire.ingest.dbn.instruments import InstrumentTable
from tickfire.ingest.dbn.layout import (
    RTYPE_DEFINITION,
    RTYPE_ERROR,
    RTYPE_IMBALANCE,
    RTYPE_MBO,
    RTYPE_MBP_10,
    RTYPE_STATISTICS,
    RTYPE_STATUS,
    RTYPE_SYMBOL_MAPPING,
    RTYPE_SYSTEM,
)
from tickfire.ingest.dbn.metadata import Metadata
from tickfire.ingest.dbn.reports import decode_report_record
from tickfire.ingest.dbn.zstd import ZstdSource
from tickfire.ingest.inspect.summary import summarize
from tickfire.ingest.inspect.text import lines_of
from tickfire.ingest.kernel.parse import FeedCorrupt, Parser
from tickfire.ingest.kernel.state import InstrumentStates
from tickfire.ingest.lsg.client import Handshake, HandshakeState, LiveSubscription, LsgError
from tickfire.ingest.lsg.lines import challenge_answer
from tickfire.ingest.lsg.server import LsgServer
from tickfire.ingest.news.api import decode_answer, items_of
from tickfire.ingest.news.api_file import read_apis
from tickfire.ingest.news.feed import Document, NotAFeed, headlines
from tickfire.ingest.news.items import headlines_of
from tickfire.ingest.news.text import plain, symbols_in
from tickfire.ingest.news.times import parse_time

NOW = 1_800_000_000_000_000_000
KEY = "db-" + "k" * 29
MAX_BODY = 1 << 16


@dataclass(frozen=True)
class Target:
    """A parser of bytes.

    Attributes
    ----------
    run : callable
        Parse bytes.
    seeds : tuple of bytes
        Valid input, to be mutated.
    """

    run: Callable[[bytes], None]
    seeds: tuple[bytes, ...]


def _records() -> tuple[bytes, ...]:
    kinds = (
        RTYPE_SYMBOL_MAPPING,
        RTYPE_SYSTEM,
        RTYPE_ERROR,
        RTYPE_DEFINITION,
        RTYPE_STATISTICS,
        RTYPE_STATUS,
        RTYPE_IMBALANCE,
        RTYPE_MBO,
        RTYPE_MBP_10,
    )
    made = [
        rows(rtype, 2, version, instrument_id=1, ts_event=START)
        for rtype in kinds
        for version in (1, 3)
    ]
    return (mixed_records(4), *(each.tobytes() for each in made))


METADATA = (
    *(
        Metadata("TEST", "trades", START, symbols=("A", "BC"), version=version).encode()
        for version in (1, 2, 3)
    ),
    daily((0, "ES", 1), (1, "NQ", 1)).encode(),
)
FILES = tuple(head + mixed_records(6) for head in METADATA)
FRAMES = (
    *(zstandard.compress(file) for file in FILES),
    b"\x50\x2a\x4d\x18\x04\x00\x00\x00abcd" + zstandard.compress(FILES[0]),
    zstandard.compress(FILES[0][:300]) + zstandard.compress(FILES[0][300:]),
)


def _read_file(data: bytes) -> None:
    with tempfile.NamedTemporaryFile(suffix=".dbn") as file:
        file.write(data)
        file.flush()
        with contextlib.suppress(DbnError):
            list(lines_of(summarize(Path(file.name))))
        with contextlib.suppress(DbnError):
            for chunk in open_dbn(file.name).chunks(1024):
                assert len(chunk) % 8 == 0


def _read_metadata(data: bytes) -> None:
    with contextlib.suppress(DbnError):
        metadata = Metadata.decode(data)
        InstrumentTable(1).take_metadata(metadata)


def _read_zstd(data: bytes) -> None:
    source = ZstdSource(io.BytesIO(data))
    with contextlib.suppress(DbnError):
        while source.read(4096):
            pass


def _parse_records(data: bytes) -> None:
    states = InstrumentStates()
    with contextlib.suppress(FeedCorrupt):
        for _ in Parser(states, 1 << 14).feed(data):
            pass


def _decode_records(data: bytes) -> None:
    table = InstrumentTable(1)
    while len(data) >= 16:
        size = max(data[0] * 4, 16)
        record, data = data[:size], data[size:]
        decode_control(record)
        decode_report_record(record, feed=1)
        if len(record) >= 80:
            table.take_record(record)


def _take_messages(data: bytes) -> None:
    instrument = BinanceInstrument.of(SymbolInfo("BTCUSDT"))
    with contextlib.suppress(*MALFORMED, Inexact):
        message = MESSAGE.decode(data)
        with contextlib.suppress(*MALFORMED, Inexact):
            instrument.trade(TRADE.decode(message.data), NOW)
        instrument.quote(BOOK_TICKER.decode(message.data), NOW)


def _serve_lines(data: bytes) -> None:
    server = LsgServer("1", "nonce", {KEY})
    for event in server.receive(data[:20]) + server.receive(data[20:]):
        str(event)
    server.data_to_send()


def _follow_lines(data: bytes) -> None:
    ask = LiveSubscription("TEST", ("mbp-1",), ("ES",))
    handshake = Handshake(KEY, ask)
    with contextlib.suppress(LsgError, FeedRefused, DbnError):
        handshake.receive(data[:20])
        if handshake.state is HandshakeState.READY:
            handshake.subscribe(ask)
        handshake.receive(data[20:])


def _read_feed(data: bytes) -> None:
    kind, _, body = data.partition(b"\n")
    content_type = kind.decode("ascii", "replace")
    with contextlib.suppress(NotAFeed):
        found = headlines(Document("http://a.example/f", content_type, body), NOW, {"ES"})
        assert all(one.title for one in found)


def _read_answer(data: bytes) -> None:
    with tempfile.NamedTemporaryFile(suffix=".toml") as file:
        file.write(b'[[api]]\nurl = "http://a.example/"\nitems = "articles"')
        file.flush()
        (api,) = read_apis(Path(file.name), {})
    with contextlib.suppress(NotAFeed):
        items = items_of(api, decode_answer(data))
        headlines_of(items, api.url, api.name, NOW, (), limit=10)


def _read_text(data: bytes) -> None:
    made = plain(data.decode("utf-8", "surrogateescape"), 300)
    assert len(made) <= 300
    symbols_in(made, {"BRK.B"})


def _read_time(data: bytes) -> None:
    parse_time(data.decode(errors="replace"), "news.example.ie")


def _inflate(data: bytes) -> None:
    for coding in ("gzip", "deflate"):
        with contextlib.suppress(EncodingError):
            inflater = Inflater(coding, MAX_BODY)
            inflater.feed(data[:7])
            inflater.feed(data[7:])
            assert len(inflater.close()) <= MAX_BODY


TARGETS = {
    "file": Target(_read_file, FILES + FRAMES),
    "metadata": Target(_read_metadata, METADATA),
    "zstd": Target(_read_zstd, FRAMES),
    "kernel": Target(_parse_records, _records()),
    "records": Target(_decode_records, _records()),
    "client's lines": Target(
        _serve_lines,
        (
            b"auth=" + challenge_answer("nonce", KEY).encode() + b"|dataset=TEST|ts_out=1\n"
            b"schema=mbp-1|stype_in=raw_symbol|symbols=A,B|start=1700000000000000000\n"
            b"start_session=\n",
        ),
    ),
    "gateway's lines": Target(
        _follow_lines, (b"lsg_version=0.8.0\ncram=abcdef\nsuccess=1|session_id=7\nDBN\x03",)
    ),
    "exchange's messages": Target(
        _take_messages,
        (
            b'{"stream":"btcusdt@trade","data":{"e":"trade","E":1,"s":"BTCUSDT","t":12,"p":"0.5",'
            b'"q":"100","T":1700000000123,"m":true,"M":true}}',
            b'{"stream":"btcusdt@bookTicker","data":{"u":40,"s":"BTCUSDT","b":"25.35","B":"31",'
            b'"a":"25.36","A":"40"}}',
        ),
    ),
    "feed": Target(
        _read_feed,
        tuple(
            kind + b"\n" + body
            for kind in (b"text/xml; charset=iso-8859-1", b"application/rss+xml")
            for body in (
                rss(("a", "S&P 500 &lt;b&gt;up&lt;/b&gt; (NYSE: A, TSX: B)"), ("b", "&#146;")),
                atom(("k", "<![CDATA[<p>Two</p>]]>")),
            )
        ),
    ),
    "answer": Target(
        _read_answer,
        (
            msgspec.json.encode(
                {"articles": [{"title": "A", "id": 1, "published": "2024-07-01T12:00:00Z"}]}
            ),
        ),
    ),
    "text": Target(
        _read_text,
        (
            b"Why <script> tags &lt;i&gt;slow&lt;/i&gt; shops (Nasdaq: ACME; TSX-V: B) $BRK-B",
            b"<![CDATA[<p class='a'>One</p>]]><!-- two --><a href='x",
        ),
    ),
    "time": Target(
        _read_time,
        (b"Mon, 01 Jul 2024 12:00:00 IST", b"July 1, 2024 4:05 PM ET", b"1719838680000"),
    ),
    "inflate": Target(_inflate, (gzip.compress(b"one" * 20), gzip.compress(bytes(100_000)))),
}
