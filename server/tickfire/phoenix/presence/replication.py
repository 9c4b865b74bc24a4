"""How replicas tell each other, and who is there at all. Sans I/O: messages and the time come in.

Every change goes out at once, as a numbered delta. Every `heartbeat_s` a replica says how many
changes it has made, so that whoever has missed one asks for all of them. A replica that has not
been heard for `down_s` is down: its entries are hidden, and shown again when it is back. After
`permdown_s` they are forgotten.

=================  ==================================================================
message            meaning
=================  ==================================================================
heartbeat, n       I am here, and have made so many changes
delta, n, state    my change number n
ask                tell me all your changes
state, n, state    all my changes, up to number n
bye                I am going
=================  ==================================================================
"""

from __future__ import annotations

from typing import Any, NamedTuple

from tickfire.phoenix.presence.state import Context, Delta, Diff, Dot, Entry, PresenceState

__all__ = ["Outcome", "Replication", "Timing"]

type Send = tuple[str | None, list[Any]]
"""(replica to send to, or None for all; message)."""


class Timing(NamedTuple):
    """When a silent replica is taken for down, and for gone; in seconds."""

    heartbeat_s: float = 1.5
    down_s: float = 30.0
    permdown_s: float = 1_200.0


class Outcome(NamedTuple):
    """What is to be told to the subscribers here, and to other replicas."""

    diff: Diff
    sends: list[Send]


NOTHING = Diff([], [])


class Replication:
    """One replica's state, and what it knows of the others.

    Parameters
    ----------
    replica
        This replica's name.
    timing
        When others are down.
    """

    def __init__(self, replica: str, timing: Timing) -> None:
        self.state = PresenceState(replica)
        self.timing = timing
        self._heard_s: dict[str, float] = {}
        self._down: set[str] = set()
        # Up to which change of each replica all have been taken. It is not enough that the context
        # has their dots: a later removal speaks of the dot of a change that may have been missed.
        self._taken: dict[str, int] = {}

    def is_visible(self, dot: Dot) -> bool:
        """Whether an entry's replica is up."""
        return dot.replica not in self._down

    # --- messages out
    def delta(self, delta: Delta) -> list[Send]:
        """Return what to send of a change made here."""
        return [(None, ["delta", self.state.changes, _pack(delta)])]

    def heartbeat(self, to: str | None = None) -> list[Send]:
        """Return the sign of life."""
        return [(to, ["heartbeat", self.state.changes])]

    def goodbye(self) -> list[Send]:
        """Return the last word."""
        return [(None, ["bye"])]

    # --- messages in
    def receive(self, replica: str, message: Any, now_s: float) -> Outcome:
        """Take a message of another replica; what is none is ignored."""
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
            sends += self.heartbeat(replica)  # so that a newcomer need not wait for ours
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
        """Note a sign of life; return the entries that are shown again for it."""
        self._heard_s[replica] = now_s
        if replica not in self._down:
            return NOTHING
        self._down.discard(replica)
        return Diff(self._entries_of(replica), [])

    def tick(self, now_s: float) -> Outcome:
        """Look who has not been heard for long; return what hides, and the heartbeat."""
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
