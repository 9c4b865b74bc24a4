"""Codec of the metadata at the head of a DBN file or stream, versions 1 to 3.

A prefix of 8 bytes (``DBN``, version u8, length u32) is followed by ``length`` bytes: fields at
fixed offsets, then four lists of symbols, each a u32 count and items of a fixed size. Version 1
has a record count, and symbols of 22 bytes; later versions state the size of a symbol; version 3
pads the whole to a multiple of 8 bytes.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Final

from tickfire.base.units import NS_PER_S
from tickfire.ingest.dbn.enums import SCHEMAS, STYPES
from tickfire.ingest.dbn.errors import (
    CorruptDbnError,
    DbnError,
    NotDbnError,
    TruncatedDbnError,
    UnsupportedVersionError,
)
from tickfire.ingest.dbn.layout import (
    DBN_VERSION,
    MIXED_SCHEMA,
    SYMBOL_SIZE_V1,
    SYMBOL_SIZE_V2,
    UNDEF_STYPE,
    UNDEF_TIMESTAMP,
)

PREFIX_SIZE: Final = 8
MAX_METADATA_SIZE: Final = 1 << 28
"""Bytes; longer metadata is considered corrupt."""

_MAGIC: Final = b"DBN"
_FIXED_V1: Final = struct.Struct("<16sHQQQQBBB47x")
_FIXED_V2: Final = struct.Struct("<16sHQQQBBBH53x")
_COUNT: Final = struct.Struct("<I")
_DATASET_SIZE: Final = 15
"""One less than the size of its field, which a NUL ends."""


@dataclass(frozen=True, slots=True)
class MappingInterval:
    """The resolution of a symbol for a span of dates.

    Attributes
    ----------
    start, end : date
        UTC dates; ``end`` is exclusive.
    symbol : str
        Of the metadata's ``stype_out``.
    """

    start: date
    end: date
    symbol: str


@dataclass(frozen=True, slots=True)
class SymbolMapping:
    """The resolutions of a requested symbol, by span of dates."""

    raw_symbol: str
    intervals: tuple[MappingInterval, ...] = ()


@dataclass(frozen=True, slots=True)
class Metadata:
    """Metadata of a file or stream.

    Attributes
    ----------
    dataset : str
        Up to 15 ASCII characters, such as ``GLBX.MDP3``.
    schema : str or None
        None if schemas are mixed.
    start : int
        ns since the Unix epoch.
    end, limit : int or None
        The end in ns since the Unix epoch, and the maximum number of records requested.
    stype_in, stype_out : str or None
        The types of the requested symbols and of those they resolve to; None if mixed.
    ts_out : bool
        Whether a u64, the time of sending in ns, is appended to every record.
    symbols, partial, not_found : tuple of str
        The requested symbols, those that resolved for a part of the time, and those that never
        did.
    mappings : tuple of SymbolMapping
        The symbols that the requested ones resolved to.
    version : int
        1, 2 or 3.
    """

    dataset: str
    schema: str | None = None
    start: int = 0
    end: int | None = None
    limit: int | None = None
    stype_in: str | None = None
    stype_out: str | None = "instrument_id"
    ts_out: bool = False
    symbols: tuple[str, ...] = ()
    partial: tuple[str, ...] = ()
    not_found: tuple[str, ...] = ()
    mappings: tuple[SymbolMapping, ...] = ()
    version: int = DBN_VERSION

    @classmethod
    def decode(cls, data: bytes | bytearray) -> Metadata:
        """Decode metadata from bytes that begin with its prefix; later bytes are ignored.

        Raises
        ------
        DbnError
            If the bytes are not valid metadata.
        """
        size = metadata_size(data)
        if len(data) < size:
            raise TruncatedDbnError("is truncated inside the metadata")
        return _decode(data[3], bytes(memoryview(data)[PREFIX_SIZE:size]))

    def encode(self) -> bytes:
        """Encode the metadata, with its prefix, in the format of `version`.

        Raises
        ------
        DbnError
            If a symbol or the dataset is too long for the format.
        """
        body = _encode(self)
        return _MAGIC + bytes((self.version,)) + _COUNT.pack(len(body)) + body


def metadata_size(prefix: bytes | bytearray) -> int:
    """Return the size of metadata in bytes, with its prefix, from its first 8 bytes.

    Raises
    ------
    NotDbnError, UnsupportedVersionError, TruncatedDbnError, CorruptDbnError
        If the bytes are not the beginning of DBN of a supported version.
    """
    if prefix[: len(_MAGIC)] != _MAGIC[: len(prefix)] or not prefix:
        raise NotDbnError("is not DBN (it has no DBN header)")
    if len(prefix) < PREFIX_SIZE:
        raise TruncatedDbnError("is truncated inside the metadata")
    version = prefix[3]
    if not 1 <= version <= DBN_VERSION:
        raise UnsupportedVersionError(
            f"is DBN version {version}, but only versions 1 to {DBN_VERSION} can be read"
        )
    (length,) = _COUNT.unpack_from(prefix, 4)
    if length > MAX_METADATA_SIZE:
        raise CorruptDbnError(f"has corrupt metadata (its length would be {length} bytes)")
    return PREFIX_SIZE + int(length)


def date_to_ns(day: date) -> int:
    """Return the time at which a UTC date begins, in ns since the Unix epoch."""
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return int(start.timestamp()) * NS_PER_S


class _Cursor:
    """Reader of the lists at the end of metadata, which checks each length before it uses it."""

    def __init__(self, body: bytes, at: int, symbol_size: int) -> None:
        self._body = body
        self._at = at
        self._symbol_size = symbol_size
        self._interval = struct.Struct(f"<II{symbol_size}s")

    def count(self, item_size: int) -> int:
        (count,) = _COUNT.unpack(self._take(_COUNT.size))
        if count * item_size > len(self._body) - self._at:
            raise CorruptDbnError("has corrupt metadata (a list is longer than the metadata)")
        return int(count)

    def symbol(self) -> str:
        return _text(self._take(self._symbol_size))

    def symbols(self) -> tuple[str, ...]:
        return tuple(self.symbol() for _ in range(self.count(self._symbol_size)))

    def mappings(self) -> tuple[SymbolMapping, ...]:
        count = self.count(self._symbol_size + _COUNT.size)
        return tuple(SymbolMapping(self.symbol(), self._intervals()) for _ in range(count))

    def skip(self, size: int) -> None:
        self._take(size)

    def _intervals(self) -> tuple[MappingInterval, ...]:
        rows = self._take(self.count(self._interval.size) * self._interval.size)
        return tuple(
            MappingInterval(_date(start), _date(end), _text(symbol))
            for start, end, symbol in self._interval.iter_unpack(rows)
        )

    def _take(self, size: int) -> bytes:
        taken = self._body[self._at : self._at + size]
        if len(taken) < size:
            raise CorruptDbnError("has corrupt metadata (it ends too early)")
        self._at += size
        return taken


def _decode(version: int, body: bytes) -> Metadata:
    fixed = _FIXED_V1 if version == 1 else _FIXED_V2
    if len(body) < fixed.size:
        raise CorruptDbnError("has corrupt metadata (it ends too early)")
    values = fixed.unpack_from(body)
    dataset, schema, start, end, limit = values[:5]
    stype_in, stype_out, ts_out = values[6:9] if version == 1 else values[5:8]
    symbol_size = SYMBOL_SIZE_V1 if version == 1 else values[8]
    if symbol_size < 2:
        raise CorruptDbnError(f"has corrupt metadata (symbols of {symbol_size} bytes)")
    lists = _Cursor(body, fixed.size, symbol_size)
    lists.skip(lists.count(1))  # the schema definition, which is empty in all versions
    return Metadata(
        version=version,
        dataset=_text(dataset),
        schema=_name(SCHEMAS, schema, MIXED_SCHEMA, "schema"),
        start=start,
        end=None if end == UNDEF_TIMESTAMP else end,
        limit=limit or None,
        stype_in=_name(STYPES, stype_in, UNDEF_STYPE, "symbol type"),
        stype_out=_name(STYPES, stype_out, UNDEF_STYPE, "symbol type"),
        ts_out=ts_out != 0,
        symbols=lists.symbols(),
        partial=lists.symbols(),
        not_found=lists.symbols(),
        mappings=lists.mappings(),
    )


def _text(field: bytes) -> str:
    try:
        return field.partition(b"\0")[0].decode()
    except UnicodeDecodeError:
        raise CorruptDbnError("has corrupt metadata (a name is not UTF-8)") from None


def _name(names: tuple[str, ...], code: int, mixed: int, what: str) -> str | None:
    if code == mixed:
        return None
    if code >= len(names):
        raise CorruptDbnError(f"has corrupt metadata (there is no {what} {code})")
    return names[code]


@lru_cache(maxsize=1024)
def _date(number: int) -> date:
    try:
        return date(number // 10_000, number // 100 % 100, number % 100)
    except ValueError:
        raise CorruptDbnError(f"has corrupt metadata ({number} is not a date)") from None


def _encode(metadata: Metadata) -> bytes:
    symbol_size = SYMBOL_SIZE_V1 if metadata.version == 1 else SYMBOL_SIZE_V2
    head = (
        _field(metadata.dataset, _DATASET_SIZE, "dataset"),
        MIXED_SCHEMA if metadata.schema is None else SCHEMAS.index(metadata.schema),
        metadata.start,
        UNDEF_TIMESTAMP if metadata.end is None else metadata.end,
        metadata.limit or 0,
    )
    flags = (_stype(metadata.stype_in), _stype(metadata.stype_out), metadata.ts_out)
    if metadata.version == 1:
        fixed = _FIXED_V1.pack(*head, UNDEF_TIMESTAMP, *flags)  # the record count is unknown
    else:
        fixed = _FIXED_V2.pack(*head, *flags, symbol_size)
    body = fixed + _COUNT.pack(0) + b"".join(_lists(metadata, symbol_size))
    if metadata.version >= 3:
        body += bytes(-(PREFIX_SIZE + len(body)) % 8)
    return body


def _lists(metadata: Metadata, symbol_size: int) -> Iterable[bytes]:
    def symbol(text: str) -> bytes:
        # A reader may rely on the last byte to be NUL.
        return _field(text, symbol_size - 1, "symbol") + b"\0"

    def interval(item: MappingInterval) -> bytes:
        return (
            _COUNT.pack(_number(item.start)) + _COUNT.pack(_number(item.end)) + symbol(item.symbol)
        )

    def mapping(item: SymbolMapping) -> bytes:
        return symbol(item.raw_symbol) + _list(interval, item.intervals)

    yield _list(symbol, metadata.symbols)
    yield _list(symbol, metadata.partial)
    yield _list(symbol, metadata.not_found)
    yield _list(mapping, metadata.mappings)


def _list[T](encode: Callable[[T], bytes], items: tuple[T, ...]) -> bytes:
    return _COUNT.pack(len(items)) + b"".join(map(encode, items))


def _field(text: str, size: int, what: str) -> bytes:
    data = text.encode()
    if len(data) > size:
        raise DbnError(f"the {what} {text!r} is longer than {size} bytes")
    return data.ljust(size, b"\0")


def _stype(name: str | None) -> int:
    return UNDEF_STYPE if name is None else STYPES.index(name)


def _number(day: date) -> int:
    return day.year * 10_000 + day.month * 100 + day.day
