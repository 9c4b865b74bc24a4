"""Bars of the market for pictures: those that a join of ``candles:`` replies with."""

from __future__ import annotations

import numpy as np

from tickfire.base.units import NS_PER_MS
from tickfire.render import Bars
from tickfire.server.market.candles import tracks
from tickfire.server.market.candles.series import CLOSE, OPEN, START, VOLUME
from tickfire.server.market.epoch.live import LiveMarket
from tickfire.server.market.ticks.source import Listing
from tickfire.server.pictures.params import MAX_BARS
from tickfire.store.schema import INTERVALS_S


def bars_of(live: LiveMarket, listing: Listing, interval: str) -> Bars:
    """Return the newest bars of an instrument, as many as are kept, and the running one."""
    track = live.data.instruments.track(listing)
    rows = tracks.history(live.data.candles, track, INTERVALS_S[interval], MAX_BARS)
    return Bars(
        rows[:, START] // NS_PER_MS,
        rows[:, OPEN : CLOSE + 1].copy(),
        rows[:, VOLUME].astype(np.float64),
        max(listing.instrument.tick_size, 0),
    )
