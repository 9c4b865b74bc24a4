"""The epochs of feeds, as an archive keeps them. Pure."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

VERSION = 1


class EpochRecord(msgspec.Struct, frozen=True, tag=False):
    """An epoch that was recorded, as JSON.

    Attributes
    ----------
    feed : int
    epoch : str
        Its key in hex.
    shards : int
    began : int
        When recording it began, in ns since the Unix epoch.
    ends : tuple of int or None
        The last position of each shard; None if it is not known, as before the epoch has ended, or
        if the recorder did not see its end.
    is_told : bool
        True if its writer told these positions. Ticks that were written after them belong to the
        next epoch as well, whose positions are less by these.
    next : str
        The key of the epoch that followed, empty if it is not known.
    """

    feed: int
    epoch: str
    shards: int
    began: int
    ends: tuple[int, ...] | None = None
    is_told: bool = False
    next: str = ""
    version: int = VERSION

    @property
    def name(self) -> str:
        """The name of its file, without the suffix."""
        return epoch_name(self.feed, self.epoch)


def epoch_name(feed: int, epoch: str) -> str:
    """Return the name of an epoch among those of all feeds."""
    return f"{feed}-{epoch}"


class EndedEpoch(NamedTuple):
    """An ended epoch, as far as its ticks are in an archive.

    Attributes
    ----------
    record : EpochRecord
    last : tuple of int
        The position of the last tick of each shard.
    """

    record: EpochRecord
    last: tuple[int, ...]

    @property
    def key(self) -> bytes:
        """The key of the epoch."""
        return bytes.fromhex(self.record.epoch)

    def leads_to(self, following: str) -> bool:
        """Return whether no tick is missing between its last one and the first of an epoch."""
        return self.is_whole and self.record.next == following

    @property
    def is_whole(self) -> bool:
        """True if the archive surely has its last tick."""
        ends = self.record.ends
        return ends is not None and self.last == ends
