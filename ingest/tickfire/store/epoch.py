"""The current epoch and its instruments, as read from Redis."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

import msgspec

from tickfire.store.limits import MAX_SHARDS
from tickfire.store.schema import ORIGINS, Instrument
from tickfire.store.store import Client

KEY_BYTES: Final = 8

_INSTRUMENTS: Final = msgspec.msgpack.Decoder(Instrument)


class Epoch(NamedTuple):
    """The span of time over which positions keep their meaning.

    Attributes
    ----------
    key : bytes
        8 random bytes that identify the epoch.
    shards : int
        Number of shards, 1 to 256.
    """

    key: bytes
    shards: int


def epoch_of(meta: Mapping[bytes, bytes]) -> Epoch | None:
    """Return the epoch described by the hash ``meta``, or None if it is absent or invalid."""
    key, shards = meta.get(b"epoch", b""), meta.get(b"shards", b"1")
    if len(key) != KEY_BYTES or not shards.isdigit() or not 0 < int(shards) <= MAX_SHARDS:
        return None
    return Epoch(key, int(shards))


def origin_of(meta: Mapping[bytes, bytes]) -> str | None:
    """Return the origin of the ticks in the hash ``meta``, or None if it is not known."""
    origin = meta.get(b"origin", b"").decode("ascii", "replace")
    return origin if origin in ORIGINS else None


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
