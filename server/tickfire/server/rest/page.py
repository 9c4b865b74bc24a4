"""`Page`: rows of one response, made and encoded a few at a time.

A page of 5,000 rows takes some 20 ms of Python in all. It is made on the event loop, in pieces
between which everything else has its turn: threads would hold up the loop for longer, since Python
runs one of them at a time.
"""

from __future__ import annotations

import asyncio
import csv
import hashlib
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import msgspec

from tickfire.server.rest.columns import Column
from tickfire.server.rest.params import MEDIA_TYPES

CHUNK_ROWS: Final = 100
TAG_BYTES: Final = 16

type Row = Sequence[Any]


@dataclass(frozen=True, slots=True)
class Page:
    """Rows, and where the next page begins.

    Attributes
    ----------
    columns : tuple of Column
    count : int
        Number of rows.
    rows : callable
        Called with two indices; returns the rows from the first up to the second.
    next : str or None
        The cursor of the next page; None for the last one.
    about : mapping
        Other fields of the page, in JSON.
    """

    columns: tuple[Column, ...]
    count: int
    rows: Callable[[int, int], Sequence[Row]]
    next: str | None
    about: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Body:
    """A page in a format.

    Attributes
    ----------
    content : bytes
    media_type : str
    tag : str
        Entity tag of the content, quoted.
    """

    content: bytes
    media_type: str
    tag: str


async def encode(page: Page, form: str) -> Body:
    """Return a page in a format, made in pieces of `CHUNK_ROWS`."""
    encoder = _ENCODERS[form](page)
    for at in range(0, page.count, CHUNK_ROWS):
        encoder.add(page.rows(at, min(at + CHUNK_ROWS, page.count)))
        await asyncio.sleep(0)
    content = encoder.finish()
    digest = hashlib.blake2b(content, digest_size=TAG_BYTES)
    digest.update((page.next or "").encode())
    return Body(content, encoder.media_type, f'"{digest.hexdigest()}"')


class _Encoder(Protocol):
    media_type: str

    def __init__(self, page: Page) -> None: ...

    def add(self, rows: Sequence[Row]) -> None: ...

    def finish(self) -> bytes: ...


class _Json:
    media_type = MEDIA_TYPES["json"]

    def __init__(self, page: Page) -> None:
        self._page = page
        self._names = [column.name for column in page.columns]
        self._parts: list[bytes] = []

    def add(self, rows: Sequence[Row]) -> None:
        maps = [dict(zip(self._names, row, strict=True)) for row in rows]
        self._parts.append(msgspec.json.encode(maps)[1:-1])

    def finish(self) -> bytes:
        rows = msgspec.Raw(b"[" + b",".join(self._parts) + b"]")
        return msgspec.json.encode({**self._page.about, "rows": rows, "next": self._page.next})


class _Csv:
    media_type = f"{MEDIA_TYPES['csv']}; charset=utf-8"

    def __init__(self, page: Page) -> None:
        self._out = io.StringIO(newline="")
        self._writer = csv.writer(self._out, lineterminator="\n")
        self._writer.writerow([column.name for column in page.columns])
        self._nested = [column.kind.is_nested for column in page.columns]

    def add(self, rows: Sequence[Row]) -> None:
        if any(self._nested):
            rows = [[*map(_text, row, self._nested)] for row in rows]
        self._writer.writerows(rows)

    def finish(self) -> bytes:
        return self._out.getvalue().encode()


class _Arrow:
    media_type = MEDIA_TYPES["arrow"]

    def __init__(self, page: Page) -> None:
        import pyarrow as pa

        types = {"int64": pa.int64(), "string": pa.string(), "list<string>": pa.list_(pa.string())}
        self._schema = pa.schema([(c.name, types[c.kind.arrow]) for c in page.columns])
        self._is_text = [c.kind.is_nested and c.kind.arrow == "string" for c in page.columns]
        self._batches: list[Any] = []

    def add(self, rows: Sequence[Row]) -> None:
        import pyarrow as pa

        if any(self._is_text):
            rows = [[*map(_text, row, self._is_text)] for row in rows]
        columns = zip(*rows, strict=True)
        arrays = [pa.array(c, f.type) for c, f in zip(columns, self._schema, strict=True)]
        self._batches.append(pa.record_batch(arrays, schema=self._schema))

    def finish(self) -> bytes:
        import pyarrow as pa

        table = pa.Table.from_batches(self._batches, self._schema).combine_chunks()
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, self._schema) as writer:
            writer.write_table(table)
        content: bytes = sink.getvalue().to_pybytes()
        return content


_ENCODERS: Final[Mapping[str, type[_Encoder]]] = {"json": _Json, "csv": _Csv, "arrow": _Arrow}


def _text(value: Any, is_nested: bool) -> Any:
    return msgspec.json.encode(value).decode() if is_nested else value
