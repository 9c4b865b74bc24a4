"""The market as the schema mbp-1 has it: trades among the changes of the book."""

from __future__ import annotations

import numpy as np

from tickfire.ingest.dbn.file import aligned
from tickfire.ingest.dbn.layout import RTYPE_TRADE, SIZE_MBP_1, SIZE_TRADE, UNDEF_PRICE
from tickfire.ingest.gateway.market.universe import Listing
from tickfire.ingest.gateway.market.widen_kernel import BOOK_WORDS, widen
from tickfire.ingest.gateway.segment import Segment, survey_chunk


class Widener:
    """Turns trades into MBP-1 records with action T, which bear the book that they met.

    Parameters
    ----------
    listings : list of Listing
        Their ids are consecutive.
    """

    def __init__(self, listings: list[Listing]) -> None:
        self._first_id = listings[0].instrument_id
        self._books = np.zeros((len(listings), BOOK_WORDS), np.int64)
        self._books[:, :2] = UNDEF_PRICE

    def widened(self, segment: Segment) -> Segment:
        """Return a segment of the market with its trades as MBP-1; segments come in order."""
        trades = int(np.count_nonzero(segment.rtypes == RTYPE_TRADE))
        size = int(segment.offsets[-1] - segment.offsets[0]) + trades * (SIZE_MBP_1 - SIZE_TRADE)
        out = aligned(size)
        widen(
            segment.data.view(np.int64),
            segment.offsets,
            segment.rtypes,
            self._books,
            self._first_id,
            out.view(np.int64),
        )
        return survey_chunk(out)
