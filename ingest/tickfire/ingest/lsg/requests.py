"""Requests of a client, as a gateway reads them: session options and subscriptions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from tickfire.ingest.dbn.enums import SCHEMA_RTYPES, STYPES
from tickfire.ingest.lsg.lines import ALL_SYMBOLS

DEFAULT_HEARTBEAT_S: Final = 30
MIN_HEARTBEAT_S: Final = 5
MAX_HEARTBEAT_S: Final = 1800
MAX_DATASET_LENGTH: Final = 15

_SLOW_READER_BEHAVIORS: Final = ("warn", "skip")


class RequestError(ValueError):
    """A request that cannot be met; the text is for the client."""


class SessionOptions(msgspec.Struct, frozen=True):
    """Options of a session, from the client's authentication line.

    Attributes
    ----------
    dataset : str
    ts_out : bool
        True to append the time of sending to every record.
    heartbeat_s : int
        The longest silence, in seconds.
    skip_when_slow : bool
        True to skip the records that a slow client misses, instead of only warning it.
    client : str
        The name and version that the client gives itself.
    """

    dataset: str
    ts_out: bool = False
    heartbeat_s: int = DEFAULT_HEARTBEAT_S
    skip_when_slow: bool = False
    client: str = ""


class GatewaySubscription(msgspec.Struct, frozen=True):
    """A subscription line, as a gateway reads it.

    Attributes
    ----------
    schema, stype_in : str
        The schema of the data, and the type of the symbols.
    symbols : tuple of str or None
        None selects all.
    start : int or None
        ns since the Unix epoch: the earliest event time to send.
    snapshot : bool
        True to begin with a snapshot of the order book.
    id : str
        The client's own; a long list of symbols comes in several lines with one id.
    is_last : bool
        True if this is the last line with its id.
    paced_from : int or None
        ns since the Unix epoch: the recorded time up to which a replay is sent without delay.
    """

    schema: str
    stype_in: str = "raw_symbol"
    symbols: tuple[str, ...] | None = None
    start: int | None = None
    snapshot: bool = False
    id: str = ""
    is_last: bool = True
    paced_from: int | None = None


def parse_options(fields: Mapping[str, str]) -> SessionOptions:
    """Return the options in an authentication line.

    Raises
    ------
    RequestError
        If the dataset is missing, or an option is not supported by this gateway.
    """
    dataset = fields.get("dataset", "")
    if not 1 <= len(dataset) <= MAX_DATASET_LENGTH or not dataset.isascii():
        raise RequestError("A dataset is required.")
    _one_of(fields, "encoding", ("dbn",))
    _one_of(fields, "compression", ("none",))
    return SessionOptions(
        dataset=dataset,
        ts_out=_flag(fields, "ts_out"),
        heartbeat_s=_heartbeat(fields.get("heartbeat_interval_s", "")),
        skip_when_slow=_one_of(fields, "slow_reader_behavior", _SLOW_READER_BEHAVIORS) == "skip",
        client=fields.get("client", ""),
    )


def parse_subscription(fields: Mapping[str, str]) -> GatewaySubscription:
    """Return the subscription in a subscription line.

    Raises
    ------
    RequestError
        If the schema, symbol type or time is not valid, or there is no symbol.
    """
    schema = fields["schema"].lower()
    if schema not in SCHEMA_RTYPES:
        raise RequestError(f"Unknown schema '{schema}'.")
    snapshot = _flag(fields, "snapshot")
    if snapshot and schema != "mbo":
        raise RequestError("A snapshot is available for the schema mbo only.")
    start = _time(fields, "start")
    if snapshot and start is not None:
        raise RequestError("A subscription with a snapshot cannot have a start.")
    return GatewaySubscription(
        schema=schema,
        stype_in=_one_of(fields, "stype_in", ("raw_symbol", *STYPES)),
        symbols=_symbols(fields.get("symbols", "")),
        start=start,
        paced_from=_time(fields, "paced_from"),
        snapshot=snapshot,
        id=fields.get("id", ""),
        is_last=_flag(fields, "is_last", default=True),
    )


def _one_of(fields: Mapping[str, str], name: str, known: tuple[str, ...]) -> str:
    value = fields.get(name, known[0]).lower()
    if value not in known:
        raise RequestError(f"Unknown {name} '{value}'; known: {', '.join(dict.fromkeys(known))}.")
    return value


def _flag(fields: Mapping[str, str], name: str, *, default: bool = False) -> bool:
    value = fields.get(name, "")
    if value not in ("", "0", "1"):
        raise RequestError(f"{name} is 0 or 1, not '{value}'.")
    return value == "1" if value else default


def _heartbeat(text: str) -> int:
    if not text:
        return DEFAULT_HEARTBEAT_S
    if not _is_number(text) or not MIN_HEARTBEAT_S <= int(text) <= MAX_HEARTBEAT_S:
        raise RequestError(
            f"heartbeat_interval_s is {MIN_HEARTBEAT_S} to {MAX_HEARTBEAT_S}, not '{text}'."
        )
    return int(text)


def _time(fields: Mapping[str, str], name: str) -> int | None:
    text = fields.get(name, "")
    if not text:
        return None
    if not _is_number(text) or int(text) >= 1 << 63:
        raise RequestError(f"{name} is a time in ns since the Unix epoch, not '{text}'.")
    return int(text)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 20


def _symbols(text: str) -> tuple[str, ...] | None:
    symbols = tuple(filter(None, map(str.strip, text.split(","))))
    if not symbols:
        raise RequestError("A subscription needs symbols, or ALL_SYMBOLS.")
    return None if ALL_SYMBOLS in map(str.upper, symbols) else symbols
