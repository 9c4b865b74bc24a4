"""The newest id that a subscription has received, after which it resumes."""

from __future__ import annotations

from typing import Any

from tickfire.client.market.position import FeedPositions, base36, id_of, parts_of, replaced


class Cursor:
    """The newest id received; it becomes `since` at each join.

    Attributes
    ----------
    id : str, or None
        The id; None before the first join.
    """

    def __init__(self, since: str | None = None) -> None:
        self.id = since

    def params(self) -> dict[str, Any]:
        """Return the join params that resume."""
        return {} if self.id is None else {"since": self.id}

    def joined(self, reply: dict[str, Any]) -> bool:
        """Process a join reply; return whether nothing was lost.

        The reply's id is adopted only if nothing is replayed before it; otherwise each tick
        advances the position.
        """
        if reply.get("recovered") is True:
            return True
        since, missed = self.id, reply.get("missed")
        self.id = reply["id"] if since is None or not missed else _after(since, missed)
        return since is None

    def moved(self, identifier: str) -> None:
        """Advance to the id of an event."""
        self.id = identifier

    def moved_to(self, epoch: str, shard: int, last: int) -> None:
        """Advance past packed ticks, which have the position of their shard instead of an id."""
        parts = [] if self.id is None else parts_of(self.id)
        known = next((list(part.positions) for part in parts if part.epoch == epoch), [])
        # A shard without a known position is read from its beginning.
        known += ["0"] * (shard + 1 - len(known))
        known[shard] = base36(last)
        self.id = id_of(replaced(parts, [FeedPositions(epoch, tuple(known))]))


def _after(identifier: str, missed: dict[str, Any]) -> str:
    """Return the position after what is gone; feeds that lost nothing stay where they were."""
    gone = {part.feed for part in parts_of(missed["from"])}
    kept = [part for part in parts_of(identifier) if part.feed not in gone]
    return id_of(replaced(kept, parts_of(missed["to"])))
