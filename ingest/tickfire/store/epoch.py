"""The feeds in Redis with their epochs, and their instruments, as readers find them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

import msgspec

from tickfire.base.errors import UserError
from tickfire.store.limits import MAX_SHARDS
from tickfire.store.schema import (
    EPOCH_BYTES,
    LAYOUT,
    LAYOUT_FIELD,
    MAX_FEED,
    OLDEST_LAYOUT,
    ORIGINS,
    Instrument,
    Stream,
    meta_field,
)
from tickfire.store.store import Client

EPOCH: Final = "epoch"
SHARDS: Final = "shards"
ORIGIN: Final = "origin"
ENDED: Final = "ended"

_INSTRUMENTS: Final = msgspec.msgpack.Decoder(Instrument)


class NewerLayout(UserError):
    """Raised when the data in Redis were written by a later release, in a layout unknown here."""

    def __init__(self, layout: int) -> None:
        super().__init__(
            f"the data in Redis have layout {layout}, and this release knows none after {LAYOUT}; "
            "update tickfire, or give another REDIS_URL."
        )


class Epoch(NamedTuple):
    """The span of time over which the positions of a feed keep their meaning.

    Attributes
    ----------
    feed : int
        Number of the feed.
    key : bytes
        8 bytes that identify the epoch.
    shards : int
        Number of shards of the feed, 1 to 256.
    """

    feed: int
    key: bytes
    shards: int

    def streams(self) -> tuple[Stream, ...]:
        """Return the streams of the feed, in the order of shards."""
        return tuple(Stream(self.feed, shard) for shard in range(self.shards))


def layout_of(meta: Mapping[bytes, bytes]) -> int | None:
    """Return the layout of the data that the hash ``meta`` describes, None if it describes none.

    Layout 1 had one epoch for all feeds, and no number.
    """
    layout = meta.get(LAYOUT_FIELD, b"")
    if layout.isdigit():
        return int(layout)
    return 1 if EPOCH.encode() in meta else None


def check_layout(meta: Mapping[bytes, bytes]) -> None:
    """Check that this release can read the layout of the data.

    Raises
    ------
    NewerLayout
        The data were written by a later release.
    """
    layout = layout_of(meta)
    if layout is not None and layout > LAYOUT:
        raise NewerLayout(layout)


def is_outdated(meta: Mapping[bytes, bytes]) -> bool:
    """Return whether the data are of a layout that is not read any more."""
    layout = layout_of(meta)
    return layout is not None and layout < OLDEST_LAYOUT


def epochs_of(meta: Mapping[bytes, bytes]) -> dict[int, Epoch]:
    """Return the current epoch of each feed in the hash ``meta``, in the order of feeds.

    Feeds whose fields are invalid are left out, and so are data of a layout that is not read any
    more.

    Raises
    ------
    NewerLayout
        The data were written by a later release.
    """
    check_layout(meta)
    if is_outdated(meta):
        return {}
    found = (epoch_of(meta, feed) for feed in sorted(_feeds_of(meta)))
    return {epoch.feed: epoch for epoch in found if epoch is not None}


def _feeds_of(meta: Mapping[bytes, bytes]) -> set[int]:
    feeds = (field.partition(b":")[0] for field in meta if field.endswith(b":" + EPOCH.encode()))
    return {int(feed) for feed in feeds if feed.isdigit() and int(feed) <= MAX_FEED}


def epoch_of(meta: Mapping[bytes, bytes], feed: int) -> Epoch | None:
    """Return the current epoch of a feed, None if its fields are absent or invalid."""
    key = meta.get(meta_field(feed, EPOCH), b"")
    shards = meta.get(meta_field(feed, SHARDS), b"1")
    if len(key) != EPOCH_BYTES or not shards.isdigit() or not 0 < int(shards) <= MAX_SHARDS:
        return None
    return Epoch(feed, key, int(shards))


def origin_of(meta: Mapping[bytes, bytes], feed: int) -> str | None:
    """Return the origin of the ticks of a feed, None if it is not known."""
    origin = meta.get(meta_field(feed, ORIGIN), b"").decode("ascii", "replace")
    return origin if origin in ORIGINS else None


class Ended(NamedTuple):
    """The end of the epoch before the present one, as its writer told it.

    Attributes
    ----------
    key : bytes
        The key of the ended epoch.
    positions : tuple of int
        The last position of each shard that belongs to the ended epoch alone. Ticks that were
        written after it begin the present epoch, whose positions are less by this one.
    """

    key: bytes
    positions: tuple[int, ...]

    def packed(self) -> bytes:
        """Return the value of the field in the hash ``meta``."""
        return b"%b-%b" % (self.key.hex().encode(), b".".join(b"%d" % p for p in self.positions))


def ended_of(meta: Mapping[bytes, bytes], feed: int) -> Ended | None:
    """Return the end of the epoch before the present one of a feed, None if it is not known."""
    key, _, positions = meta.get(meta_field(feed, ENDED), b"").partition(b"-")
    try:
        found = Ended(bytes.fromhex(key.decode()), tuple(map(int, positions.split(b"."))))
    except ValueError:
        return None
    return found if len(found.key) == EPOCH_BYTES else None


def instruments_of(rows: Iterable[bytes]) -> list[Instrument]:
    """Decode values of the hash ``instruments``; skip values that cannot be decoded."""
    found = []
    for row in rows:
        try:
            found.append(_INSTRUMENTS.decode(row))
        except msgspec.MsgspecError:
            continue
    return found


async def read_hash(client: Client, key: bytes) -> dict[bytes, bytes]:
    """Return all fields of a hash, using the redis-py client.

    Raises
    ------
    OSError, redis.exceptions.RedisError
        Redis does not answer, or answers with an error.
    """
    reply: Any = client.hgetall(key.decode())
    fields: dict[bytes, bytes] = await reply
    return fields
