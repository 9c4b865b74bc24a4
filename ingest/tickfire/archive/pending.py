"""`Pending`: entries of one stream that wait to be written, and when that is due."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from tickfire.store.entries import Entry
from tickfire.store.writes import HEADER


@dataclass(frozen=True, slots=True)
class Rotation:
    """Limits at which a batch is written, whichever is reached first.

    Attributes
    ----------
    rows : int
    size : int
        Bytes of the entries, uncompressed.
    age_s : float
        Seconds since the first entry was read.
    """

    rows: int = 500_000
    size: int = 64 << 20
    age_s: float = 300.0


@dataclass(slots=True)
class Pending:
    """Entries that wait to be written.

    Attributes
    ----------
    entries : list of Entry
    rows, size : int
        Of market data, the number of rows; the size in bytes.
    since : float
        When the first of them came, by `time.monotonic`.
    confirmed : int
        How many of them surely belong to the epoch.
    counted : int
        Number of entries that the stream had had when the last of these was added.
    missing : list of pairs of int
        Ranges of entries that were lost before these.
    """

    entries: list[Entry] = field(default_factory=list)
    rows: int = 0
    size: int = 0
    since: float = 0.0
    confirmed: int = 0
    counted: int = 0
    missing: list[tuple[int, int]] = field(default_factory=list)

    def add(self, entries: list[Entry], row_size: int) -> None:
        """Add entries, whose rows have `row_size` bytes each; 0 if an entry is a row."""
        if not self.entries:
            self.since = time.monotonic()
        self.entries += entries
        self.counted += len(entries)
        if row_size:
            size = sum(len(fields.get(b"d", b"")) for _, fields in entries)
            self.rows += size // row_size
            self.size += size + len(entries) * HEADER.size
        else:
            self.rows += len(entries)
            self.size += sum(len(value) for _, fields in entries for value in fields.values())

    @property
    def age_s(self) -> float:
        """The time in seconds for which the first entry has waited, 0 without any."""
        return time.monotonic() - self.since if self.entries else 0.0

    def is_due(self, rotation: Rotation) -> bool:
        """Return whether the entries are to be written."""
        if not self.entries:
            return False
        return (
            self.rows >= rotation.rows or self.size >= rotation.size or self.age_s >= rotation.age_s
        )

    def take(self) -> Pending:
        """Return the entries, and leave none."""
        taken = Pending(
            self.entries, self.rows, self.size, self.since, self.confirmed, self.counted,
            self.missing,
        )  # fmt: skip
        self.entries, self.rows, self.size, self.confirmed, self.missing = [], 0, 0, 0, []
        return taken
