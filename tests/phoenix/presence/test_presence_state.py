"""The presence CRDT: merges, and replicas that lose and regain contact."""

from __future__ import annotations

import copy
import random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tickfire.phoenix.presence.replication import Outcome, Replication, Send, Timing
from tickfire.phoenix.presence.roster import Roster
from tickfire.phoenix.presence.state import Context, Delta, Diff, Dot, Entry, PresenceState

NAMES = ["a", "b", "c"]
TIMING = Timing(heartbeat_s=1.0, down_s=10.0, permdown_s=100.0)


def entry(n: int) -> Entry:
    return Entry(f"room:{n % 2}", f"user{n % 3}", f"owner{n}", {"n": n})


def snapshot(state: PresenceState) -> tuple[Any, Any]:
    return copy.deepcopy(state.entries), copy.deepcopy(state.context)


def clone(state: PresenceState) -> PresenceState:
    twin = PresenceState(state.replica)
    twin.entries, twin.context = snapshot(state)
    return twin


def whole(state: PresenceState) -> Delta:
    return Delta(*snapshot(state))


# --- contexts
dots = st.builds(Dot, st.sampled_from(NAMES), st.integers(1, 6))
contexts = st.builds(
    Context, st.dictionaries(st.sampled_from(NAMES), st.integers(1, 4)), st.sets(dots)
)


@given(contexts, contexts, dots)
def test_a_context_is_a_set_of_dots(left: Context, right: Context, dot: Dot) -> None:
    union = copy.deepcopy(left)
    union.update(right)
    for name in NAMES:
        for number in range(1, 8):
            each = Dot(name, number)
            assert (each in union) == (each in left or each in right)
    union.add(dot)
    assert dot in union


# --- merges
@st.composite
def histories(draw: st.DrawFn) -> list[PresenceState]:
    """Draw states of three replicas that have exchanged some changes, in any order."""
    states = [PresenceState(name) for name in NAMES]
    deltas: list[Delta] = []
    for n in range(draw(st.integers(0, 12))):
        state = states[draw(st.integers(0, 2))]
        own = [dot for dot in state.entries if dot.replica == state.replica]
        match draw(st.sampled_from(["add", "add", "remove", "replace", "tell", "tell"])):
            case "add":
                deltas.append(state.add(entry(n))[1])
            case "remove" if own:
                deltas.append(state.remove([draw(st.sampled_from(own))]))
            case "replace" if own:
                deltas.append(state.replace(draw(st.sampled_from(own)), entry(n))[1])
            case "tell" if deltas:
                state.merge(draw(st.sampled_from(deltas)))
    return states


@given(histories())
def test_merges_commute(states: list[PresenceState]) -> None:
    a, b, _ = states
    left, right = clone(a), clone(b)
    left.merge(whole(b))
    right.merge(whole(a))
    assert snapshot(left) == snapshot(right)


@given(histories())
def test_merges_associate(states: list[PresenceState]) -> None:
    a, b, c = states
    left = clone(a)
    left.merge(whole(b))
    left.merge(whole(c))
    both = clone(b)
    both.merge(whole(c))
    right = clone(a)
    right.merge(whole(both))
    assert snapshot(left) == snapshot(right)


@given(histories())
def test_merges_are_idempotent(states: list[PresenceState]) -> None:
    a, b, _ = states
    once = clone(a)
    once.merge(whole(b))
    before = snapshot(once)
    for delta in (whole(b), whole(a), whole(once), b.of_replica("b")):
        assert not once.merge(delta)
        assert snapshot(once) == before


@given(histories())
def test_the_diff_is_what_has_changed(states: list[PresenceState]) -> None:
    a, b, _ = states
    before = dict(a.entries)
    diff = a.merge(whole(b))
    assert set(a.entries) == (set(before) | {dot for dot, _ in diff.joined}) - {
        dot for dot, _ in diff.left
    }
    assert all(dot not in before for dot, _ in diff.joined)
    assert all(before[dot] == each for dot, each in diff.left)


@given(histories(), st.randoms(use_true_random=False))
def test_all_agree_once_all_is_told(states: list[PresenceState], shuffler: random.Random) -> None:
    told = [whole(state) for state in states] + [s.of_replica(s.replica) for s in states]
    for state in states:
        shuffled = told * 2
        shuffler.shuffle(shuffled)
        for delta in shuffled:
            state.merge(delta)
    assert snapshot(states[0]) == snapshot(states[1]) == snapshot(states[2])


# --- replicas on a bad network
class Network(RuleBasedStateMachine):
    """Replicas whose messages are lost, doubled and reordered, and who lose sight of each other."""

    @initialize()
    def begin(self) -> None:
        self.now = 0.0
        self.replicas = {name: Replication(name, TIMING) for name in NAMES}
        self.rosters = {name: Roster() for name in NAMES}
        self.shown: dict[str, dict[Dot, Entry]] = {name: {} for name in NAMES}
        self.flying: list[tuple[str, str, Any]] = []
        self.cut: set[frozenset[str]] = set()
        self.count = 0

    def fly(self, sender: str, sends: list[Send]) -> None:
        for to, message in sends:
            for receiver in NAMES if to is None else [to]:
                if receiver != sender and frozenset((sender, receiver)) not in self.cut:
                    self.flying.append((sender, receiver, copy.deepcopy(message)))

    def apply(self, name: str, outcome: Outcome) -> None:
        shown = self.shown[name]
        for dot, each in outcome.diff.joined:
            assert dot not in shown
            assert self.replicas[name].is_visible(dot)
            shown[dot] = each
        for dot, each in outcome.diff.left:
            assert shown.pop(dot) == each
        self.rosters[name].apply(outcome.diff)
        self.fly(name, outcome.sends)

    @rule(name=st.sampled_from(NAMES))
    def add(self, name: str) -> None:
        self.count += 1
        state = self.replicas[name].state
        each = entry(self.count)
        dot, delta = state.add(each)
        self.note(name, [(dot, each)], [])
        self.fly(name, self.replicas[name].delta(delta))

    def note(self, name: str, joined: list[Any], left: list[Any]) -> None:
        """Show a change of one's own."""
        for dot, each in joined:
            self.shown[name][dot] = each
        for dot, _ in left:
            del self.shown[name][dot]
        self.rosters[name].apply(Diff(joined, left))

    @rule(name=st.sampled_from(NAMES), data=st.data(), update=st.booleans())
    def change(self, name: str, data: st.DataObject, update: bool) -> None:
        state = self.replicas[name].state
        own = [dot for dot in state.entries if dot.replica == name]
        if not own:
            return
        dot = data.draw(st.sampled_from(own))
        old = state.entries[dot]
        if update:
            self.count += 1
            new = old._replace(meta={"n": self.count})
            new_dot, delta = state.replace(dot, new)
            self.note(name, [(new_dot, new)], [(dot, old)])
        else:
            delta = state.remove([dot])
            self.note(name, [], [(dot, old)])
        self.fly(name, self.replicas[name].delta(delta))

    @precondition(lambda self: self.flying)
    @rule(data=st.data(), fate=st.sampled_from(["arrives", "arrives", "lost", "doubled"]))
    def message(self, data: st.DataObject, fate: str) -> None:
        index = data.draw(st.integers(0, len(self.flying) - 1))
        sender, receiver, message = self.flying[index]
        if fate != "doubled":
            del self.flying[index]
        if fate != "lost":
            self.apply(receiver, self.replicas[receiver].receive(sender, message, self.now))

    @rule(pair=st.sampled_from([("a", "b"), ("b", "c"), ("a", "c")]))
    def cut_or_mend(self, pair: tuple[str, str]) -> None:
        self.cut ^= {frozenset(pair)}

    @rule(seconds=st.sampled_from([0.5, 1.0, 11.0, 101.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds
        for name, replica in self.replicas.items():
            self.apply(name, replica.tick(self.now))

    @rule(name=st.sampled_from(NAMES), message=st.sampled_from([[], ["x"], ["heartbeat"], 5, None]))
    def nonsense(self, name: str, message: Any) -> None:
        assert not self.replicas[name].receive("a", message, self.now).diff

    @invariant()
    def what_is_shown_is_what_is_known_and_visible(self) -> None:
        for name, replica in getattr(self, "replicas", {}).items():
            entries = replica.state.entries.items()
            visible = {dot: each for dot, each in entries if replica.is_visible(dot)}
            assert self.shown[name] == visible
            for topic in ("room:0", "room:1"):
                listed = self.rosters[name].list(topic)
                metas = [meta for each in listed.values() for meta in each["metas"]]
                there = [each.meta for each in visible.values() if each.topic == topic]
                assert sorted(metas, key=repr) == sorted(there, key=repr)

    def teardown(self) -> None:
        if not hasattr(self, "replicas"):
            return
        self.cut.clear()
        for _ in range(6):
            self.time_passes(1.0)
            while self.flying:
                sender, receiver, message = self.flying.pop(0)
                self.apply(receiver, self.replicas[receiver].receive(sender, message, self.now))
        everything = {
            dot: each
            for name, replica in self.replicas.items()
            for dot, each in replica.state.entries.items()
            if dot.replica == name
        }
        assert all(shown == everything for shown in self.shown.values())


TestNetwork = Network.TestCase
TestNetwork.settings = settings(stateful_step_count=40, max_examples=100)


def test_a_silent_replica_is_hidden_then_shown_again_then_forgotten() -> None:
    a, b = Replication("a", TIMING), Replication("b", TIMING)
    dot, delta = b.state.add(entry(1))
    [(_, message)] = b.delta(delta)
    assert a.receive("b", message, 0.0).diff.joined == [(dot, entry(1))]
    assert not a.tick(10.0).diff
    assert a.tick(10.5).diff.left == [(dot, entry(1))]
    assert not a.tick(20.0).diff
    [(_, beat)] = b.heartbeat()
    assert a.receive("b", beat, 30.0).diff.joined == [(dot, entry(1))]
    assert a.tick(131.0).diff.left == [(dot, entry(1))]
    assert a.state.entries == {}
    assert a.state.context == Context()


def test_a_goodbye_is_believed_at_once() -> None:
    a, b = Replication("a", TIMING), Replication("b", TIMING)
    dot, delta = b.state.add(entry(1))
    a.receive("b", b.delta(delta)[0][1], 0.0)
    [(_, bye)] = b.goodbye()
    assert a.receive("b", bye, 1.0).diff.left == [(dot, entry(1))]
    assert a.state.entries == {}


def test_a_lost_removal_is_noticed_by_the_heartbeat() -> None:
    a, b = Replication("a", TIMING), Replication("b", TIMING)
    dot, delta = b.state.add(entry(1))
    a.receive("b", b.delta(delta)[0][1], 0.0)
    b.state.remove([dot])  # and nobody is told
    [(_, beat)] = b.heartbeat()
    assert a.receive("b", beat, 1.0).sends == [("b", ["ask"])]
    [(_, state)] = b.receive("a", ["ask"], 1.0).sends
    assert a.receive("b", state, 1.0).diff.left == [(dot, entry(1))]
