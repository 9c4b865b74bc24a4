"""What models publish: the structs of the streams ``signals`` and ``{news}:sentiment``.

docs/formats.md explains them.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

SIGNALS_KEY: Final = b"signals"
POSITIONS_KEY: Final = b"{signals}:positions"
"""Hash: how far `tickfire infer` has read each stream; in the slot of ``signals``."""
SENTIMENT_KEY: Final = b"{news}:sentiment"
"""In the slot of ``news``; an entry has the id of the headline's own entry."""

EVENTS: Final = ("anomaly", "pattern", "signal")
"""What a `Signal` may be; also the names of the events on the wire."""


class Signal(msgspec.Struct, frozen=True, tag=False):
    """One entry of stream ``signals`` (field ``d``, msgpack), version 1.

    Attributes
    ----------
    event : str
        One of `EVENTS`.
    symbol : str
    at : int
        ns since the Unix epoch, by the feed's clock: of the tick, or of the end of the bar.
    detail : dict
        What the model says; JSON values. Clients get its items beside ``symbol``, ``timestamp``
        and ``id``.
    model : str
        Which model says so, and of which version: ``"anomaly/1"``.
    n : int
        Position of the newest tick that it rests on, 0 if it rests on none.
    """

    event: str
    symbol: str
    at: int
    detail: dict[str, Any]
    model: str = ""
    n: int = 0
    version: int = 1


class Sentiment(msgspec.Struct, frozen=True, tag=False):
    """One entry of stream ``{news}:sentiment`` (field ``d``, msgpack), version 1.

    Attributes
    ----------
    headline : str
        The headline's id.
    label : str
        ``"bearish"``, ``"neutral"`` or ``"bullish"``: the most probable.
    probabilities : tuple of 3 floats
        In that order; their sum is 1.
    abstained : bool
        The model is not sure enough: the label is not to be acted on.
    words : tuple of (str, float)
        The words that spoke most for the label, with their weight in it (logits).
    symbols : tuple of str
        What the headline is about: the feed's own symbols first, then those found in the text.
    model : str
    """

    headline: str
    label: str
    probabilities: tuple[float, float, float]
    abstained: bool
    words: tuple[tuple[str, float], ...] = ()
    symbols: tuple[str, ...] = ()
    model: str = ""
    version: int = 1
