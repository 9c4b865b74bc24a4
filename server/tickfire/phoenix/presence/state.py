"""The set of presences as a conflict-free replicated data type: an add-wins set, pure.

Every change has a *dot*: the replica that made it, and that replica's count of changes. An entry
lives under the dot of the change that added it. A replica remembers which dots it has seen (its
*context*), so an entry that another has and this one has not is new if its dot is unseen, and was
removed if it is seen. Merging is therefore commutative, associative and idempotent: deltas may
come late, twice, or in another order.

After Bieniusa et al., "An optimized conflict-free replicated set" (2012), with deltas as in
Almeida et al., "Delta state replicated data types" (2018).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

__all__ = ["Context", "Delta", "Diff", "Dot", "Entry", "PresenceState"]


class Dot(NamedTuple):
    """One change: the replica that made it, and its number there, from 1."""

    replica: str
    number: int


class Entry(NamedTuple):
    """One presence: a `key` on a topic, with its metadata.

    `owner` names the presence through all its updates.
    """

    topic: str
    key: str
    owner: str
    meta: dict[str, Any]


class Context:
    """A set of dots: all up to a number of each replica, and some beyond."""

    __slots__ = ("beyond", "upto")

    def __init__(
        self, upto: Mapping[str, int] | None = None, beyond: Iterable[Dot] | None = None
    ) -> None:
        self.upto = dict(upto or {})
        self.beyond = set(beyond or ())
        self._compact(self.beyond)

    def __contains__(self, dot: Dot) -> bool:
        return dot.number <= self.upto.get(dot.replica, 0) or dot in self.beyond

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Context):
            return NotImplemented
        return self.upto == other.upto and self.beyond == other.beyond

    __hash__ = None  # type: ignore[assignment]

    def add(self, dot: Dot) -> None:
        """Add a dot."""
        if dot not in self:
            self.beyond.add(dot)
            self._compact((dot,))

    def update(self, other: Context) -> None:
        """Add all dots of another context."""
        for replica, number in other.upto.items():
            if number > self.upto.get(replica, 0):
                self.upto[replica] = number
        self.beyond |= other.beyond
        self._compact(self.beyond)

    def forget(self, replica: str) -> None:
        """Drop all dots of a replica."""
        self.upto.pop(replica, None)
        self.beyond = {dot for dot in self.beyond if dot.replica != replica}

    def _compact(self, dots: Iterable[Dot]) -> None:
        """Advance the number of each replica, and drop the dots that it covers."""
        for replica in {dot.replica for dot in dots}:
            number = self.upto.get(replica, 0)
            while Dot(replica, number + 1) in self.beyond:
                number += 1
                self.beyond.discard(Dot(replica, number))
            if number:
                self.upto[replica] = number
        self.beyond = {dot for dot in self.beyond if dot.number > self.upto.get(dot.replica, 0)}


class Delta(NamedTuple):
    """Part of a state: some entries, and the dots that it covers."""

    entries: dict[Dot, Entry]
    context: Context


class Diff(NamedTuple):
    """The effect of a change: entries that joined, and entries that left, in order."""

    joined: list[tuple[Dot, Entry]]
    left: list[tuple[Dot, Entry]]

    def __bool__(self) -> bool:
        return bool(self.joined or self.left)


class PresenceState:
    """One replica's view of all presences.

    Parameters
    ----------
    replica
        This replica's name; never used by another replica, nor earlier by this node.
    """

    def __init__(self, replica: str) -> None:
        self.replica = replica
        self.entries: dict[Dot, Entry] = {}
        self.context = Context()

    # --- local changes
    def add(self, entry: Entry) -> tuple[Dot, Delta]:
        """Add an entry; return its dot and the delta for other replicas."""
        dot = self._next()
        self.entries[dot] = entry
        return dot, Delta({dot: entry}, Context(beyond=[dot]))

    def remove(self, dots: Iterable[Dot]) -> Delta:
        """Remove entries; return the delta for other replicas."""
        gone = [dot for dot in dots if self.entries.pop(dot, None) is not None]
        # The removal is a change too, so that others can notice that they have missed it.
        return Delta({}, Context(beyond=[*gone, self._next()]))

    def replace(self, old: Dot, entry: Entry) -> tuple[Dot, Delta]:
        """Put an entry in the place of another; return its dot and the delta for other replicas."""
        dot = self._next()
        del self.entries[old]
        self.entries[dot] = entry
        return dot, Delta({dot: entry}, Context(beyond=[old, dot]))

    @property
    def changes(self) -> int:
        """Number of changes made by this replica."""
        return self.context.upto.get(self.replica, 0)

    def _next(self) -> Dot:
        dot = Dot(self.replica, self.changes + 1)
        self.context.add(dot)
        return dot

    # --- remote changes
    def merge(self, delta: Delta) -> Diff:
        """Merge a delta of another replica; return its effect."""
        left = [
            (dot, self.entries[dot]) for dot in self._covered(delta) if dot not in delta.entries
        ]
        joined = [
            (dot, entry)
            for dot, entry in delta.entries.items()
            if dot not in self.entries and dot not in self.context
        ]
        for dot, _ in left:
            del self.entries[dot]
        self.entries.update(joined)
        self.context.update(delta.context)
        return Diff(joined, left)

    def _covered(self, delta: Delta) -> Iterator[Dot]:
        """Yield the dots of local entries that a delta covers."""
        if not delta.context.upto:
            yield from (dot for dot in delta.context.beyond if dot in self.entries)
        else:
            yield from (dot for dot in self.entries if dot in delta.context)

    def of_replica(self, replica: str) -> Delta:
        """Return everything known of one replica's changes."""
        entries = {dot: entry for dot, entry in self.entries.items() if dot.replica == replica}
        number = self.context.upto.get(replica, 0)
        beyond = [dot for dot in self.context.beyond if dot.replica == replica]
        return Delta(entries, Context({replica: number} if number else {}, beyond))

    def forget(self, replica: str) -> Diff:
        """Drop all that is known of a replica, which is not coming back."""
        left = [item for item in self.entries.items() if item[0].replica == replica]
        for dot, _ in left:
            del self.entries[dot]
        self.context.forget(replica)
        return Diff([], left)
