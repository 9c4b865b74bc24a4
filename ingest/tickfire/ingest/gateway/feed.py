"""What a session streams: the interface of the replayed file and of the simulated market."""

from __future__ import annotations

from typing import Final, Protocol

from tickfire.ingest.dbn.control import ControlMsg, ErrorMsg, SystemMsg
from tickfire.ingest.dbn.layout import ERROR_SYMBOL_RESOLUTION, SYSTEM_SUBSCRIPTION_ACK
from tickfire.ingest.dbn.metadata import Metadata
from tickfire.ingest.gateway.outlet import Outlet
from tickfire.ingest.gateway.selection import Selection
from tickfire.ingest.lsg.requests import GatewaySubscription

SLOW_READER_TEXT: Final = "The client reads slower than the data comes"
_NAMED_SYMBOLS: Final = 5


class GatewayFeed(Protocol):
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

    def subscribe(self, subscription: GatewaySubscription, *, late: bool) -> list[ControlMsg]:
        """Take a subscription; return what the client is to be told.

        Parameters
        ----------
        subscription : GatewaySubscription
        late : bool
            The stream runs already: mappings of what is new are among the answer.
        """
        ...

    async def run(self, outlet: Outlet) -> None:
        """Stream until cancelled; to return is to end the session.

        Raises
        ------
        ReaderTooSlowError
            If what waits for the client grows beyond bounds.
        """
        ...


class ReaderTooSlowError(Exception):
    """A client fell too far behind a feed that does not wait."""


def acknowledgement(subscription: GatewaySubscription, now: int) -> SystemMsg:
    """Return what tells a client that its subscription was taken."""
    text = f"GatewaySubscription request {subscription.id} for {subscription.schema} data succeeded"
    return SystemMsg(text, SYSTEM_SUBSCRIPTION_ACK, now)


def unresolved(symbols: list[str], now: int) -> ErrorMsg:
    """Return what tells a client of symbols that mean nothing here."""
    named = ", ".join(symbols[:_NAMED_SYMBOLS])
    more = len(symbols) - _NAMED_SYMBOLS
    text = f"Failed to resolve symbols: {named}" + (f" and {more} more" if more > 0 else "")
    return ErrorMsg(text, ERROR_SYMBOL_RESOLUTION, now)


def skipped_text(count: int) -> str:
    """Return what tells a slow client how much it missed."""
    return f"Skipped {count} records after slow reading"
