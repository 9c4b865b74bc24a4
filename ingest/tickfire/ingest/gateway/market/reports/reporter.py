"""Reporter of the simulated market: statistics, status and imbalance records."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from tickfire.ingest.gateway.market.halts import Halts
from tickfire.ingest.gateway.market.parameters import LATENCY_NS
from tickfire.ingest.gateway.market.reports.auctions import Auctions
from tickfire.ingest.gateway.market.reports.records import NO_REPORTS
from tickfire.ingest.gateway.market.reports.statistics import SessionStatistics
from tickfire.ingest.gateway.market.reports.statuses import Statuses
from tickfire.ingest.gateway.market.universe import Listing
from tickfire.ingest.gateway.segment import Segment

_LATENCY_NS: Final = int(LATENCY_NS)


class Reporter:
    """The source of statistics, status and imbalance records.

    Parameters
    ----------
    listings : list of Listing
    halts : Halts
    seed : int

    Attributes
    ----------
    has_begun : bool
        True once the first records were told.
    """

    def __init__(self, listings: list[Listing], halts: Halts, seed: int) -> None:
        self._halts = halts
        self._statistics = SessionStatistics(listings, seed)
        self._statuses = Statuses(listings)
        self._auctions = Auctions(listings, seed)
        self.has_begun = False

    def told_at(self, ns: int, received: int) -> NDArray[np.uint8]:
        """Return the records of what happens at a time by the clock.

        Parameters
        ----------
        ns : int
            ns since the Unix epoch. To be called at the beginning and at every full second.
        received : int
            The receive time of the last record before.

        Returns
        -------
        uint8[n]
            Records of DBN version 3.
        """
        received = max(received, ns + _LATENCY_NS)
        halt = self._halts.at(ns)
        parts = [self._statistics.begin_session(ns, received)]
        changes = self._statuses.follow(halt, ns, received)
        parts.append(changes if self.has_begun else self._statuses.present(ns, received))
        self.has_begun = True
        parts.append(self._auctions.told_at(ns, received, self._statistics.last, halt))
        return np.concatenate(parts)

    def after_trades(self, segment: Segment) -> NDArray[np.uint8]:
        """Return the records of what the trades of a segment have changed."""
        return self._statistics.after_trades(segment)

    def present(self, ns: int) -> NDArray[np.uint8]:
        """Return records of the present statistics and statuses, as if told at a time.

        Before the beginning there are none.
        """
        if not self.has_begun:
            return NO_REPORTS
        return np.concatenate([self._statistics.present(ns, ns), self._statuses.present(ns, ns)])
