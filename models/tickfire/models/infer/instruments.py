"""`Instruments`: the table of instruments for models, by time.

An id may stand for one symbol today and for another tomorrow, and a symbol may move from id to id.
Models learn by symbol.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from tickfire.base.calendar.hours import TradingHours
from tickfire.base.calendar.sessions import Sessions
from tickfire.models.artifact import SHIPPED
from tickfire.store.mappings import Mappings
from tickfire.store.schema import Instrument
from tickfire.store.symbols import lowest_feeds, name_of

__all__ = ["Instruments", "SeriesKey"]


class SeriesKey(NamedTuple):
    """Key of a series: a symbol of a feed, under all the ids that it has had.

    Attributes
    ----------
    feed : int
    symbol : str
    """

    feed: int
    symbol: str


class Instruments:
    """The instrument table, for models.

    Parameters
    ----------
    rows : iterable of Instrument
    artifacts : Path
        Folder of the models' artifacts.
    sessions : Sessions, optional
        The trading hours of the instruments; by default those of their venues.

    Attributes
    ----------
    mappings : Mappings
        The table; replaced while the process runs.
    """

    def __init__(
        self,
        rows: Iterable[Instrument] = (),
        artifacts: Path = SHIPPED,
        sessions: Sessions | None = None,
    ) -> None:
        self._artifacts = artifacts
        self._sessions = sessions or Sessions()
        self.replace(rows)

    def artifact(self, name: str) -> Path:
        """Return the path of an artifact's manifest: in the folder, or the one that ships."""
        path = self._artifacts / f"{name}.json"
        return path if path.exists() else SHIPPED / path.name

    def replace(self, rows: Iterable[Instrument]) -> None:
        """Replace the table."""
        self.mappings = Mappings(rows)
        self._lowest = lowest_feeds(self.mappings)

    def series(self, feed: int, instrument_id: int, ts: int) -> SeriesKey:
        """Return the series that an id belongs to at a time (ns)."""
        return SeriesKey(feed, self.mappings.named(feed, instrument_id, ts).symbol)

    def hours(self, feed: int, instrument_id: int, ts: int) -> TradingHours:
        """Return the trading hours of the symbol that an id stands for at a time (ns)."""
        row = self.mappings.named(feed, instrument_id, ts)
        return self._sessions.of(row.dataset, row.symbol)

    def name(self, series: SeriesKey) -> str:
        """Return the symbol of a series as clients know it."""
        return name_of(series, self._lowest)

    def symbol(self, feed: int, instrument_id: int, ts: int) -> str:
        """Return the symbol of an instrument at a time (ns), as clients know it."""
        return self.name(self.series(feed, instrument_id, ts))
