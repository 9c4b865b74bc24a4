"""Record layouts and Redis keys shared by the kernels, ingest, the server and the browser.

Each is defined here and nowhere else; docs/formats.md explains them. All layouts are little-endian,
and their sizes are multiples of 8 bytes.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from tickfire.base.calendar.bounds import DAY_S as DAY_S
from tickfire.base.calendar.bounds import WEEK_S as WEEK_S

type Rows = NDArray[np.void]
"""A structured array of one of the dtypes below."""

INTERVALS_S: Final[Mapping[str, int]] = {
    "1s": 1,
    "1m": 60,
    "5m": 300,
    "15m": 900,
    "1h": 3_600,
    "1d": DAY_S,
    "1w": WEEK_S,
}
"""Intervals of bars: name to usual length in seconds. Ingest closes 1 s and 1 m bars; readers fold
the others. Where a bar begins and ends, `tickfire.base.calendar.bounds` knows: days and weeks are
those of trading hours."""
MINUTE_S: Final = INTERVALS_S["1m"]
HOUR_S: Final = INTERVALS_S["1h"]

TICK_TRADE: Final = 1
TICK_BID: Final = 2
TICK_ASK: Final = 3
TICK_CLEAR: Final = 4

TICK: Final = np.dtype(
    [
        ("ts_event", "<i8"),  # ns since the Unix epoch
        ("price", "<i8"),  # 1e-9
        ("size", "<u4"),
        ("instrument_id", "<u4"),
        ("sequence", "<u4"),  # assigned by the venue; 0 if it has none
        ("kind", "u1"),  # TICK_*
        ("side", "u1"),  # aggressor: ASCII A, B or N
        ("flags", "u1"),  # as DBN
        ("feed", "u1"),
    ]
)
"""A trade, a change of one side of the top of the book, or a clear: 32 bytes.

A clear (``TICK_CLEAR``) empties the top of an instrument's book. Only after a clear may the
instrument's time go back, as when a feed session starts again.
"""

CLEAR_BEGINS_AGAIN: Final = 1
"""Size of a clear with which the feed begins again, as in a loop: the next trade goes back even if
it is as old as the last one."""

BAR_LATE: Final = 1
"""Bar flag: a piece of a bar that is already closed, to be merged into it."""
BAR_REWIND: Final = 2
"""Bar flag: the first bar after the feed went back in time. It voids the earlier bars of the
instrument and interval that start at its start or later."""

BAR: Final = np.dtype(
    [
        ("start", "<i8"),  # ns since the Unix epoch, inclusive
        ("open", "<i8"),  # 1e-9, as are the next three
        ("high", "<i8"),
        ("low", "<i8"),
        ("close", "<i8"),
        ("volume", "<u8"),
        ("vwap", "<i8"),  # 1e-9
        ("n", "<u8"),  # position of its last trade
        ("trades", "<u4"),
        ("instrument_id", "<u4"),
        ("interval_s", "<u4"),
        ("feed", "u1"),
        ("flags", "u1"),  # BAR_*
        ("reserved", "<u2"),
    ]
)
"""A closed bar of one instrument, or a piece of one: 80 bytes."""

BOOK_DEPTH: Final = 10
"""Price levels of each side in a BOOK."""
BOOK_UNSYNCED: Final = 1
"""Book flag: a record contradicted the book, which was emptied and is being built again. It may
lack orders until the feed sends a snapshot or a clear."""
BOOK_CROSSED: Final = 2
"""Book flag: the best bid is not below the best ask, as while an auction gathers orders."""

BOOK: Final = np.dtype(
    [
        ("ts_event", "<i8"),  # ns since the Unix epoch, of the last record that it includes
        ("instrument_id", "<u4"),
        ("sequence", "<u4"),  # of that record; 0 if the venue has none
        ("publisher_id", "<u2"),
        ("feed", "u1"),
        ("flags", "u1"),  # BOOK_*
        ("reserved", "<u4"),
        *(
            (f"{side}_{name}", kind, (BOOK_DEPTH,))
            for side in ("bid", "ask")
            for name, kind in (("price", "<i8"), ("size", "<u8"), ("count", "<u4"))
        ),
    ]
)
"""The best levels of one publisher's book of an instrument, the best one first: 424 bytes.

Prices are in 1e-9, ``UNDEF_PRICE`` beyond the last level. The count is the number of orders; 0 if
the venue does not say.
"""

TOP: Final = np.dtype(
    [
        ("instrument_id", "<u4"),
        ("feed", "u1"),
        ("flags", "u1"),  # as DBN
        ("publisher_id", "<u2"),
        ("ts_event", "<i8"),  # ns since the Unix epoch, of its last change
        ("bid_price", "<i8"),  # UNDEF_PRICE: no bid
        ("ask_price", "<i8"),
        ("bid_size", "<u4"),
        ("ask_size", "<u4"),
    ]
)
"""The top of book of one publisher of an instrument that has several: 40 bytes."""

RUNNING_BAR: Final = (
    ("start", "<i8"),  # ns; 0: no bar is running
    ("open", "<i8"),
    ("high", "<i8"),
    ("low", "<i8"),
    ("close", "<i8"),
    ("volume", "<i8"),
    ("trades", "<i8"),
    ("notional", "<i8"),  # sum of price * size, modulo 2**64
)
"""Fields of a running bar, in the order in which `tickfire.kernels.bars` reads them."""

STATE: Final = np.dtype(
    [
        ("instrument_id", "<u4"),
        ("feed", "<u4"),
        ("n", "<i8"),  # position of the last tick of this instrument
        ("bid_price", "<i8"),  # UNDEF_PRICE: no bid
        ("ask_price", "<i8"),
        ("bid_size", "<i8"),
        ("ask_size", "<i8"),
        ("quote_ts", "<i8"),  # ns, ts_event of the last change of the top of book
        ("last_price", "<i8"),
        ("last_size", "<i8"),
        ("last_ts", "<i8"),  # ns, ts_event of the last trade; 0: none yet
        ("volume", "<i8"),  # since the feed session began
        ("trade_n", "<i8"),  # position of the last trade
        ("cleared", "<u4"),  # 1: no trade since the last clear; 2: the feed begins again
        ("shard", "<u4"),
        ("dirty", "<u4"),  # 1: changed since the last snapshot
        ("publisher", "<u4"),  # of the top of book; see `tickfire.ingest.kernel.tops.words`
        ("s_closed", "<i8"),  # start of the latest closed 1 s bar; -1: the next one is a rewind
        ("m_closed", "<i8"),  # the same for 1 m bars; 1 more if the feed itself made the bar
        *((f"s_{name}", kind) for name, kind in RUNNING_BAR),
        *((f"m_{name}", kind) for name, kind in RUNNING_BAR),
        ("h_closed", "<i8"),  # as s_closed, for the feed's own 1 h bars
        ("d_closed", "<i8"),  # the same for its daily bars
        ("d_rtype", "<i8"),  # DBN record type of its daily bars; 0: none yet
    ]
)
"""The state of one instrument, in memory and as its snapshot in Redis: 280 bytes.

``s_*`` is the running 1 s bar; ``m_*`` is the running 1 m bar without the running second.
"""

ENTRY_VERSION: Final = 1
ENTRY_SCHEMA_TICK: Final = 1
ENTRY_HEADER: Final = np.dtype(
    [
        ("version", "u1"),
        ("schema", "u1"),
        ("reserved", "<u2"),
        ("count", "<u4"),
        ("received", "<i8"),  # ns: when the feed's bytes were received
        ("parsed", "<i8"),  # ns: when the kernel had parsed them
        ("written", "<i8"),  # ns: when the entry was sent to Redis, by the last attempt
    ]
)
"""Field ``h`` of an entry of ``ticks:{f.s}``: 32 bytes. Field ``d`` holds TICK[count]."""

_BINARY_FIELDS: Final = (
    ("version", "u1"),
    ("shard", "u1"),  # the shard that the positions belong to
    ("span", "<u2"),  # number of positions covered: `since` takes position + span - 1
    ("count", "<u4"),
    ("position", "<u8"),  # of the first tick
    ("epoch", "u1", (8,)),
)
BINARY_HEADER: Final = np.dtype(list(_BINARY_FIELDS))
"""Header of the payload of a binary ``ticks`` event: 24 bytes, followed by TICK[count]."""
BINARY_HEADER_2: Final = np.dtype([*_BINARY_FIELDS, ("feed", "u1"), ("reserved", "u1", (7,))])
"""Header of version 2, for clients that ask for it: 32 bytes, with the number of the feed."""
BINARY_HEADERS: Final[Mapping[int, np.dtype[np.void]]] = {1: BINARY_HEADER, 2: BINARY_HEADER_2}
"""The headers of binary ticks by version."""

LAYOUT: Final = 2
"""Number of this layout of the keys in Redis; it grows when an older reader could not follow.

docs/formats.md says which changes keep it."""
OLDEST_LAYOUT: Final = 2
"""Number of the oldest layout that this release reads and goes on with."""
META_KEY: Final = b"meta"
"""Hash: ``layout``, and for each feed ``<f>:epoch`` (8 raw bytes), ``<f>:shards``, ``<f>:origin``,
``<f>:fence``, the fencing number of its writer, and ``<f>:ended``, the end of the epoch before."""
LAYOUT_FIELD: Final = b"layout"
LIVE: Final = "live"
REPLAY: Final = "replay"
SIMULATED: Final = "simulated"
ORIGINS: Final = (LIVE, REPLAY, SIMULATED)
"""Origin of data: a market as it trades, a recording of one, or a simulation."""
INSTRUMENTS_KEY: Final = b"instruments"
"""Hash: ``<feed>:<instrument_id>:<start>:<asked>`` to a msgpack-encoded `Instrument`."""
NEWS_KEY: Final = b"news"
SENTIMENT_KEY: Final = b"{news}:sentiment"
"""In the slot of ``news``; an entry has the id of the headline's entry."""
SIGNALS_KEY: Final = b"signals"
STATUS_KEY: Final = b"status"
HEALTH_KEY: Final = b"health"
"""Hash: name of a process to its latest msgpack-encoded `Beat`."""
SNAPSHOT_POSITION_FIELD: Final = b"n"


class Stream(NamedTuple):
    """The name of a stream: a shard of a feed. One process at a time writes it.

    Attributes
    ----------
    feed : int
        Number of the feed, 0 to 255.
    shard : int
    """

    feed: int
    shard: int

    def __str__(self) -> str:
        return f"{self.feed}.{self.shard}"


def ticks_key(stream: Stream) -> bytes:
    """Return the key of a stream's ticks."""
    return b"ticks:{%d.%d}" % stream


def bars_key(stream: Stream) -> bytes:
    """Return the key of a stream's closed bars; an entry's field ``d`` is BAR[count]."""
    return b"bars:{%d.%d}" % stream


def snapshots_key(stream: Stream) -> bytes:
    """Return the key of a stream's hash of snapshots.

    The hash maps ``<feed>:<instrument_id>`` to a STATE; its field ``n`` is the position that all
    of them are as of.
    """
    return b"snapshots:{%d.%d}" % stream


def books_key(stream: Stream) -> bytes:
    """Return the key of a stream's order books; an entry's field ``d`` is BOOK[count]."""
    return b"books:{%d.%d}" % stream


def present_books_key(stream: Stream) -> bytes:
    """Return the key of a stream's hash of its newest order books.

    The hash maps ``<instrument_id>:<publisher_id>`` to a BOOK.
    """
    return b"present_books:{%d.%d}" % stream


def tops_key(stream: Stream) -> bytes:
    """Return the key of a stream's tops of book; an entry's field ``d`` is TOP[count]."""
    return b"tops:{%d.%d}" % stream


def present_tops_key(stream: Stream) -> bytes:
    """Return the key of a stream's hash of its newest tops of book.

    The hash maps ``<instrument_id>:<publisher_id>`` to a TOP.
    """
    return b"present_tops:{%d.%d}" % stream


def publisher_field(instrument_id: int, publisher_id: int) -> bytes:
    """Return the field that stands for a publisher of an instrument in a hash."""
    return b"%d:%d" % (instrument_id, publisher_id)


def cursors_key(stream: Stream) -> bytes:
    """Return the key of a stream's hash of cursors, from which its feed goes on after a restart."""
    return b"cursors:{%d.%d}" % stream


def head_key(stream: Stream) -> bytes:
    """Return the key of a stream's head; see `tickfire.store.head`."""
    return b"head:{%d.%d}" % stream


def lease_key(feed: int) -> bytes:
    """Return the key of the lease of a feed; see `tickfire.store.lease`."""
    return b"lease:{%d}" % feed


def meta_field(feed: int, name: str) -> bytes:
    """Return the field of the hash ``meta`` for a property of a feed, such as its epoch."""
    return b"%d:%b" % (feed, name.encode())


def instrument_field(feed: int, instrument_id: int) -> bytes:
    """Return the field that stands for an instrument in hashes."""
    return b"%d:%d" % (feed, instrument_id)


EPOCH_BYTES: Final = 8
MAX_FEED: Final = 0xFF


def new_epoch(feed: int) -> bytes:
    """Return a key for a new epoch: the number of its feed, then 7 random bytes.

    So an id whose epoch is over still tells of which feed it is.
    """
    return bytes((feed,)) + secrets.token_bytes(EPOCH_BYTES - 1)


class Instrument(msgspec.Struct, frozen=True, array_like=True, tag=False):
    """One row of the instrument table.

    Attributes
    ----------
    feed, instrument_id : int
        The key of the instrument.
    symbol : str
        Name of the instrument, unique within its feed at any time: what was asked for if that names
        one instrument, such as ``ES.c.0``, or else the venue's own.
    tick_size : int
        The smallest price step, in units of 1e-9; 0 if unknown.
    start, end : int
        Bounds of the time in which the mapping is valid, in ns since the Unix epoch; 0 is no bound.
    dataset : str
        Databento's name for the data of the venue, such as ``GLBX.MDP3``; may be empty.
    raw_symbol : str
        The venue's own name, such as ``ESM4``; empty if unknown.
    asked : str
        The name that the feed was asked for, such as the parent ``ES.FUT``; empty if unknown.
    """

    feed: int
    instrument_id: int
    symbol: str
    tick_size: int = 0
    start: int = 0
    end: int = 0
    dataset: str = ""
    raw_symbol: str = ""
    asked: str = ""


def mapping_field(row: Instrument) -> bytes:
    """Return the field of a row in the hash ``instruments``."""
    return f"{row.feed}:{row.instrument_id}:{row.start}:{row.asked}".encode()


class Headline(msgspec.Struct, frozen=True, tag=False):
    """One entry of the stream ``news`` (field ``d``, msgpack), version 1.

    ``published`` and ``received`` are in ns since the Unix epoch; ``origin`` is one of `ORIGINS`.
    """

    id: str
    title: str
    source: str
    published: int
    received: int
    summary: str = ""
    url: str = ""
    symbols: tuple[str, ...] = ()
    version: int = 1
    origin: str = LIVE


class FeedState(msgspec.Struct, frozen=True, tag=False):
    """The state of a feed, as ingest sees it.

    Attributes
    ----------
    connected : bool
    since : int
        Time since which the state holds, in ns since the Unix epoch.
    name : str
        The feed's dataset, or why the feed is stale or down.
    number : int or None
    state : str
        ``"up"``, ``"stale"`` (connected, and nothing comes) or ``"down"``.
    data : int
        Time at which the last records came, in ns since the Unix epoch; 0 if none did.
    heard : int
        Time of the last sign of life of a source that sends heartbeats, in ns since the Unix epoch;
        0 if it sends none.
    ended : bool
        True if the source has no more data, as a file that was read to its end.
    caught_up : bool
        False until the source has sent what it has of the past, and while it does so again.
    """

    connected: bool
    since: int
    name: str = ""
    number: int | None = None
    state: str = ""
    data: int = 0
    heard: int = 0
    ended: bool = False
    caught_up: bool = True


FEED_UP: Final = "up"
FEED_STALE: Final = "stale"
FEED_DOWN: Final = "down"


class Beat(msgspec.Struct, frozen=True, tag=False):
    """A sign of life of a process: one field of the hash ``health``, msgpack, version 1.

    Attributes
    ----------
    process : str
        Name of the process: ``"ingest:<feed>"``, ``"infer"``, ``"news"`` or ``"record"``, or of a
        standby ``"standby:<feed>:<pid>"`` or ``"standby:infer:<pid>"``.
    pid : int
    started, at : int
        Time of the process's start, and of this beat, in ns since the Unix epoch.
    figures : dict
        Counters and gauges of the process by name; see docs/formats.md.
    feed : FeedState or None
        The state of the feed, from an ingest that writes it.
    """

    process: str
    pid: int
    started: int
    at: int
    figures: dict[str, float] = {}
    feed: FeedState | None = None
    version: int = 1


def ingest_process(feed: int) -> str:
    """Return the name under which the ingest of a feed beats."""
    return f"{INGEST}:{feed}"


def standby_process(name: str, pid: int) -> str:
    """Return the name under which a standby beats, by the number of its feed or its command."""
    return f"{STANDBY}:{name}:{pid}"


INGEST: Final = "ingest"
STANDBY: Final = "standby"


class Status(msgspec.Struct, frozen=True, tag=False):
    """One entry of the stream ``status`` (field ``d``, msgpack), version 1.

    ``kind`` is ``"instrument"`` (the instrument table changed), ``"session"`` (a feed session
    began), ``"epoch"`` (a new epoch began, as data of the old one was lost), ``"feed_up"``,
    ``"feed_stale"`` or ``"feed_down"`` (the state of the feed changed), ``"slow_reader"``,
    ``"error"`` or ``"heartbeat"`` (messages of the gateway), or ``"gap"`` (the ticks from ``first``
    to ``last`` of ``shard``, or data of the feed, from ``begin`` to ``end``, in ns since the Unix
    epoch, if they are known, are lost).
    """

    kind: str
    at: int
    detail: str = ""
    shard: int = 0
    first: int = 0
    last: int = 0
    version: int = 1
    feed: int | None = None
    begin: int = 0
    end: int = 0

    @property
    def changes_feeds(self) -> bool:
        """True if a feed may have another epoch now, or other instruments."""
        return self.kind in ("session", "instrument", "epoch")


def shard_of(feed: int, instrument_id: int, shards: int) -> int:
    """Return the shard of an instrument: the splitmix64 hash of its key, modulo `shards`."""
    mask = 0xFFFF_FFFF_FFFF_FFFF
    z = ((feed << 32 | instrument_id) + 0x9E37_79B9_7F4A_7C15) & mask
    z = (z ^ z >> 30) * 0xBF58_476D_1CE4_E5B9 & mask
    z = (z ^ z >> 27) * 0x94D0_49BB_1331_11EB & mask
    return (z ^ z >> 31) % shards
