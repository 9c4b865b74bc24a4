"""Token buckets of constant memory, by the generic cell rate algorithm. Pure.

A bucket holds `burst` tokens, and gets `per_s` of them a second until it is full. Its whole state
is the time at which it will be full again: a bucket that is full needs no memory at all, and
nothing has to be done as time passes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from typing import Final

import msgspec

MAX_BUCKETS: Final = 65_536
FEW_BUCKETS: Final = 256
"""Buckets that are not worth a search for full ones."""
ROUNDING: Final = 1e-3
"""Part of a token that may be lacking, since sums of floats are not exact."""


@dataclass(frozen=True, slots=True)
class Rate:
    """A rate, and the burst that may exceed it.

    Attributes
    ----------
    per_s : float
        Tokens a second.
    burst : float
        Tokens that a full bucket holds, at least 1.
    """

    per_s: float
    burst: float
    interval_s: float = field(init=False, repr=False)
    slack_s: float = field(init=False, repr=False)
    """Time until an empty bucket is full, less that for one token."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "interval_s", 1 / self.per_s)
        object.__setattr__(self, "slack_s", (self.burst - 1 + ROUNDING) / self.per_s)

    def times(self, factor: float) -> Rate:
        """Return a rate that many times as high, burst included."""
        return Rate(self.per_s * factor, self.burst * factor)

    def __str__(self) -> str:
        return f"{self.per_s:g}/{self.burst:g}"


class Bucket(msgspec.Struct, gc=False):
    """The bucket of one client or connection.

    Attributes
    ----------
    full_at : float
        The time at which it is full again, if nothing else is taken.
    """

    full_at: float = 0.0

    def take(self, rate: Rate, now: float) -> float:
        """Take a token; return 0, or else the time until there is one, in seconds."""
        begin = self.full_at if self.full_at > now else now
        wait = begin - now - rate.slack_s
        if wait > 0:
            return wait
        self.full_at = begin + rate.interval_s
        return 0.0

    def charge(self, rate: Rate, tokens: float, now: float) -> float:
        """Take tokens, whether there are any or not; return the time until none is owed."""
        begin = self.full_at if self.full_at > now else now
        self.full_at = begin + tokens * rate.interval_s
        return max(0.0, self.full_at - now - rate.burst * rate.interval_s)


class Buckets:
    """The buckets of many clients, forgotten when they are full again.

    Parameters
    ----------
    most : int
        Maximum number of buckets; beyond it, the oldest are forgotten before they are full.
    """

    def __init__(self, most: int = MAX_BUCKETS) -> None:
        self._most = most
        self._buckets: dict[str, Bucket] = {}
        self._search_at = FEW_BUCKETS

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, client: str, rate: Rate, now: float) -> float:
        """Take a token from a client's bucket; see `Bucket.take`."""
        return self._of(client, now).take(rate, now)

    def charge(self, client: str, rate: Rate, tokens: float, now: float) -> float:
        """Take tokens from a client's bucket; see `Bucket.charge`."""
        return self._of(client, now).charge(rate, tokens, now)

    def _of(self, client: str, now: float) -> Bucket:
        bucket = self._buckets.get(client)
        if bucket is None:
            if len(self._buckets) >= min(self._search_at, self._most):
                self._forget(now)
            bucket = self._buckets[client] = Bucket()
        return bucket

    def _forget(self, now: float) -> None:
        """Forget the full buckets, and the older half of the others if they are too many."""
        kept = {client: one for client, one in self._buckets.items() if one.full_at > now}
        if len(kept) >= self._most:
            kept = dict(islice(kept.items(), len(kept) // 2, None))
        self._buckets = kept
        self._search_at = max(FEW_BUCKETS, 2 * len(kept))
