"""`Conflated`: what a slow client got merged, and the ``status`` events that tell it so. Pure."""

from __future__ import annotations

from typing import Any, Final

from tickfire.server.market.ticks.positions import WireId

SLOW: Final = "slow"
BANDWIDTH: Final = "bandwidth"


class Conflated:
    """The part of a topic that a slow client gets merged, from when it was too far behind.

    Parameters
    ----------
    since_ms : int
        Time at which it begins, in ms since the Unix epoch.
    begin : WireId
        The last ticks before it.
    cause : str
        ``slow``, or ``bandwidth`` if the client reads, but may not be sent more.
    """

    def __init__(self, since_ms: int, begin: WireId, cause: str = SLOW) -> None:
        self._since_ms = since_ms
        self._cause = cause
        self._begin = begin
        self._end = begin
        self._merged = 0

    def go_on(self, merged: int, end: WireId) -> dict[str, Any]:
        """Return the ``status`` before more ticks, which stand for all up to an id.

        Parameters
        ----------
        merged : int
            Trades among them that have no tick of their own.
        end : WireId
        """
        self._merged += merged
        self._end = end
        return self._status("conflated")

    def finish(self) -> dict[str, Any]:
        """Return the ``status`` before ticks that are not merged."""
        return self._status("live")

    def _status(self, state: str) -> dict[str, Any]:
        return {
            "state": state,
            "cause": self._cause,
            "since": self._since_ms,
            "merged": self._merged,
            "from": str(self._begin),
            "to": str(self._end),
        }
