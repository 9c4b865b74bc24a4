"""Pages of rows as JSON, CSV or Arrow. Pure but for the optional package ``pyarrow``."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from starlette.responses import Response

ARROW_TYPE: Final = "application/vnd.apache.arrow.stream"
NEXT: Final = "x-next-cursor"
"""Header with the cursor of the next page, in every format."""


@dataclass(frozen=True, slots=True)
class Page:
    """Rows, and where the next page begins.

    Attributes
    ----------
    columns : tuple of str
    rows : sequence of tuple
    next : str or None
        The cursor of the next page; None for the last one.
    about : mapping
        Other fields of the page, in JSON.
    """

    columns: tuple[str, ...]
    rows: Sequence[Sequence[Any]]
    next: str | None
    about: Mapping[str, Any]

    def response(self, form: str) -> Response:
        """Return the page in a format."""
        headers = {"cache-control": "no-store", "vary": "authorization, accept"}
        if self.next is not None:
            headers[NEXT] = self.next
        body, media_type = _ENCODE[form](self)
        return Response(body, media_type=media_type, headers=headers)


def _json(page: Page) -> tuple[bytes, str]:
    rows = [dict(zip(page.columns, row, strict=True)) for row in page.rows]
    whole = {**page.about, "rows": rows, "next": page.next}
    return msgspec.json.encode(whole), "application/json"


def _csv(page: Page) -> tuple[bytes, str]:
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(page.columns)
    writer.writerows([[_text(value) for value in row] for row in page.rows])
    return out.getvalue().encode(), "text/csv; charset=utf-8"


def _text(value: Any) -> Any:
    return msgspec.json.encode(value).decode() if isinstance(value, list | dict) else value


def _arrow(page: Page) -> tuple[bytes, str]:
    import pyarrow as pa

    columns = {name: [_flat(row[at]) for row in page.rows] for at, name in enumerate(page.columns)}
    table = pa.table(columns)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes(), ARROW_TYPE


def _flat(value: Any) -> Any:
    return msgspec.json.encode(value).decode() if isinstance(value, dict) else value


_ENCODE: Final = {"json": _json, "csv": _csv, "arrow": _arrow}
