"""The visible presences by topic, in the order of tracking, and how they are told."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tickfire.phoenix.presence.state import Diff, Dot, Entry

__all__ = ["Presences", "Roster", "by_topic", "presences"]

type Presences = dict[str, dict[str, Any]]
"""`{key: {"metas": [{"phx_ref": ..., ...}, ...]}}`."""


class Roster:
    """Who is visible on which topic.

    Entries are kept by owner, so that an update keeps its place. An owner has one entry, but for
    the moment in which a lost message has hidden that one took the place of another.
    """

    def __init__(self) -> None:
        self._topics: dict[str, dict[str, dict[Dot, Entry]]] = {}

    def apply(self, diff: Diff) -> None:
        """Follow a change."""
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
    """Group entries by key, as clients are told."""
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
