"""Parameters of joins, validated. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from tickfire.phoenix import JoinError
from tickfire.server.market.ticks.positions import WireId
from tickfire.store.schema import BINARY_HEADERS

MAX_SYMBOLS: Final = 1_000
DEFAULT_CANDLES: Final = 500
MAX_CANDLES: Final = 5_000
LATEST_MS: Final = 8_640_000_000_000_000
"""The latest time of a JavaScript Date."""
DEFAULT_HZ: Final = 10.0
LEAST_HZ: Final = 0.1
MOST_HZ: Final = 100


def refuse(reason: str) -> JoinError:
    """Return the error that refuses a join with a reason."""
    return JoinError({"reason": reason})


@dataclass(frozen=True, slots=True)
class MarketParams:
    """Parameters of the join of a market topic.

    Attributes
    ----------
    symbols : tuple of str or None
        The instruments to show, sorted and unique; None for all.
    binary : bool
        True to send packed TICKs instead of JSON.
    header : int
        The version of the header of packed TICKs.
    since : WireId or None
        The id after which to resume.
    max_hz : float or None
        The maximum number of writes a second, for which ticks are conflated; None sends all ticks.
    """

    symbols: tuple[str, ...] | None = None
    binary: bool = False
    header: int = 1
    since: WireId | None = None
    max_hz: float | None = None

    @classmethod
    def of(cls, payload: object) -> MarketParams:
        """Return the parameters in the payload of a join; null stands for an absent one.

        Raises
        ------
        JoinError
            A parameter is not valid.
        """
        params = params_of(payload)
        encoding, header = params.get("encoding"), params.get("header")
        if encoding not in (None, "json", "binary"):
            raise refuse('encoding must be "json" or "binary"')
        header = 1 if header is None else header
        if type(header) is not int or header not in BINARY_HEADERS:
            raise refuse("header must be the version of a binary header, 1 or 2")
        since = params.get("since")
        try:
            resume = None if since is None else WireId.parse(since)
        except ValueError as error:
            raise refuse(str(error)) from None
        symbols = _symbols(params.get("symbols"))
        return cls(symbols, encoding == "binary", header, resume, _max_hz(params))


def candle_limit(payload: object) -> int:
    """Return the number of candles that a join requests.

    Raises
    ------
    JoinError
        The limit is not valid.
    """
    limit = params_of(payload).get("limit")
    if limit is None:
        return DEFAULT_CANDLES
    if type(limit) is not int or not 0 < limit <= MAX_CANDLES:
        raise refuse(f"limit must be an integer from 1 to {MAX_CANDLES}")
    return limit


def candle_before(payload: object) -> int:
    """Return the time before which candles are requested, in ms since the Unix epoch.

    Raises
    ------
    JoinError
        The time is absent or not valid.
    """
    before = params_of(payload).get("before")
    if type(before) is not int or not 0 <= before <= LATEST_MS:
        raise refuse("before must be a time in milliseconds since 1970, as an integer")
    return before


def params_of(payload: object) -> dict[str, Any]:
    """Return the parameters in a payload, which may be null.

    Raises
    ------
    JoinError
        The payload is not an object.
    """
    if payload is None:
        return {}
    if not isinstance(payload, dict):
        raise refuse("the params must be an object")
    return payload


def _max_hz(params: dict[str, Any]) -> float | None:
    mode, max_hz = params.get("mode"), params.get("max_hz")
    if mode not in (None, "full", "merge"):
        raise refuse('mode must be "full" or "merge"')
    if max_hz is None:
        return DEFAULT_HZ if mode == "merge" else None
    if mode == "full":
        raise refuse('max_hz needs mode "merge"')
    if type(max_hz) not in (int, float) or not LEAST_HZ <= max_hz <= MOST_HZ:
        raise refuse(f"max_hz must be a number from {LEAST_HZ} to {MOST_HZ}")
    return float(max_hz)


def _symbols(given: object) -> tuple[str, ...] | None:
    if given is None:
        return None
    if not isinstance(given, list) or not given or len(given) > MAX_SYMBOLS:
        raise refuse(f"symbols must be an array of 1 to {MAX_SYMBOLS} symbols")
    if not all(isinstance(symbol, str) for symbol in given):
        raise refuse("symbols must be an array of strings")
    return tuple(sorted(set(given)))
