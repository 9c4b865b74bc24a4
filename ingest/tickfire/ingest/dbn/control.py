"""Codec of control records (symbol mappings, system and error messages), versions 1 to 3.

Version 1 has shorter symbols and texts, and no codes; versions 2 and 3 are alike.
"""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np

from tickfire.ingest.dbn.layout import (
    CODE_UNSET,
    DBN_VERSION,
    RTYPE_ERROR,
    RTYPE_SYMBOL_MAPPING,
    RTYPE_SYSTEM,
    SIZE_CONTROL_V1,
    SIZE_SYMBOL_MAPPING_V2,
    SIZE_SYSTEM_V2,
    SYSTEM_HEARTBEAT,
    SYSTEM_REPLAY_COMPLETED,
    UNDEF_STYPE,
    UNDEF_TIMESTAMP,
)
from tickfire.ingest.dbn.records import record_dtype

HEARTBEAT_TEXT: Final = "Heartbeat"
REPLAY_COMPLETED_TEXT: Final = "Replay completed"
_CODES_OF_TEXTS: Final = {
    HEARTBEAT_TEXT: SYSTEM_HEARTBEAT,
    REPLAY_COMPLETED_TEXT: SYSTEM_REPLAY_COMPLETED,
}
"""The beginnings of texts by which messages of version 1, which has no codes, are known."""


class SymbolMappingMsg(msgspec.Struct, frozen=True):
    """Mapping of an instrument to its symbol from now on.

    Attributes
    ----------
    stype_in, stype_out : int
        Codes of symbol types, indexes into ``enums.STYPES``; 255 is unset.
    start, end : int
        ns since the Unix epoch; 2**64 - 1 is unset.
    ts_event : int
        ns since the Unix epoch, as in the other messages.
    """

    instrument_id: int
    stype_in_symbol: str
    stype_out_symbol: str
    ts_event: int
    stype_in: int = UNDEF_STYPE
    stype_out: int = UNDEF_STYPE
    start: int = UNDEF_TIMESTAMP
    end: int = UNDEF_TIMESTAMP


class SystemMsg(msgspec.Struct, frozen=True):
    """Message of the gateway about the session; ``code`` is ``SYSTEM_*`` or 255."""

    msg: str
    code: int
    ts_event: int


class ErrorMsg(msgspec.Struct, frozen=True):
    """Error message of the gateway; ``code`` is ``ERROR_*`` or 255."""

    err: str
    code: int
    ts_event: int
    is_last: bool = True


type ControlMsg = SymbolMappingMsg | SystemMsg | ErrorMsg


def decode_control(record: bytes) -> ControlMsg | None:
    """Decode a control record, whose size tells its version.

    Parameters
    ----------
    record : bytes
        The record from its header on; bytes after its fields, such as ts_out, are ignored.

    Returns
    -------
    ControlMsg or None
        None if it is not a control record, or too short.
    """
    if len(record) < SIZE_CONTROL_V1:
        return None
    rtype = record[1]
    if rtype == RTYPE_SYMBOL_MAPPING:
        return _decode_mapping(record)
    if rtype == RTYPE_SYSTEM:
        return _decode_system(record)
    if rtype == RTYPE_ERROR:
        return _decode_error(record)
    return None


def encode_control(message: ControlMsg, version: int = DBN_VERSION) -> bytes:
    """Encode a control record; texts that are too long for the version are cut."""
    if isinstance(message, SymbolMappingMsg):
        return _encode(
            RTYPE_SYMBOL_MAPPING,
            version,
            instrument_id=message.instrument_id,
            ts_event=message.ts_event,
            stype_in=message.stype_in,
            stype_in_symbol=message.stype_in_symbol,
            stype_out=message.stype_out,
            stype_out_symbol=message.stype_out_symbol,
            start_ts=message.start,
            end_ts=message.end,
        )
    if isinstance(message, SystemMsg):
        return _encode(
            RTYPE_SYSTEM, version, ts_event=message.ts_event, msg=message.msg, code=message.code
        )
    return _encode(
        RTYPE_ERROR,
        version,
        ts_event=message.ts_event,
        err=message.err,
        code=message.code,
        is_last=message.is_last,
    )


def _row(record: bytes, version: int) -> np.void:
    dtype = record_dtype(record[1], version)
    assert dtype is not None
    row: np.void = np.frombuffer(record, dtype, count=1)[0]
    return row


def _text(field: np.bytes_) -> str:
    return bytes(field).partition(b"\0")[0].decode(errors="replace")


def _decode_mapping(record: bytes) -> SymbolMappingMsg:
    version = DBN_VERSION if len(record) >= SIZE_SYMBOL_MAPPING_V2 else 1
    row = _row(record, version)
    return SymbolMappingMsg(
        instrument_id=int(row["instrument_id"]),
        stype_in_symbol=_text(row["stype_in_symbol"]),
        stype_out_symbol=_text(row["stype_out_symbol"]),
        ts_event=int(row["ts_event"]),
        stype_in=UNDEF_STYPE if version == 1 else int(row["stype_in"]),
        stype_out=UNDEF_STYPE if version == 1 else int(row["stype_out"]),
        start=int(row["start_ts"]),
        end=int(row["end_ts"]),
    )


def _decode_system(record: bytes) -> SystemMsg:
    version = DBN_VERSION if len(record) >= SIZE_SYSTEM_V2 else 1
    row = _row(record, version)
    msg = _text(row["msg"])
    code = _code_of(msg) if version == 1 else int(row["code"])
    return SystemMsg(msg, code, int(row["ts_event"]))


def _code_of(msg: str) -> int:
    known = (code for text, code in _CODES_OF_TEXTS.items() if msg.startswith(text))
    return next(known, CODE_UNSET)


def _decode_error(record: bytes) -> ErrorMsg:
    version = DBN_VERSION if len(record) >= SIZE_SYSTEM_V2 else 1
    row = _row(record, version)
    code, is_last = (CODE_UNSET, True) if version == 1 else (int(row["code"]), bool(row["is_last"]))
    return ErrorMsg(_text(row["err"]), code, int(row["ts_event"]), is_last)


def _encode(rtype: int, version: int, **values: int | str) -> bytes:
    dtype = record_dtype(rtype, version)
    assert dtype is not None and dtype.names is not None
    row = np.zeros(1, dtype)
    row["length"] = dtype.itemsize // 4
    row["rtype"] = rtype
    for name, value in values.items():
        if name in dtype.names:
            row[name] = _fitted(value, dtype[name].itemsize) if isinstance(value, str) else value
    return row.tobytes()


def _fitted(text: str, size: int) -> bytes:
    """Cut a text to leave room for the closing NUL, never inside a character."""
    return text.encode()[: size - 1].decode(errors="ignore").encode()
