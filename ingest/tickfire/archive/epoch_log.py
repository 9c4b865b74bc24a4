"""`EpochLog`: which epochs of feeds an archive holds, in their order, and where each ended.

There is a file for each epoch, ``_epochs/<feed>-<epoch>.json``. It is written when the recorder
begins the epoch, and again when it has seen its end. Blocking.
"""

from __future__ import annotations

import time
from typing import Final

import msgspec

from tickfire.archive.commits import Commits
from tickfire.archive.epochs import EndedEpoch, EpochRecord, epoch_name
from tickfire.archive.names import COMMITS, Source, source_of
from tickfire.archive.tables import TICKS
from tickfire.archive.target import Target
from tickfire.store.epoch import Epoch
from tickfire.store.schema import Stream

EPOCHS: Final = "_epochs"
SUFFIX: Final = ".json"


class EpochLog:
    """The epochs of an archive.

    Parameters
    ----------
    target : Target
    """

    def __init__(self, target: Target) -> None:
        self._target = target
        self._final: dict[str, EpochRecord] = {}
        self._began: dict[str, int] = {}

    # --- writing
    def begin(self, epoch: Epoch) -> None:
        """Note that an epoch is recorded, unless that was noted before.

        Raises
        ------
        OSError
            It cannot be written.
        """
        if self._read(epoch_name(epoch.feed, epoch.key.hex())) is None:
            self._write(EpochRecord(epoch.feed, epoch.key.hex(), epoch.shards, time.time_ns()))

    def end(
        self, epoch: Epoch, following: bytes, ends: tuple[int, ...] | None, *, is_told: bool = False
    ) -> None:
        """Note which epoch followed one that is over, unless that was noted before.

        Parameters
        ----------
        epoch : Epoch
        following : bytes
            The key of the epoch that followed.
        ends : tuple of int or None
            The last position of each shard, None if they are not known.
        is_told : bool
            True if the writer of the epoch told them.

        Raises
        ------
        OSError
            It cannot be written.
        """
        record = self._read(epoch_name(epoch.feed, epoch.key.hex()))
        if record is None or record.next:
            return
        about = {"ends": ends, "is_told": is_told, "next": following.hex()}
        self._write(msgspec.structs.replace(record, **about))

    def _write(self, record: EpochRecord) -> None:
        self._target.write(f"{EPOCHS}/{record.name}{SUFFIX}", msgspec.json.encode(record))

    def _read(self, name: str) -> EpochRecord | None:
        if name not in self._final:
            try:
                data = self._target.read(f"{EPOCHS}/{name}{SUFFIX}")
            except FileNotFoundError:
                return None
            record = msgspec.json.decode(data, type=EpochRecord)
            if not record.next:
                return record
            self._final[name] = record
        return self._final[name]

    # --- reading
    def told_end(self, stream: Stream, epoch: str) -> int | None:
        """Return the position after which the ticks of a stream are in the next epoch, too.

        None if no tick is in both, as far as is known.
        """
        record = self._read(epoch_name(stream.feed, epoch))
        if record is None or record.ends is None or not record.is_told:
            return None
        return record.ends[stream.shard] if stream.shard < len(record.ends) else None

    def ended(self, epoch: Epoch, present: bytes) -> list[EndedEpoch]:
        """Return the ended epochs of a feed from one on, in their order.

        Parameters
        ----------
        epoch : Epoch
            The first one, with the number of shards that it has at least.
        present : bytes
            The key of the present epoch, before which they end.

        Returns
        -------
        list of EndedEpoch
            Empty if the archive does not hold the first one.
        """
        found = self._streams(epoch.feed)
        own = epoch.key.hex()
        if own not in found:
            return []
        found[own] = [*found[own], epoch.streams()[-1]]
        records = [self._record(epoch.feed, key, streams) for key, streams in found.items()]
        records.sort(key=lambda record: record.began)
        names = [record.epoch for record in records]
        first = names.index(own)
        until = names.index(present.hex()) if present.hex() in names else len(names)
        return [self._ended(record) for record in records[first:until]]

    def _streams(self, feed: int) -> dict[str, list[Stream]]:
        """Return the streams of a feed that have ticks in each epoch (hex)."""
        found: dict[str, list[Stream]] = {}
        for name in self._target.names(EPOCHS):
            own, _, epoch = name.removesuffix(SUFFIX).partition("-")
            if own == str(feed):
                found[epoch] = []
        for name in self._target.names(f"{COMMITS}/{TICKS}"):
            stream, _, epoch = name.partition("-")
            source = Source(stream, epoch)
            if source.stream is not None and source.stream.feed == feed:
                found.setdefault(epoch, []).append(source.stream)
        return found

    def _record(self, feed: int, epoch: str, streams: list[Stream]) -> EpochRecord:
        """Return the record of an epoch, or if it has none, one that is inferred from its files."""
        name = epoch_name(feed, epoch)
        record = self._read(name)
        if record is not None:
            return record
        if name not in self._began:
            key = bytes.fromhex(epoch)
            firsts = [self._commits(one, key).first for one in streams]
            written = (each.written for each in firsts if each is not None)
            self._began[name] = min(written, default=0)
        return EpochRecord(feed, epoch, max(streams).shard + 1, self._began[name])

    def _ended(self, record: EpochRecord) -> EndedEpoch:
        streams = Epoch(record.feed, bytes.fromhex(record.epoch), record.shards).streams()
        last = tuple(self._commits(one, bytes.fromhex(record.epoch)).end[0] for one in streams)
        if record.is_told and record.ends is not None:
            last = tuple(map(min, last, record.ends))
        return EndedEpoch(record, last)

    def _commits(self, stream: Stream, key: bytes) -> Commits:
        return Commits(self._target, TICKS, source_of(stream, key))

    def first_after(self, stream: Stream, epoch: bytes, position: int) -> int | None:
        """Return the first position after one that is recorded, None if there is none."""
        for commit in self._commits(stream, epoch).after((position, 0)):
            first = max(commit.first[0], position + 1)
            for begin, end in commit.missing:
                if begin <= first <= end:
                    first = end + 1
            if commit.files and first <= commit.last[0]:
                return first
        return None
