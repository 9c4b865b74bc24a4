"""Records that models publish, in the streams ``signals`` and ``{news}:sentiment``.

docs/formats.md describes them.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from tickfire.store.schema import SENTIMENT_KEY as SENTIMENT_KEY
from tickfire.store.schema import SIGNALS_KEY as SIGNALS_KEY

POSITIONS_KEY: Final = b"{signals}:positions"
"""Hash of how far `tickfire infer` has read each stream; in the slot of ``signals``."""
SIGNALS_WRITER_KEY: Final = b"{signals}:writer"
"""Hash of `tickfire.store.fenced`, for signals and positions."""
SENTIMENT_WRITER_KEY: Final = b"{news}:sentiment:writer"
"""Hash of `tickfire.store.fenced`, for sentiments."""

EVENTS: Final = ("anomaly", "pattern", "signal")
"""Kinds of a `Signal`, which are also the names of the events on the wire."""


class Signal(msgspec.Struct, frozen=True, tag=False):
    """One entry of stream ``signals`` (field ``d``, msgpack), version 1.

    Attributes
    ----------
    event : str
        One of `EVENTS`.
    symbol : str
    at : int
        Time of the tick or of the end of the bar, ns since the Unix epoch, by the feed's clock.
    detail : dict
        Payload, of JSON values. Clients get its items together with ``symbol``, ``timestamp`` and
        ``id``.
    model : str
        Name and version of the model, such as ``"anomaly/1"``.
    n : int
        Position of the newest tick that it depends on, 0 if there is none.
    id : str
        Its id, which `tickfire.models.infer.identity` makes when it is published: the same if it is
        made again. Empty in entries of earlier releases.
    """

    event: str
    symbol: str
    at: int
    detail: dict[str, Any]
    model: str = ""
    n: int = 0
    version: int = 1
    id: str = ""


class Sentiment(msgspec.Struct, frozen=True, tag=False):
    """One entry of stream ``{news}:sentiment`` (field ``d``, msgpack), version 1.

    Attributes
    ----------
    headline : str
        The headline's id.
    label : str
        The most probable of ``"bearish"``, ``"neutral"`` and ``"bullish"``.
    probabilities : tuple of 3 floats
        Of these labels, in this order; their sum is 1.
    abstained : bool
        True if the model is too unsure for the label to be acted on.
    words : tuple of (str, float)
        The words that contributed most to the label, with their contributions (logits).
    symbols : tuple of str
        Symbols of the headline: those given by the feed, then those found in the text.
    model : str
        Name and version.
    """

    headline: str
    label: str
    probabilities: tuple[float, float, float]
    abstained: bool
    words: tuple[tuple[str, float], ...] = ()
    symbols: tuple[str, ...] = ()
    model: str = ""
    version: int = 1
