"""The columns of each path of the REST API: one table for JSON, CSV, Arrow and OpenAPI. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, NamedTuple


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of values.

    Attributes
    ----------
    schema : dict
        Its JSON schema.
    arrow : str
        Its type in Arrow: ``int64``, ``string`` or ``list<string>``.
    is_nested : bool
        True if CSV has the value as JSON text, since it is a list or an object.
    """

    schema: dict[str, Any]
    arrow: str
    is_nested: bool = False


INTEGER: Final = Kind({"type": "integer"}, "int64")
OPTIONAL_INTEGER: Final = Kind({"type": ["integer", "null"]}, "int64")
TEXT: Final = Kind({"type": "string"}, "string")
OPTIONAL_TEXT: Final = Kind({"type": ["string", "null"]}, "string")
DECIMAL: Final = Kind({"type": ["string", "null"], "pattern": r"^-?\d+(\.\d+)?$"}, "string")
TEXTS: Final = Kind({"type": "array", "items": {"type": "string"}}, "list<string>", True)
OBJECT: Final = Kind({"type": "object"}, "string", True)


class Column(NamedTuple):
    """A column of a page.

    Attributes
    ----------
    name : str
    kind : Kind
    about : str
    """

    name: str
    kind: Kind
    about: str


TIME: Final = "ms since the Unix epoch"

CANDLES: Final = (
    Column("time", INTEGER, f"start, {TIME}"),
    Column("open", DECIMAL, "price of the first trade"),
    Column("high", DECIMAL, "highest price"),
    Column("low", DECIMAL, "lowest price"),
    Column("close", DECIMAL, "price of the last trade"),
    Column("volume", INTEGER, "sum of the sizes of the trades"),
    Column("trades", OPTIONAL_INTEGER, "number of trades; null if it is not known"),
    Column("vwap", DECIMAL, "volume-weighted average price; null if it is not known"),
)
TICKS: Final = (
    Column("time", INTEGER, f"of the event at the venue, {TIME}"),
    Column("ts_event", TEXT, "the same in ns, which a JSON number could not hold"),
    Column("kind", TEXT, "trade, bid, ask or clear"),
    Column("price", DECIMAL, "null if there is none, as after the last bid has gone"),
    Column("size", INTEGER, "of the trade, or at the best price"),
    Column("side", OPTIONAL_TEXT, "aggressor of a trade: B, A or N"),
    Column("sequence", INTEGER, "assigned by the venue; 0 if it has none"),
    Column("epoch", TEXT, "epoch of the position, in hex"),
    Column("position", INTEGER, "number of the tick in its stream"),
)
NEWS: Final = (
    Column("published", INTEGER, TIME),
    Column("id", TEXT, "as its source has it"),
    Column("title", TEXT, "the headline"),
    Column("summary", TEXT, "may be empty"),
    Column("source", TEXT, "name of the news source"),
    Column("url", TEXT, "may be empty"),
    Column("symbols", TEXTS, "instruments that it is about"),
    Column("origin", TEXT, "live, replay or simulated"),
)
SIGNALS: Final = (
    Column("time", INTEGER, TIME),
    Column("symbol", TEXT, "the instrument"),
    Column("event", TEXT, "kind of signal"),
    Column("model", TEXT, "name of the model"),
    Column("position", INTEGER, "of the tick that the signal follows"),
    Column("detail", OBJECT, "depends on the event"),
    Column("id", TEXT, "as on the topics of signals"),
)
