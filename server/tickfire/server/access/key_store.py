"""`KeyStore`: keys, and the times at which users were signed out, in Redis.

All are in one slot of a Cluster. Each change raises the version, by which workers notice it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import msgspec

from tickfire.server.access.audit import Audited, write_audit
from tickfire.server.access.key import Key
from tickfire.store.requests import Requests
from tickfire.store.store import Store

KEYS: Final = b"{access}:keys"
"""Hash: id of a key to the key, as JSON."""
SIGNED_OUT: Final = b"{access}:signed_out"
"""Hash: subject to the time, in seconds, before which its tokens were revoked."""
USED: Final = b"{access}:used"
"""Hash: id of a key to the time at which it was used last, in seconds."""
VERSION: Final = b"{access}:version"
"""The number of changes to keys and signed-out users."""

_PUT: Final = b"""
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return redis.call('INCR', KEYS[2])
"""
_REMOVE: Final = b"""
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('HDEL', KEYS[2], ARGV[1])
return redis.call('INCR', KEYS[3])
"""
_MARK_USED: Final = b"""
for i = 1, #ARGV, 2 do
  if redis.call('HEXISTS', KEYS[1], ARGV[i]) == 1 then
    redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1])
  end
end
return 1
"""


@dataclass(frozen=True, slots=True)
class Contents:
    """Keys by id, and the times at which users were signed out, in seconds since the epoch."""

    keys: dict[str, Key]
    signed_out: dict[str, float]


class KeyStore:
    """Keys in Redis.

    Attributes
    ----------
    requests : Requests
        Commands on the slot that all this is in, with the audit log.

    Every method raises RedisUnavailable if Redis does not answer.
    """

    def __init__(self, store: Store) -> None:
        self.requests = Requests(store, KEYS)

    def close(self) -> None:
        """Close the connection."""
        self.requests.close()

    async def version(self) -> int:
        """Return the number of changes so far."""
        found = await self.requests.command("GET", VERSION)
        return int(found) if isinstance(found, bytes) else 0

    async def contents(self) -> Contents:
        """Return all keys, and all users that were signed out."""
        keys = await self.requests.hash(KEYS)
        signed_out = await self.requests.hash(SIGNED_OUT)
        return Contents(
            {key_id.decode(): msgspec.json.decode(text, type=Key) for key_id, text in keys.items()},
            {subject.decode(): float(at) for subject, at in signed_out.items()},
        )

    async def put(self, key: Key, change: Audited) -> None:
        """Store a key."""
        text = msgspec.json.encode(key)
        await self.requests.command("EVAL", _PUT, 2, KEYS, VERSION, key.id, text)
        await write_audit(self.requests, change)

    async def remove(self, changes: Mapping[str, Audited]) -> None:
        """Remove keys, given by their ids with the entries for the audit log."""
        for key_id, change in changes.items():
            await self.requests.command("EVAL", _REMOVE, 3, KEYS, USED, VERSION, key_id)
            await write_audit(self.requests, change)

    async def sign_out(self, subject: str, now: float, change: Audited) -> None:
        """Revoke the tokens that a user was given until now, in seconds since the Unix epoch."""
        await self.requests.command("EVAL", _PUT, 2, SIGNED_OUT, VERSION, subject, repr(now))
        await write_audit(self.requests, change)

    async def mark_used(self, used: dict[str, int]) -> None:
        """Note when keys were used, by their ids, in seconds since the Unix epoch."""
        flat = [part for pair in used.items() for part in pair]
        await self.requests.command("EVAL", _MARK_USED, 2, KEYS, USED, *flat)

    async def last_used(self) -> dict[str, int]:
        """Return when keys were used last, by id."""
        found = await self.requests.hash(USED)
        return {key_id.decode(): int(at) for key_id, at in found.items()}
