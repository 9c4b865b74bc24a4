"""The venues of Databento's datasets, and their usual trading hours.

From Databento's list of venues and datasets and the venues' own calendars. Hours are those in which
data may come: of US equities, with the sessions before and after the regular one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final, NamedTuple

from tickfire.base.calendar.hours import TradingHours


class Venue(NamedTuple):
    """A venue: its name, and its trading hours."""

    name: str
    hours: TradingHours

    @property
    def time_zone(self) -> str:
        """The zone in which the venue states its hours."""
        return self.hours.time_zone


_CME: Final = TradingHours.parse("cme")
_EQUITIES: Final = TradingHours.parse("us-equities-extended")
_OPTIONS: Final = replace(
    TradingHours.parse("America/New_York 09:30-16:15 Mon-Fri"), half_day=13 * 60 + 15
)

VENUES: Final[Mapping[str, Venue]] = {
    "GLBX.MDP3": Venue("CME Globex", _CME),
    "XCBF.PITCH": Venue("Cboe Futures Exchange", _CME),
    "XNAS.ITCH": Venue("Nasdaq", _EQUITIES),
    "XNAS.BASIC": Venue("Nasdaq", _EQUITIES),
    "XNAS.NLS": Venue("Nasdaq", _EQUITIES),
    "XNAS.QBBO": Venue("Nasdaq", _EQUITIES),
    "XBOS.ITCH": Venue("Nasdaq Texas", _EQUITIES),
    "XPSX.ITCH": Venue("Nasdaq PSX", _EQUITIES),
    "XNYS.PILLAR": Venue("New York Stock Exchange", _EQUITIES),
    "XNYS.BBO": Venue("New York Stock Exchange", _EQUITIES),
    "XNYS.TRADES": Venue("New York Stock Exchange", _EQUITIES),
    "XNYS.TRADESBBO": Venue("New York Stock Exchange", _EQUITIES),
    "ARCX.PILLAR": Venue("NYSE Arca", _EQUITIES),
    "XASE.PILLAR": Venue("NYSE American", _EQUITIES),
    "XCHI.PILLAR": Venue("NYSE Texas", _EQUITIES),
    "XCIS.PILLAR": Venue("NYSE National", _EQUITIES),
    "XCIS.TRADESBBO": Venue("NYSE National", _EQUITIES),
    "BATS.PITCH": Venue("Cboe BZX", _EQUITIES),
    "BATY.PITCH": Venue("Cboe BYX", _EQUITIES),
    "EDGA.PITCH": Venue("Cboe EDGA", _EQUITIES),
    "EDGX.PITCH": Venue("Cboe EDGX", _EQUITIES),
    "IEXG.TOPS": Venue("IEX", _EQUITIES),
    "EPRL.DOM": Venue("MIAX Pearl Equities", _EQUITIES),
    "MEMX.MEMOIR": Venue("MEMX", _EQUITIES),
    "DBEQ.BASIC": Venue("US equities", _EQUITIES),
    "EQUS.MINI": Venue("US equities", _EQUITIES),
    "EQUS.PLUS": Venue("US equities", _EQUITIES),
    "EQUS.SUMMARY": Venue("US equities", _EQUITIES),
    "EQUS.ALL": Venue("US equities", _EQUITIES),
    "OPRA.PILLAR": Venue("US options", _OPTIONS),
    "IFUS.IMPACT": Venue(
        "ICE Futures US", TradingHours.parse("America/New_York 20:00-18:00 Mon-Fri")
    ),
    "IFEU.IMPACT": Venue(
        "ICE Futures Europe", TradingHours.parse("Europe/London 01:00-23:00 Mon-Fri")
    ),
    "NDEX.IMPACT": Venue("ICE Endex", TradingHours.parse("Europe/Amsterdam 08:00-18:00 Mon-Fri")),
    "XEUR.EOBI": Venue("Eurex", TradingHours.parse("Europe/Berlin 01:00-22:00 Mon-Fri")),
    "XEEE.EOBI": Venue(
        "European Energy Exchange", TradingHours.parse("Europe/Berlin 08:00-18:00 Mon-Fri")
    ),
}
