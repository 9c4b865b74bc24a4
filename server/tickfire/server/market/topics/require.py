"""Conditions of joins: the epoch and the instrument that a topic needs."""

from __future__ import annotations

from tickfire.server.market.epoch.follower import EpochFollower
from tickfire.server.market.epoch.live import LiveEpoch
from tickfire.server.market.ticks.source import Listing
from tickfire.server.market.topics.params import refuse


def require_live(epochs: EpochFollower) -> LiveEpoch:
    """Return the current epoch.

    Raises
    ------
    JoinError
        There is none yet.
    """
    if epochs.live is None:
        raise refuse("no market data yet")
    return epochs.live


def require_listing(live: LiveEpoch, symbol: str) -> Listing:
    """Return the instrument that a symbol names.

    Raises
    ------
    JoinError
        There is no such instrument.
    """
    listing = live.data.instruments.find(symbol)
    if listing is None:
        raise refuse("unknown symbol")
    return listing
