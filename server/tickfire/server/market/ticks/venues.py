"""The venues of Databento's datasets, and the time zones in which they state their hours.

From Databento's list of venues and datasets; the zones are names of the IANA database.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple


class Venue(NamedTuple):
    """A venue: its name, and its time zone."""

    name: str
    time_zone: str


VENUES: Final[Mapping[str, Venue]] = {
    "GLBX.MDP3": Venue("CME Globex", "America/Chicago"),
    "XNAS.ITCH": Venue("Nasdaq", "America/New_York"),
    "XNAS.BASIC": Venue("Nasdaq", "America/New_York"),
    "XNYS.PILLAR": Venue("New York Stock Exchange", "America/New_York"),
    "ARCX.PILLAR": Venue("NYSE Arca", "America/New_York"),
    "IFUS.IMPACT": Venue("ICE Futures US", "America/New_York"),
    "IFEU.IMPACT": Venue("ICE Futures Europe", "Europe/London"),
    "XEUR.EOBI": Venue("Eurex", "Europe/Berlin"),
}
