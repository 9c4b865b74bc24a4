"""Clients of signals and headlines, which are numbered: each comes once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tests.support.chaos.followers import Follower
from tests.support.chaos.numbered import EVERY, NumberedModel


class SignalFollower(Follower):
    """A client of signals, of which those of `NumberedModel` are numbered.

    Attributes
    ----------
    numbers : dict of str to int
        The number of the last signal of each symbol.
    missing, repeated : int
        Signals that never came, and that came twice: under two ids, or in one connection.
    """

    def __init__(self, port: int, topic: str, seed: int) -> None:
        super().__init__(port, topic, seed)
        self.numbers: dict[str, int] = {}
        self.missing = self.repeated = 0
        self._ids: set[str] = set()
        self._told: set[str] = set()
        """The ids that came in this connection."""

    def take_reply(self, response: Any) -> None:
        """Take the newest signals of a join reply, of which some may be known."""
        self._told = set()
        for signal in response["signals"]:
            self._tell(signal)

    def take(self, event: str, payload: Any) -> None:
        """Take a signal.

        It may be known from an earlier connection, if Redis lost it and the worker is a new one.
        """
        self.repeated += payload["id"] in self._told
        self._tell(payload)

    def _tell(self, signal: Any) -> None:
        self._told.add(signal["id"])
        if signal["id"] not in self._ids:
            self._take(signal)

    def _take(self, signal: Any) -> None:
        self._ids.add(signal["id"])
        if signal["model"] != NumberedModel.name:
            return
        symbol, number = signal["symbol"], signal["number"]
        last = self.numbers.setdefault(symbol, number - 1)
        self.missing += max(0, number - last - 1)
        self.repeated += number <= last
        self.numbers[symbol] = max(last, number)

    def has(self, trades: dict[str, int]) -> bool:
        """Return whether it has come as far as some numbers of trades."""
        return all(
            self.numbers.get(symbol, 0) >= number // EVERY
            for symbol, number in trades.items()
            if self.topic in ("signals:all", f"signals:{symbol}")
        )


class NewsFollower(Follower):
    """A client of the simulated newswire, whose headlines are numbered.

    Attributes
    ----------
    numbers : set of int
        The headlines that have come.
    scored : set of int
        Those whose sentiment has.
    repeated : int
        Headlines that came twice without a sentiment, or with one.
    """

    def __init__(self, port: int, topic: str, seed: int) -> None:
        super().__init__(port, topic, seed)
        self.numbers: set[int] = set()
        self.scored: set[int] = set()
        self.repeated = 0

    @property
    def missing(self) -> int:
        """The number of headlines that never came."""
        return max(self.numbers, default=-1) - min(self.numbers, default=0) + 1 - len(self.numbers)

    def take_reply(self, response: Any) -> None:
        """Take the newest headlines of a join reply, of which some may be known."""
        self._take(response["headlines"])

    def take(self, event: str, payload: Any) -> None:
        """Take a headline, which comes again with its sentiment if that is late."""
        number = number_of(payload["id"])
        known = self.numbers if payload["sentiment"] is None else self.scored
        self.repeated += number in known
        self._take([payload])

    def _take(self, headlines: Iterable[Any]) -> None:
        for headline in headlines:
            number = number_of(headline["id"])
            self.numbers.add(number)
            if headline["sentiment"] is not None:
                self.scored.add(number)


def number_of(headline_id: str) -> int:
    """Return the number of a simulated headline."""
    return int(headline_id.rpartition("-")[2])
