"""Pages of bars that are kept: always those of the candles as they are, and encoded once."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.feeds import feeds
from tests.support.publisher import SECOND, tick, trades
from tickfire.ingest.kernel.state import InstrumentStates
from tickfire.server.market.candles import pages as pages_module
from tickfire.server.market.candles import tracks
from tickfire.server.market.candles.candles import Candles
from tickfire.server.market.candles.json import bars_as_json
from tickfire.server.market.candles.pages import BarPage, BarPages
from tickfire.server.market.candles.tracks import Span
from tickfire.store.mappings import EVER
from tickfire.store.schema import DAY_S

TRACK = (Span(0, 0, EVER),)


def nothing_older(track: Any, interval_s: int, bars: Any) -> bool:
    return False


class Encodings:
    """The number of pages that were encoded."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.count = 0
        patch.setattr(pages_module, "bars_as_json", self._encode)

    def _encode(self, bars: Any) -> Any:
        self.count += 1
        return bars_as_json(bars)


@settings(max_examples=30)
@given(feeds(), st.data())
def test_a_page_is_that_of_the_candles_as_they_are(ticks: Any, data: st.DataObject) -> None:
    states = InstrumentStates()
    candles, at = Candles(states), 0
    pages = BarPages(candles, nothing_older)
    while at < len(ticks):
        count = data.draw(st.integers(1, len(ticks) - at))
        candles.take(states.fold(ticks[at : at + count], at + 1))
        at += count
        if data.draw(st.booleans()):
            latest = int(ticks["ts_event"][:at].max())
            candles.take(states.close(latest + data.draw(st.integers(0, 100)) * SECOND))
        if not len(states.rows):
            continue
        for interval_s in (1, 60, DAY_S):
            limit = data.draw(st.integers(1, 3))
            bars = tracks.history(candles, TRACK, interval_s, limit)
            assert pages.newest(TRACK, interval_s, limit) == BarPage.of(bars, more=False)


def test_a_page_is_encoded_once_until_its_instrument_trades(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    states = InstrumentStates()
    candles = Candles(states)
    candles.take(states.fold(trades(50, step=SECOND), 1))
    pages, encodings = BarPages(candles, nothing_older), Encodings(monkeypatch)
    first = pages.newest(TRACK, 1, 10)
    assert pages.newest(TRACK, 1, 10) is first
    assert encodings.count == 1
    candles.take(states.fold(trades(5, instrument=2, step=SECOND), 51))
    assert pages.newest(TRACK, 1, 10) is first
    candles.take(states.fold(tick(at=int(states.rows["last_ts"][0])), 56))
    assert pages.newest(TRACK, 1, 10) is not first
    assert encodings.count == 2


def test_the_bytes_kept_are_bounded() -> None:
    states = InstrumentStates()
    candles = Candles(states)
    candles.take(states.fold(trades(50, step=SECOND), 1))
    pages = BarPages(candles, nothing_older, max_bytes=1_000)
    kept = [pages.newest(TRACK, 1, limit) for limit in (1, 2, 3, 50)]
    assert pages.newest(TRACK, 1, 50) is not kept[-1]
    few = pages.newest(TRACK, 1, 2)
    assert pages.newest(TRACK, 1, 2) is few
