"""Conversion of the market's trades to the schema mbp-1, which has trades among its quotes."""

from __future__ import annotations

import numpy as np

from tickfire.base.units import UNDEF_PRICE
from tickfire.ingest.dbn.file import aligned
from tickfire.ingest.dbn.layout import RTYPE_TRADE, SIZE_MBP_1, SIZE_TRADE
from tickfire.ingest.gateway.market.universe import Listing
from tickfire.ingest.gateway.market.widen_kernel import TOP_WORDS, widen
from tickfire.ingest.gateway.segment import Segment, survey_chunk


class Widener:
    """Converter of trades to MBP-1 records with action T, which hold the top of book they met.

    Parameters
    ----------
    listings : list of Listing
        Instruments with consecutive ids.
    """

    def __init__(self, listings: list[Listing]) -> None:
        self._first_id = listings[0].instrument_id
        self._tops = np.zeros((len(listings), TOP_WORDS), np.int64)
        self._tops[:, :2] = UNDEF_PRICE

    def widened(self, segment: Segment) -> Segment:
        """Return a segment with its trades as MBP-1 records; segments must be passed in order."""
        trades = int(np.count_nonzero(segment.rtypes == RTYPE_TRADE))
        size = int(segment.offsets[-1] - segment.offsets[0]) + trades * (SIZE_MBP_1 - SIZE_TRADE)
        out = aligned(size)
        widen(
            segment.data.view(np.int64),
            segment.offsets,
            segment.rtypes,
            self._tops,
            self._first_id,
            out.view(np.int64),
        )
        return survey_chunk(out)
