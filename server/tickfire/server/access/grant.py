"""`Grant`: the rights of a client, from its connection until the grant expires. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

GRANT: Final = "grant"
"""The key of a user socket's assigns with the `Grant` of its client."""

RATES: Final = (
    "connects",
    "joins",
    "messages",
    "replays",
    "bandwidth",
    "topics",
    "lanes",
    "indicators",
)
"""Names of the limits that a grant may set."""


@dataclass(frozen=True, slots=True)
class Grant:
    """Rights of a client.

    Attributes
    ----------
    subject : str or None
        The user, as the token names it.
    key : str or None
        Id of the key with which the client came.
    topics : tuple of str or None
        Patterns of the topics that it may join, in which ``*`` stands for any characters; None
        for all topics.
    issued_at, expires_at : float or None
        Seconds since the Unix epoch. An unknown time of issue counts as long ago; without a time
        of expiry the grant does not expire.
    connections : int or None
        Maximum number of its connections; None for no other than the server's own limits.
    origins : tuple of str or None
        Origins of the pages that may use it, as ``https://host`` or ``//*.host``; None for all
        that the server allows.
    rates : mapping of str to float
        Limits that differ from the server's own, by a name of `RATES`.
    holder : str or None
        Name of the connections of the same key or subject, by which they can be closed.
    """

    subject: str | None = None
    key: str | None = None
    topics: tuple[str, ...] | None = None
    issued_at: float | None = None
    expires_at: float | None = None
    connections: int | None = None
    origins: tuple[str, ...] | None = None
    rates: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    holder: str | None = field(init=False, compare=False)

    def __post_init__(self) -> None:
        holder = None if self.subject is None else f"user:{self.subject}"
        if self.key is not None:
            holder = f"key:{self.key}"
        object.__setattr__(self, "holder", holder)

    def permits(self, topic: str) -> bool:
        """Return whether the client may join a topic."""
        return self.topics is None or any(_matches(pattern, topic) for pattern in self.topics)

    def has_expired(self, now: float) -> bool:
        """Return whether the grant is over at a time, in seconds since the Unix epoch."""
        return self.expires_at is not None and self.expires_at <= now


UNLIMITED: Final = Grant()
"""The grant of a client of which nothing is known but that it may connect."""


def grant_of(assigns: Mapping[str, Any]) -> Grant:
    """Return the grant in the assigns of a user socket, which is unlimited if there is none."""
    grant: Grant = assigns.get(GRANT, UNLIMITED)
    return grant


def _matches(pattern: str, topic: str) -> bool:
    """Return whether a topic matches; linear, whatever the pattern."""
    first, *rest = pattern.split("*")
    if not rest:
        return pattern == topic
    *middle, last = rest
    if not topic.startswith(first) or not topic[len(first) :].endswith(last):
        return False
    at, end = len(first), len(topic) - len(last)
    for part in middle:
        found = topic.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True
