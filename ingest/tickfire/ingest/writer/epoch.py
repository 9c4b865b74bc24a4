"""`EpochWriter`: begin or continue an epoch in Redis.

`EpochWriter.open` claims the shards and continues the epoch of the last writer, or begins a new one
if any part of the old one is gone. It is off the hot path and uses the redis-py client.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from tickfire.base.errors import UsageError
from tickfire.ingest.kernel.state import InstrumentStates
from tickfire.ingest.writer.claims import (
    Claim,
    find_head,
    has_failed,
    may_be_cut_off,
    replace_head,
)
from tickfire.ingest.writer.restore import last_position, restore
from tickfire.store.entries import BadEntry
from tickfire.store.epoch import (
    ENDED,
    EPOCH,
    ORIGIN,
    SHARDS,
    Ended,
    Epoch,
    NewerLayout,
    check_layout,
    epoch_of,
    instruments_of,
    is_outdated,
    layout_of,
    read_hash,
)
from tickfire.store.head import Arguments, Head, decode_head
from tickfire.store.lease import Lease, LeaseLost
from tickfire.store.limits import MAX_STATUS
from tickfire.store.schema import (
    EPOCH_BYTES,
    INSTRUMENTS_KEY,
    LAYOUT,
    LAYOUT_FIELD,
    META_KEY,
    STATUS_KEY,
    Instrument,
    Status,
    Stream,
    bars_key,
    books_key,
    cursors_key,
    mapping_field,
    meta_field,
    new_epoch,
    present_books_key,
    present_tops_key,
    snapshots_key,
    ticks_key,
    tops_key,
)
from tickfire.store.store import Store

logger = logging.getLogger(__name__)

FENCE: Final = "fence"
KEYS_OF_EPOCH: Final = (
    ticks_key, bars_key, snapshots_key, books_key, present_books_key,
    tops_key, present_tops_key, cursors_key,
)  # fmt: skip
"""Functions that return the keys of a stream that are deleted when a new epoch begins."""
_SET_META: Final = """
local layout = tonumber(redis.call('HGET', KEYS[1], ARGV[3]) or '0')
if layout > tonumber(ARGV[4]) then
  return -layout
end
if tonumber(redis.call('HGET', KEYS[1], ARGV[1]) or '0') > tonumber(ARGV[2]) then
  return 0
end
return redis.call('HSET', KEYS[1], unpack(ARGV)) >= 0 and 1
"""
"""Script that sets fields of a hash, of which the first is the fencing number and the second the
layout, unless a later writer has set the first. If the hash has a later layout it returns that,
negative."""

LATELY: Final = 32
"""Number of the newest entries of ``status`` among which a repetition is sought."""
_PUT_STATUS: Final = """
for _, entry in ipairs(redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', ARGV[3])) do
  if entry[2][2] == ARGV[1] then
    return entry[1]
  end
end
return redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[2], '*', 'd', ARGV[1])
"""
"""Script that adds an entry to a stream unless it is there, as after a reply that was lost."""


class EpochWriter:
    """The epoch of a feed that ingest writes.

    Parameters
    ----------
    store : Store
    feed : int
        The number of the feed.
    shards : int
    lease : Lease
        Held by this process.
    reshard : bool
        True if the data may be deleted if it has another number of shards.

    Attributes
    ----------
    epoch : bytes
        The key of the epoch; empty before `open`.
    claims : list of Claim
        The heads of the shards, as this process has claimed them.
    """

    def __init__(
        self, store: Store, feed: int, shards: int, lease: Lease, *, reshard: bool = False
    ) -> None:
        self._feed = feed
        self._store = store
        self._client: Any = store.client
        self._lease = lease
        self._reshard = reshard
        self._token = lease.holder.token.encode()
        self._origin = ""
        self._fence = 0
        self._servers: list[bytes] = []
        self.shards = shards
        self.epoch = b""
        self.claims: list[Claim] = []

    # --- opening
    async def open(self, states: InstrumentStates) -> list[Instrument]:
        """Continue or begin an epoch, restore `states` from it and return its instruments.

        Raises
        ------
        UsageError
            The data in Redis has another number of shards, or a later layout.
        LeaseLost
            Another process has begun to write.
        """
        meta = await read_hash(self._client, META_KEY)
        check_layout(meta)
        stored = epoch_of(meta, self._feed)
        if stored is not None and stored.shards != self.shards and not self._reshard:
            raise UsageError(
                f"Redis holds the data of this feed in {stored.shards} shards, but --shards is"
                f" {self.shards}; give --shards {stored.shards}, or --reshard to delete the data"
                " and begin anew."
            )
        if is_outdated(meta):
            logger.warning(
                "the data in Redis have layout %s, which is not read any more: a new epoch begins,"
                " and the old keys, such as ticks:{0}, may be deleted",
                layout_of(meta),
            )
            stored = None
        while not await self._claim(int(meta.get(meta_field(self._feed, FENCE), b"0"))):
            logger.debug("a head has changed while it was claimed")
        lost = None if stored is None else await self._lost(stored)
        if stored is None or lost is not None:
            if stored is not None:
                logger.warning("%s; deleting what is left of its data", lost)
            await self.begin_epoch(stored.shards if stored is not None else 0, why=lost or "")
            return []
        self.epoch = stored.key
        for shard, claim in enumerate(self.claims):
            states.positions[shard] = claim.head.position
            await restore(self._client, states, self._stream(shard))
        logger.info(
            "continuing epoch %s at positions %s", self.epoch.hex(), states.positions.tolist()
        )
        known = instruments_of(await self._client.hvals(INSTRUMENTS_KEY))
        return [instrument for instrument in known if instrument.feed == self._feed]

    def _stream(self, shard: int) -> Stream:
        return Stream(self._feed, shard)

    async def _claim(self, least: int) -> bool:
        """Replace the heads of all shards; return False if one has changed in the meantime.

        The heads are read before the lease is checked: whoever takes it over later changes them.
        """
        found = [await find_head(self._store, self._stream(shard)) for shard in range(self.shards)]
        heads = [decode_head(each.text) for each in found]
        if self._lease.may_be_early:
            for each in found:
                if await may_be_cut_off(self._store, each):
                    raise LeaseLost("a failover may have cut off the last writer; it may come back")
        self._fence = 1 + max(least, *(head.fence for head in heads if head is not None), 0)
        await self._lease.ensure()
        self.claims, self._servers = [], []
        for shard, (each, old) in enumerate(zip(found, heads, strict=True)):
            old = old or Head(bytes(EPOCH_BYTES), 0, b"-", each.server)
            head = old._replace(fence=self._fence, writer=self._token)
            if not await replace_head(self._store, self._stream(shard), each.text, head):
                return False
            self.claims.append(Claim(head, each.text))
            self._servers.append(each.server)
        return True

    async def _lost(self, stored: Epoch) -> str | None:
        """Return a sentence if a part of the stored epoch is lost, or may be; otherwise None."""
        name = stored.key.hex()
        if stored.shards != self.shards:
            return f"epoch {name} has {stored.shards} shards, and now {self.shards} are asked for"
        for shard, ((head, _), server) in enumerate(zip(self.claims, self._servers, strict=True)):
            if head.epoch != stored.key:
                return f"Redis has lost shard {shard} of epoch {name}"
            if not head.closed and await has_failed(self._store, head, server):
                return (
                    f"Redis was restarted or failed over after the last ingest was killed, so the"
                    f" newest ticks of epoch {name} may be lost"
                )
            try:
                last = await last_position(self._client, self._stream(shard))
            except BadEntry:
                last = -1
            if last != head.position:
                return f"the ticks of shard {shard} of epoch {name} do not end where they should"
        return None

    # --- beginning
    async def begin_epoch(
        self,
        stored_shards: int,
        instruments: Sequence[Instrument] = (),
        why: str = "",
        ends: Sequence[int] | None = None,
    ) -> None:
        """Remove the streams and hashes of the old epoch and begin a new one.

        Parameters
        ----------
        stored_shards : int
            Number of shards of the old epoch, 0 if there is none.
        instruments : sequence of Instrument
            The instrument table to begin with.
        why : str
            The reason why the old epoch has ended, for the stream ``status``; empty if there is
            none.
        ends : sequence of int, optional
            The last position in each shard of the old epoch, if they are known.

        Raises
        ------
        LeaseLost
            Another process has begun to write.
        """
        await self._lease.ensure()
        epoch = new_epoch(self._feed)
        claims = [
            await self._reset(shard, epoch) for shard in range(max(stored_shards, self.shards))
        ]
        await self._forget_instruments()
        await self.put_instruments(instruments)
        ended = b"" if ends is None else Ended(self.epoch, tuple(ends)).packed()
        about = {EPOCH: epoch, SHARDS: self.shards, ENDED: ended}
        if self._origin:
            about[ORIGIN] = self._origin
        await self._set_meta(about)
        if why:
            await self.put_status(self.status("epoch", why))
        self.epoch, self.claims = epoch, claims[: self.shards]
        logger.info("beginning epoch %s", self.epoch.hex())

    async def _reset(self, shard: int, epoch: bytes) -> Claim:
        """Delete the streams of a shard, and set its head to the beginning of an epoch."""
        stream = self._stream(shard)
        unlinks: list[Arguments] = [(b"UNLINK", key_of(stream)) for key_of in KEYS_OF_EPOCH]
        while True:
            text, server = await find_head(self._store, stream)
            old = decode_head(text)
            if old is not None and old.writer != self._token and old.fence >= self._fence:
                raise LeaseLost("another process has begun to write")
            head = Head(epoch, self._fence, self._token, server)
            if await replace_head(self._store, stream, text, head, unlinks):
                return Claim(head, text)

    async def _forget_instruments(self) -> None:
        own = b"%d:" % self._feed
        fields = await self._client.hkeys(INSTRUMENTS_KEY)
        if old := [field for field in fields if field.startswith(own)]:
            await self._client.hdel(INSTRUMENTS_KEY, *old)

    async def _set_meta(self, about: Mapping[str, Any]) -> None:
        fields = {meta_field(self._feed, name): value for name, value in about.items()}
        fields = {meta_field(self._feed, FENCE): self._fence, LAYOUT_FIELD: LAYOUT, **fields}
        flat = [part for field in fields.items() for part in field]
        done = await self._client.eval(_SET_META, 1, META_KEY, *flat)
        if done < 0:
            raise NewerLayout(-done)
        if not done:
            raise LeaseLost("another process has begun to write")

    @property
    def fence(self) -> int:
        """The fencing number of this process."""
        return self._fence

    async def is_current(self) -> bool:
        """Return whether Redis still holds this epoch."""
        return bool(await self._client.hget(META_KEY, meta_field(self._feed, EPOCH)) == self.epoch)

    # --- the instrument table and the status
    async def put_instruments(
        self, instruments: Sequence[Instrument], replaced: Sequence[Instrument] = ()
    ) -> None:
        """Write instruments to the hash ``instruments`` and announce them in ``status``.

        Rows that they replace, if their starts are others, are deleted.
        """
        if not instruments:
            return
        rows = {mapping_field(row): msgspec.msgpack.encode(row) for row in instruments}
        await self._client.hset(INSTRUMENTS_KEY, mapping=rows)
        if gone := {mapping_field(row) for row in replaced} - rows.keys():
            await self._client.hdel(INSTRUMENTS_KEY, *gone)
        symbols = ", ".join(row.symbol for row in instruments[:8])
        await self.put_status(self.status("instrument", symbols))

    async def read_cursors(self) -> list[Mapping[bytes, bytes]]:
        """Return the fields of each shard's hash of cursors."""
        keys = [cursors_key(self._stream(shard)) for shard in range(self.shards)]
        return [await read_hash(self._client, key) for key in keys]

    async def put_origin(self, origin: str) -> None:
        """Write the origin of the feed's ticks to the hash ``meta``."""
        self._origin = origin
        await self._set_meta({ORIGIN: origin})

    def status(self, kind: str, detail: str = "", begin: int = 0, end: int = 0) -> Status:
        """Return a status of the feed as of now; see `Status` for the kinds."""
        return Status(kind, time.time_ns(), detail, feed=self._feed, begin=begin, end=end)

    async def put_status(self, status: Status) -> None:
        """Add a status to the stream ``status``; one that was added lately is left out."""
        packed = msgspec.msgpack.encode(status)
        await self._client.eval(_PUT_STATUS, 1, STATUS_KEY, packed, MAX_STATUS, LATELY)
