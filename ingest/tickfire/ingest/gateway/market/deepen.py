"""The schema mbp-10 of the simulated market: its quotes, with nine more levels on each side."""

from __future__ import annotations

from typing import Final

import numpy as np

from tickfire.ingest.dbn.file import aligned
from tickfire.ingest.dbn.layout import RTYPE_MBP_1, SIZE_MBP_10
from tickfire.ingest.gateway.market.deepen_kernel import deepen
from tickfire.ingest.gateway.market.simulation import tick_size
from tickfire.ingest.gateway.market.universe import Listing
from tickfire.ingest.gateway.segment import Segment, survey_chunk

ORDERS_PER_LEVEL: Final = 12
"""Typical number of orders at a price."""


class Deepener:
    """Maker of MBP-10 records.

    The levels below the top have a size for each price, which changes every few seconds.

    Parameters
    ----------
    listings : list of Listing
        Instruments with consecutive ids.
    """

    def __init__(self, listings: list[Listing]) -> None:
        self._first_id = listings[0].instrument_id
        self._kinds = np.array(
            [
                (
                    tick_size(listing.kind),
                    listing.kind.depth,
                    max(1, listing.kind.depth // ORDERS_PER_LEVEL),
                )
                for listing in listings
            ],
            np.int64,
        )

    def deepened(self, segment: Segment) -> Segment:
        """Return a segment in which each change of a quote is followed by an MBP-10 record."""
        quotes = int(np.count_nonzero(segment.rtypes == RTYPE_MBP_1))
        size = int(segment.offsets[-1] - segment.offsets[0])
        out = aligned(size + quotes * SIZE_MBP_10)
        written = deepen(
            segment.data.view(np.int64),
            segment.offsets,
            segment.rtypes,
            self._kinds,
            self._first_id,
            out.view(np.int64),
        )
        return survey_chunk(out[: 8 * written])
