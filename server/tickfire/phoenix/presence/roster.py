"""Visible presences by topic, in the order of tracking, in the form that clients receive."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tickfire.phoenix.presence.state import Diff, Dot, Entry

__all__ = ["Presences", "Roster", "by_topic", "presences"]

type Presences = dict[str, dict[str, Any]]
"""`{key: {"metas": [{"phx_ref": ..., ...}, ...]}}`."""


class Roster:
    """The visible presences of each topic.

    Entries are kept by owner, so that an update keeps its place in the order. An owner has one
    entry, except while a lost message conceals that one entry replaced another.
    """

    def __init__(self) -> None:
        self._topics: dict[str, dict[str, dict[Dot, Entry]]] = {}

    def apply(self, diff: Diff) -> None:
        """Apply a change."""
        for dot, entry in diff.joined:
            owners = self._topics.setdefault(entry.topic, {})
            owners.setdefault(entry.owner, {})[dot] = entry
        for dot, entry in diff.left:
            owners = self._topics.get(entry.topic, {})
            entries = owners.get(entry.owner, {})
            entries.pop(dot, None)
            if not entries:
                owners.pop(entry.owner, None)
            if not owners:
                self._topics.pop(entry.topic, None)

    def list(self, topic: str) -> Presences:
        """Return the presences on a topic."""
        owners = self._topics.get(topic, {})
        return presences(entry for entries in owners.values() for entry in entries.values())


def presences(entries: Iterable[Entry]) -> Presences:
    """Group entries by key, in the form that clients receive."""
    grouped: Presences = {}
    for entry in entries:
        grouped.setdefault(entry.key, {"metas": []})["metas"].append(entry.meta)
    return grouped


def by_topic(diff: Diff) -> dict[str, tuple[Presences, Presences]]:
    """Return the joins and leaves of a change, by topic."""
    topics = dict.fromkeys(entry.topic for _, entry in (*diff.joined, *diff.left))
    return {
        topic: (
            presences(entry for _, entry in diff.joined if entry.topic == topic),
            presences(entry for _, entry in diff.left if entry.topic == topic),
        )
        for topic in topics
    }
