"""The schema mbp-10 of the simulated market."""

from __future__ import annotations

import numpy as np

from tests.support.dbn import decoded_by_databento
from tests.support.gateway import S
from tests.support.simulation import NOON, run
from tickfire.ingest.dbn.layout import ACTION_TRADE, RTYPE_MBP_1, RTYPE_MBP_10
from tickfire.ingest.dbn.metadata import Metadata
from tickfire.ingest.dbn.records import MBP_1, MBP_10
from tickfire.ingest.gateway.market.deepen import Deepener
from tickfire.ingest.gateway.market.simulation import Simulation, tick_size
from tickfire.ingest.gateway.market.universe import listings
from tickfire.ingest.gateway.market.widen import Widener
from tickfire.ingest.gateway.segment import survey_chunk
from tickfire.store.schema import BOOK_DEPTH


def test_each_change_of_a_quote_has_the_levels_below_it() -> None:
    listed = listings(16, 1, NOON)
    market = survey_chunk(np.frombuffer(run(Simulation(1, NOON), NOON + 2 * S), np.uint8).copy())
    segment = Deepener(listed).deepened(Widener(listed).widened(market))

    def records(rtype: int) -> bytes:
        return bytes(segment.selected(segment.rtypes == rtype, 0, len(segment)))

    tops, deep = (
        np.frombuffer(records(RTYPE_MBP_1), MBP_1),
        np.frombuffer(records(RTYPE_MBP_10), MBP_10),
    )
    tops = tops[tops["action"] != ACTION_TRADE]
    assert len(deep) == len(tops) > 100
    for name in MBP_1.names or ():
        if name not in ("length", "rtype"):
            assert np.array_equal(deep[name], tops[name]), name
    ticks = {listing.instrument_id: tick_size(listing.kind) for listing in listed}
    steps = np.array([ticks[number] for number in deep["instrument_id"].tolist()])
    for level in range(1, BOOK_DEPTH):
        below, above = deep[f"bid_px_{level:02d}"], deep[f"ask_px_{level:02d}"]
        assert np.array_equal(below, deep["bid_px_00"] - level * steps)
        assert np.array_equal(above, deep["ask_px_00"] + level * steps)
        for side in ("bid", "ask"):
            assert (deep[f"{side}_sz_{level:02d}"] >= deep[f"{side}_ct_{level:02d}"]).all()
            assert (deep[f"{side}_ct_{level:02d}"] > 0).all()
    data = Metadata("TEST", "mbp-10", NOON).encode() + deep.tobytes()
    assert len(decoded_by_databento(data)) == len(deep) + 1
