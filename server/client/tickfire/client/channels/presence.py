"""Presence of others on a topic: the state of the server, kept by its diffs."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, Protocol

type Entry = dict[str, Any]
"""The presence of one key: ``{"metas": [...]}``, and whatever else the server adds."""
type Change = Callable[[str, Entry | None, Entry], object]
"""Called with the key, its presence before (None if there was none), and what came or went."""


class Joined(Protocol):
    """The part of a channel that its presences use."""

    @property
    def join_ref(self) -> str | None:
        """Ref of the present join."""

    def on(self, event: str, callback: Callable[[Any], object]) -> int:
        """Call `callback` with the payload of each event of this name."""


class Presence:
    """The presences of a channel's topic; make it before joining.

    Attributes
    ----------
    state : dict of str to dict
        Present entries by key.
    """

    def __init__(
        self,
        channel: Joined,
        state_event: str = "presence_state",
        diff_event: str = "presence_diff",
    ) -> None:
        self.state: dict[str, Entry] = {}
        self._channel = channel
        self._join_ref: str | None = None
        self._pending: list[dict[str, Any]] = []
        self._on_join: Change | None = None
        self._on_leave: Change | None = None
        self._on_sync: Callable[[], object] | None = None
        channel.on(state_event, self._take_state)
        channel.on(diff_event, self._take_diff)

    def on_join(self, callback: Change) -> None:
        """Call `callback` for each presence that comes, or that comes once more."""
        self._on_join = callback

    def on_leave(self, callback: Change) -> None:
        """Call `callback` for each presence that goes; its metas before are what is left of it."""
        self._on_leave = callback

    def on_sync(self, callback: Callable[[], object]) -> None:
        """Call `callback` after each change of the state."""
        self._on_sync = callback

    def list(self) -> list[tuple[str, Entry]]:
        """Return the present keys, each with its entry."""
        return list(self.state.items())

    @property
    def is_pending(self) -> bool:
        """True until the server has sent the state of the present join."""
        return self._join_ref is None or self._join_ref != self._channel.join_ref

    def _take_state(self, state: dict[str, Entry]) -> None:
        self._join_ref = self._channel.join_ref
        self.state = sync_state(self.state, state, self._on_join, self._on_leave)
        pending, self._pending = self._pending, []
        for diff in pending:
            self.state = sync_diff(self.state, diff, self._on_join, self._on_leave)
        self._synced()

    def _take_diff(self, diff: dict[str, Any]) -> None:
        if self.is_pending:
            self._pending.append(diff)
            return
        self.state = sync_diff(self.state, diff, self._on_join, self._on_leave)
        self._synced()

    def _synced(self) -> None:
        if self._on_sync is not None:
            self._on_sync()


def sync_state(
    current: dict[str, Entry],
    new: dict[str, Entry],
    on_join: Change | None = None,
    on_leave: Change | None = None,
) -> dict[str, Entry]:
    """Return the state that the server has sent, calling back for what differs from `current`."""
    leaves = {key: entry for key, entry in current.items() if key not in new}
    joins = {}
    for key, entry in new.items():
        known = current.get(key)
        if known is None:
            joins[key] = entry
            continue
        came = _without(entry["metas"], known["metas"])
        gone = _without(known["metas"], entry["metas"])
        if came:
            joins[key] = {**entry, "metas": came}
        if gone:
            leaves[key] = {**known, "metas": gone}
    return sync_diff(current, {"joins": joins, "leaves": leaves}, on_join, on_leave)


def sync_diff(
    current: dict[str, Entry],
    diff: dict[str, Any],
    on_join: Change | None = None,
    on_leave: Change | None = None,
) -> dict[str, Entry]:
    """Return a state with a diff of the server applied, calling back for each change."""
    state = copy.deepcopy(current)
    diff = copy.deepcopy(diff)
    for key, entry in diff["joins"].items():
        before = state.get(key)
        state[key] = copy.deepcopy(entry)
        if before is not None:
            state[key]["metas"] = _without(before["metas"], entry["metas"]) + state[key]["metas"]
        if on_join is not None:
            on_join(key, before, entry)
    for key, entry in diff["leaves"].items():
        known = state.get(key)
        if known is None:
            continue
        known["metas"] = _without(known["metas"], entry["metas"])
        if on_leave is not None:
            on_leave(key, known, entry)
        if not known["metas"]:
            del state[key]
    return state


def _without(metas: list[Any], others: list[Any]) -> list[Any]:
    """Return the metas whose ref is not among those of others."""
    refs = {meta["phx_ref"] for meta in others}
    return [meta for meta in metas if meta["phx_ref"] not in refs]
