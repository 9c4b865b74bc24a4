"""``GET /v1/news`` and ``/v1/signals``: the newest records first, of Redis and then of files."""

from __future__ import annotations

from typing import Any, Final

import msgspec
import numpy as np

from tickfire.archive.names import Id
from tickfire.archive.tables import NEWS, SIGNALS, TABLE
from tickfire.base.units import milliseconds
from tickfire.server.market.epoch.archive import Archive
from tickfire.server.rest import columns
from tickfire.server.rest.page import Page
from tickfire.server.rest.params import BAD_CURSOR, BadQuery, Query, cursor_numbers
from tickfire.store.entries import entries_of, id_parts
from tickfire.store.requests import Requests
from tickfire.store.schema import NEWS_KEY, SIGNALS_KEY
from tickfire.store.store import Store

KEYS: Final = {NEWS: NEWS_KEY, SIGNALS: SIGNALS_KEY}
READ_ENTRIES: Final = 100
"""Entries that are decoded at a time, within about a millisecond."""
COMPARED: Final = 1_000
"""Records of Redis, the oldest, with which those of files are compared."""
NEWEST: Final[Id] = (2**63 - 1, 2**32 - 1)

type Known = tuple[str, int]
"""The id and the time of a record."""
type Row = dict[str, Any]
"""A row as the archive has it, with its id as ``entry`` and ``entry_index``."""


async def records_page(table: str, store: Store, archive: Archive | None, query: Query) -> Page:
    """Return the newest records of a range of time, or of those before the cursor.

    There may be fewer than the limit, or none, although there is a next page.

    Raises
    ------
    BadQuery
        The cursor is not valid.
    RedisUnavailable, ArchiveUnavailable
        They cannot be read now.
    """
    before: Id = NEWEST
    if query.cursor:
        major, minor = cursor_numbers(query.cursor, 2)
        before = major, minor
        if before == (0, 0):
            raise BadQuery(BAD_CURSOR)  # no entry has this id, and Redis refuses it
    wanted = query.limit + 1
    rows, before = await _of_redis(table, store, query, before, wanted)
    older, reached = TABLE[table].schema.empty_table(), None
    left = wanted - len(rows)
    if archive is not None and left:
        older, reached = await archive.read(
            lambda reader: reader.records(table, query.symbol, before, query.start, query.end, left)
        )
        if len(older):
            older = _without(older, table, await _oldest(table, store))
    count = len(rows) + len(older)
    if count == wanted:
        reached = _id_of(rows, older, query.limit - 1)
    cursor = None if reached is None else f"{reached[0]}-{reached[1]}"

    def shown(at: int, to: int) -> list[tuple[Any, ...]]:
        files = older.slice(max(0, at - len(rows)), max(0, to - max(at, len(rows))))
        return [_SHOWN[table](row) for row in (*rows[at:to], *files.to_pylist())]

    return Page(COLUMNS[table], min(count, query.limit), shown, cursor, {})


def _id_of(rows: list[Row], older: Any, at: int) -> Id:
    """Return the id of a row of Redis, or of the files after them."""
    if at < len(rows):
        return rows[at]["entry"], rows[at]["entry_index"]
    at -= len(rows)
    return older["entry"][at].as_py(), older["entry_index"][at].as_py()


async def _of_redis(
    table: str, store: Store, query: Query, before: Id, wanted: int
) -> tuple[list[Row], Id]:
    """Return records that Redis holds, and the id before which the files go on."""
    key, rows = KEYS[table], list[Row]()
    requests = Requests(store, key)
    try:
        while len(rows) < wanted:
            end = b"(%d-%d" % before
            reply = await requests.command("XREVRANGE", key, end, "-", "COUNT", READ_ENTRIES)
            entries = entries_of(reply)
            batch = TABLE[table].decode(entries[::-1], (0, 0))
            for row, (entry, index) in zip(batch.rows[::-1], batch.ids[::-1].tolist(), strict=True):
                if _is_wanted(table, row, query):
                    rows.append({**row, "entry": entry, "entry_index": index})
            if entries:
                before = id_parts(entries[-1][0])
            if len(entries) < READ_ENTRIES:
                break
    finally:
        requests.close()
    return rows[:wanted], before


async def _oldest(table: str, store: Store) -> set[Known]:
    """Return the oldest records that Redis holds.

    Those that were written again, after a failover that lost them, may be in the files as well.
    """
    key, found, after = KEYS[table], set[Known](), "-"
    requests = Requests(store, key)
    try:
        for _ in range(0, COMPARED, READ_ENTRIES):
            reply = await requests.command("XRANGE", key, after, "+", "COUNT", READ_ENTRIES)
            entries = entries_of(reply)
            rows = TABLE[table].decode(entries, (0, 0)).rows
            found |= {(row["id"], row[TABLE[table].time]) for row in rows}
            if len(entries) < READ_ENTRIES:
                break
            after = f"({entries[-1][0].decode()}"
    finally:
        requests.close()
    return found


def _without(older: Any, table: str, held: set[Known]) -> Any:
    """Return the rows of files without those that Redis holds, too."""
    columns = (older[name].to_pylist() for name in ("id", TABLE[table].time))
    kept = [at for at, known in enumerate(zip(*columns, strict=True)) if known not in held]
    return older if len(kept) == len(older) else older.take(np.array(kept, np.int64))


def _is_wanted(table: str, row: Row, query: Query) -> bool:
    if not query.start <= row[TABLE[table].time] < query.end:
        return False
    if query.symbol is None:
        return True
    return query.symbol == row.get("symbol") or query.symbol in row.get("symbols", ())


def _news(row: Row) -> tuple[Any, ...]:
    names = (column.name for column in columns.NEWS[1:])
    return (milliseconds(row["published"]), *(row[name] for name in names))


def _signal(row: Row) -> tuple[Any, ...]:
    detail = msgspec.json.decode(row["detail"])
    name = row["id"] or f"{row['entry']}-{row['entry_index']}"
    about = (row["symbol"], row["event"], row.get("model", ""), row.get("n", 0), detail, name)
    return milliseconds(row["at"]), *about


COLUMNS: Final = {NEWS: columns.NEWS, SIGNALS: columns.SIGNALS}
_SHOWN: Final = {NEWS: _news, SIGNALS: _signal}
