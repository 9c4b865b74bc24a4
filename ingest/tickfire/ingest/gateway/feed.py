"""Interface of what a gateway session streams: a replayed file or the simulated market."""

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
    """The stream of records of one session.

    Attributes
    ----------
    selection : Selection
        The records that the session gets.
    has_ts_out : bool
        True if the records have a ``ts_out`` already.
    """

    selection: Selection
    has_ts_out: bool

    def metadata(self) -> Metadata:
        """Return the metadata that the stream begins with, as a live gateway would send it."""
        ...

    def now(self) -> int:
        """Return the feed's time, for control records, in ns since the Unix epoch."""
        ...

    def subscribe(self, subscription: GatewaySubscription, *, late: bool) -> list[ControlMsg]:
        """Add a subscription; return the control records that answer it.

        Parameters
        ----------
        subscription : GatewaySubscription
        late : bool
            True if the stream has begun; if so, the answer includes mappings of new instruments.
        """
        ...

    async def run(self, outlet: Outlet) -> None:
        """Stream until cancelled; the session ends if this returns.

        Raises
        ------
        ReaderTooSlowError
            If the data that waits for the client exceeds its limit.
        """
        ...


class ReaderTooSlowError(Exception):
    """A client is too far behind a feed that does not wait for it."""


def acknowledgement(subscription: GatewaySubscription, now: int) -> SystemMsg:
    """Return the acknowledgement of a subscription."""
    text = f"Subscription request {subscription.id} for {subscription.schema} data succeeded"
    return SystemMsg(text, SYSTEM_SUBSCRIPTION_ACK, now)


def unresolved(symbols: list[str], now: int) -> ErrorMsg:
    """Return the error that names symbols which could not be resolved."""
    named = ", ".join(symbols[:_NAMED_SYMBOLS])
    more = len(symbols) - _NAMED_SYMBOLS
    text = f"Failed to resolve symbols: {named}" + (f" and {more} more" if more > 0 else "")
    return ErrorMsg(text, ERROR_SYMBOL_RESOLUTION, now)


def skipped_text(count: int) -> str:
    """Return the text that tells a slow client how many records it missed."""
    return f"Skipped {count} records after slow reading"
