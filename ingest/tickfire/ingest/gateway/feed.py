"""What a session streams: the interface of the replayed file and of the simulated market."""

from __future__ import annotations

from typing import Protocol

from tickfire.ingest.dbn.control import ControlMsg
from tickfire.ingest.dbn.metadata import Metadata
from tickfire.ingest.gateway.outlet import Outlet
from tickfire.ingest.gateway.selection import Selection
from tickfire.ingest.gateway.subscription import Subscription


class Feed(Protocol):
    """One session's stream of records; made for the session, ended with it.

    Attributes
    ----------
    selection : Selection
        What the session gets.
    has_ts_out : bool
        The records have a ``ts_out`` already.
    """

    selection: Selection
    has_ts_out: bool

    def metadata(self) -> Metadata:
        """Return what the session's stream begins with, as a live gateway would send it."""
        ...

    def now(self) -> int:
        """Return the time of the feed, ns since the Unix epoch: its control records bear it."""
        ...

    def subscribe(self, subscription: Subscription, *, late: bool) -> list[ControlMsg]:
        """Take a subscription; return what the client is to be told.

        Parameters
        ----------
        subscription : Subscription
        late : bool
            The stream runs already: mappings of what is new are among the answer.
        """
        ...

    async def run(self, outlet: Outlet) -> None:
        """Stream until cancelled, or until the client has to be given up.

        Raises
        ------
        ReaderTooSlowError
            If what waits for the client grows beyond bounds.
        """
        ...


class ReaderTooSlowError(Exception):
    """A client fell too far behind a feed that does not wait."""
