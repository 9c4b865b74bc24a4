"""A client of market topics that resumes: the ids and the packed ticks that it was sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.support.phoenix_client import Joined
from tickfire.client.market.cursor import Cursor
from tickfire.client.market.packed import Packed
from tickfire.server.market.ticks.positions import WireId

CUT_AFTER = 700
"""Ticks after which a connection is cut."""


def ids(joined: Joined) -> list[str]:
    return [payload["id"] for payload in joined.of("tick")]


def packed_of(joined: Joined) -> list[Packed]:
    return [Packed(payload) for payload in joined.of("ticks")]


def records(joined: Joined) -> list[bytes]:
    return [row.tobytes() for packed in packed_of(joined) for row in packed.ticks]


def ids_of(joined: Joined, feed: int) -> list[int]:
    """Return the position in a feed of each tick that moved it."""
    parts = [WireId.parse(tick["id"]).part(feed) for tick in joined.of("tick")]
    return sorted({part.positions[0] for part in parts if part is not None and part.positions[0]})


class Seen:
    """The ticks that a client has been sent over several connections."""

    def __init__(self) -> None:
        self.rows: list[tuple[Any, ...]] = []

    def take(self, joined: Joined, cursor: Cursor, count: int) -> None:
        """Take about so many ticks of a connection, as if no more had come."""
        most = len(self.rows) + count
        for kind, payload in list(joined.events):
            if len(self.rows) >= most:
                return
            assert kind in ("tick", "ticks", "feeds", "bookmark")
            if kind == "bookmark":
                cursor.moved(payload["id"])
            elif kind == "tick":
                cursor.moved(payload["id"])
                epoch = payload["id"].partition("-")[0]
                self.rows.append((epoch, payload["symbol"], payload["ts_event"]))
            elif kind == "ticks":
                packed = Packed(payload)
                cursor.moved_to(packed.epoch, packed.shard, packed.last)
                fields = packed.ticks[["instrument_id", "kind", "ts_event"]].tolist()
                self.rows += [(packed.epoch, *row) for row in fields]


def has(count: int) -> Callable[[Joined], bool]:
    def holds(joined: Joined) -> bool:
        packed = sum(len(each.ticks) for each in packed_of(joined))
        return len(joined.of("tick")) + packed >= count

    return holds
