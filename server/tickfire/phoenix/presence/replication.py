"""How replicas tell each other, and who is there at all. Sans I/O: messages and the time come in.

Every change goes out at once, as a delta. Every `heartbeat_s` a replica says how many changes it
has made, so that whoever has missed one asks for all of them. A replica that has not been heard
for `down_s` is down: its entries are hidden, and shown again when it is back. After `permdown_s`
they are forgotten.

=================  ==================================================================
message            meaning
=================  ==================================================================
heartbeat, number  I am here, and have made so many changes
delta, state       this has changed here
ask                tell me all your changes
state, state       all my changes
bye                I am going
=================  ==================================================================
"""

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

    def is_visible(self, dot: Dot) -> bool:
        """Whether an entry's replica is up."""
        return dot.replica not in self._down

    # ------------------------------------------------------------ messages out

    def delta(self, delta: Delta) -> list[Send]:
        """Return what to send of a change made here."""
        return [(None, ["delta", _pack(delta)])]

    def heartbeat(self, to: str | None = None) -> list[Send]:
        """Return the sign of life."""
        number = self.state.context.upto.get(self.state.replica, 0)
        return [(to, ["heartbeat", number])]

    def goodbye(self) -> list[Send]:
        """Return the last word."""
        return [(None, ["bye"])]

    # ------------------------------------------------------------ messages in

    def receive(self, replica: str, message: Any, now_s: float) -> Outcome:
        """Take a message of another replica; what is none is ignored."""
        match message:
            case ["heartbeat", int(number)]:
                return self._on_heartbeat(replica, number, now_s)
            case ["delta", packed]:
                return self._on_changes(replica, packed, now_s, ask_for_gaps=True)
            case ["state", packed]:
                return self._on_changes(replica, packed, now_s, ask_for_gaps=False)
            case ["ask"]:
                own = self.state.of_replica(self.state.replica)
                return Outcome(self._hear(replica, now_s), [(replica, ["state", _pack(own)])])
            case ["bye"]:
                return Outcome(self._forget(replica), [])
        return Outcome(NOTHING, [])

    def _on_heartbeat(self, replica: str, number: int, now_s: float) -> Outcome:
        sends: list[Send] = []
        if replica not in self._heard_s:
            sends += self.heartbeat(replica)  # so that a newcomer need not wait for ours
        if number > self.state.context.upto.get(replica, 0):
            sends.append((replica, ["ask"]))
        return Outcome(self._hear(replica, now_s), sends)

    def _on_changes(
        self, replica: str, packed: Any, now_s: float, *, ask_for_gaps: bool
    ) -> Outcome:
        back = self._hear(replica, now_s)
        diff = self.state.merge(_unpack(packed))
        missed = ask_for_gaps and self.state.context.has_gap(replica)
        sends: list[Send] = [(replica, ["ask"])] if missed else []
        return Outcome(Diff(back.joined + diff.joined, back.left + diff.left), sends)

    # ------------------------------------------------------------ who is there

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
        forgotten = self.state.forget(replica)
        return NOTHING if hidden else forgotten

    def _entries_of(self, replica: str) -> list[tuple[Dot, Entry]]:
        return [item for item in self.state.entries.items() if item[0].replica == replica]


# ---------------------------------------------------------------- deltas as plain values


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
