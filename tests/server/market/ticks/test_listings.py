"""Instruments as clients are told of them."""

from __future__ import annotations

from tests.support.publisher import STREAM
from tickfire.server.market.ticks.source import Listing
from tickfire.store.schema import Instrument


def test_a_row_of_the_table_names_its_venue_if_that_is_known() -> None:
    known = Listing(0, STREAM, "ESU4", Instrument(1, 1, "ESU4", dataset="GLBX.MDP3")).as_json()
    assert (known["venue"], known["time_zone"]) == ("CME Globex", "America/Chicago")
    assert known["hours"] == {
        **{"time_zone": "UTC", "opens": 0, "closes": 1440},
        **{"days": (0, 1, 2, 3, 4, 5, 6), "holidays": []},
    }
    other = Listing(0, STREAM, "AAA", Instrument(1, 1, "AAA")).as_json()
    assert (other["venue"], other["time_zone"]) == (None, None)
