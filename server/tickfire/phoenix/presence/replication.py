"""Replication protocol of presences, sans I/O: messages and the time are arguments.

A replica sends each change at once, as a numbered delta. Every `heartbeat_s` it sends its number of
changes, so that a replica that has missed one can ask for all of them. A replica that has been
silent for `down_s` is down: its entries are hidden until it is heard again. After `permdown_s` they
are removed.

=================  ==================================================================
message            meaning
=================  ==================================================================
heartbeat, n       sign of life; the sender has made n changes
delta, n, state    the sender's change number n
ask                request for all changes of the receiver
state, n, state    all changes of the sender, up to number n
bye                the sender leaves
=================  ==================================================================
"""

from __future__ import annotations

from typing import Any, NamedTuple

from tickfire.phoenix.presence.state import Context, Delta, Diff, Dot, Entry, PresenceState

__all__ = ["Outcome", "Replication", "Timing"]

type Send = tuple[str | None, list[Any]]
"""(replica to send to, or None for all; message)."""


class Timing(NamedTuple):
    """Interval of heartbeats, and times after which a silent replica is down or gone, in s."""

    heartbeat_s: float = 1.5
    down_s: float = 30.0
    permdown_s: float = 1_200.0


class Outcome(NamedTuple):
    """The result of a message: a change for local subscribers, and messages to other replicas."""

    diff: Diff
    sends: list[Send]


NOTHING = Diff([], [])


class Replication:
    """One replica's state, and its knowledge of the others.

    Parameters
    ----------
    replica
        This replica's name.
    timing
        The times after which other replicas count as down.
    """

    def __init__(self, replica: str, timing: Timing) -> None:
        self.state = PresenceState(replica)
        self.timing = timing
        self._heard_s: dict[str, float] = {}
        self._down: set[str] = set()
        # The number up to which all changes of each replica have been applied. The context's
        # dots are not enough: a later removal may name the dot of a change that was missed.
        self._taken: dict[str, int] = {}

    def is_visible(self, dot: Dot) -> bool:
        """Return whether an entry's replica is up."""
        return dot.replica not in self._down

    # --- messages out
    def delta(self, delta: Delta) -> list[Send]:
        """Return the messages that announce a local change."""
        return [(None, ["delta", self.state.changes, _pack(delta)])]

    def heartbeat(self, to: str | None = None) -> list[Send]:
        """Return the heartbeat message."""
        return [(to, ["heartbeat", self.state.changes])]

    def goodbye(self) -> list[Send]:
        """Return the message that announces the end of this replica."""
        return [(None, ["bye"])]

    # --- messages in
    def receive(self, replica: str, message: Any, now_s: float) -> Outcome:
        """Process a message of another replica; malformed messages are ignored."""
        match message:
            case ["heartbeat", int(number)]:
                return self._on_heartbeat(replica, number, now_s)
            case ["delta", int(number), packed]:
                return self._on_delta(replica, number, packed, now_s)
            case ["state", int(number), packed]:
                self._taken[replica] = max(number, self._taken.get(replica, 0))
                return Outcome(self._merge(replica, packed, now_s), [])
            case ["ask"]:
                own = _pack(self.state.of_replica(self.state.replica))
                sends: list[Send] = [(replica, ["state", self.state.changes, own])]
                return Outcome(self._hear(replica, now_s), sends)
            case ["bye"]:
                return Outcome(self._forget(replica), [])
        return Outcome(NOTHING, [])

    def _on_heartbeat(self, replica: str, number: int, now_s: float) -> Outcome:
        sends: list[Send] = []
        if replica not in self._heard_s:
            sends += self.heartbeat(replica)  # a new replica need not wait for our next heartbeat
        if number > self._taken.get(replica, 0):
            sends.append((replica, ["ask"]))
        return Outcome(self._hear(replica, now_s), sends)

    def _on_delta(self, replica: str, number: int, packed: Any, now_s: float) -> Outcome:
        taken = self._taken.get(replica, 0)
        if number == taken + 1:
            self._taken[replica] = number
        missed = number > taken + 1
        sends: list[Send] = [(replica, ["ask"])] if missed else []
        return Outcome(self._merge(replica, packed, now_s), sends)

    def _merge(self, replica: str, packed: Any, now_s: float) -> Diff:
        back = self._hear(replica, now_s)
        diff = self.state.merge(_unpack(packed))
        return Diff(back.joined + diff.joined, back.left + diff.left)

    # --- who is there
    def _hear(self, replica: str, now_s: float) -> Diff:
        """Record a sign of life; return the entries that become visible again."""
        self._heard_s[replica] = now_s
        if replica not in self._down:
            return NOTHING
        self._down.discard(replica)
        return Diff(self._entries_of(replica), [])

    def tick(self, now_s: float) -> Outcome:
        """Find silent replicas; return the entries to hide, and the heartbeat."""
        left: list[tuple[Dot, Entry]] = []
        for replica, heard_s in list(self._heard_s.items()):
            silent_s = now_s - heard_s
            if silent_s > self.timing.permdown_s:
                left += self._forget(replica).left
            elif silent_s > self.timing.down_s and replica not in self._down:
                left += self._entries_of(replica)
                self._down.add(replica)
        return Outcome(Diff([], left), self.heartbeat())

    def _forget(self, replica: str) -> Diff:
        hidden = replica in self._down
        self._down.discard(replica)
        self._heard_s.pop(replica, None)
        self._taken.pop(replica, None)
        forgotten = self.state.forget(replica)
        return NOTHING if hidden else forgotten

    def _entries_of(self, replica: str) -> list[tuple[Dot, Entry]]:
        return [item for item in self.state.entries.items() if item[0].replica == replica]


# --- deltas as plain values
def _pack(delta: Delta) -> list[Any]:
    entries = [[*dot, *entry] for dot, entry in delta.entries.items()]
    beyond = [list(dot) for dot in delta.context.beyond]
    return [entries, delta.context.upto, beyond]


def _unpack(packed: Any) -> Delta:
    entries, upto, beyond = packed
    return Delta(
        {
            Dot(replica, number): Entry(topic, key, owner, meta)
            for replica, number, topic, key, owner, meta in entries
        },
        Context(upto, [Dot(replica, number) for replica, number in beyond]),
    )
