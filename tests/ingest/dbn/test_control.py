from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.dbn import decoded_by_databento
from tickfire.ingest.dbn.control import (
    ControlMsg,
    ErrorMsg,
    SymbolMappingMsg,
    SystemMsg,
    decode_control,
    encode_control,
)
from tickfire.ingest.dbn.layout import SYSTEM_HEARTBEAT
from tickfire.ingest.dbn.metadata import Metadata

TEXT = st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=20)
U64 = st.integers(0, 2**64 - 1)
BYTE = st.integers(0, 255)
MESSAGES = st.one_of(
    st.builds(
        SymbolMappingMsg,
        instrument_id=st.integers(0, 2**32 - 1),
        stype_in_symbol=TEXT,
        stype_out_symbol=TEXT,
        ts_event=U64,
        stype_in=BYTE,
        stype_out=BYTE,
        start=U64,
        end=U64,
    ),
    st.builds(SystemMsg, msg=TEXT, code=BYTE, ts_event=U64),
    st.builds(ErrorMsg, err=TEXT, code=BYTE, ts_event=U64, is_last=st.booleans()),
)


@given(MESSAGES, st.sampled_from([2, 3]))
def test_a_control_record_survives_encoding(message: ControlMsg, version: int) -> None:
    assert decode_control(encode_control(message, version)) == message


@given(st.binary(max_size=400))
def test_any_bytes_are_a_control_record_or_none(data: bytes) -> None:
    decode_control(data)


@pytest.mark.parametrize("version", [1, 2, 3])
def test_databento_reads_each_control_record(version: int) -> None:
    sent: list[ControlMsg] = [
        SymbolMappingMsg(7, "ES.c.0", "ESZ6", 5, stype_in=3, stype_out=1, start=1, end=2),
        SystemMsg("Heartbeat", SYSTEM_HEARTBEAT, 6),
        ErrorMsg("No such symbol", 4, 7, is_last=False),
    ]
    data = b"".join(encode_control(message, version) for message in sent)
    _, mapping, system, error = decoded_by_databento(
        Metadata("X", version=version).encode() + data, upgrade=True
    )

    assert (mapping.instrument_id, mapping.ts_event) == (7, 5)
    assert (mapping.stype_in_symbol, mapping.stype_out_symbol) == ("ES.c.0", "ESZ6")
    assert (mapping.start_ts, mapping.end_ts) == (1, 2)
    assert (system.msg, system.is_heartbeat(), system.ts_event) == ("Heartbeat", True, 6)
    assert (error.err, error.ts_event) == ("No such symbol", 7)


def test_texts_are_cut_to_the_versions_size_and_never_inside_a_character() -> None:
    for version, size in ((1, 63), (2, 302), (3, 302)):
        record = encode_control(SystemMsg("x" + "é" * 400, 1, 0), version)
        message = decode_control(record)
        assert isinstance(message, SystemMsg)
        assert message.msg == "x" + "é" * ((size - 1) // 2)


def test_an_appended_ts_out_is_left_alone() -> None:
    for version in (1, 2, 3):
        message = SystemMsg("Heartbeat", 0, 1)
        assert decode_control(encode_control(message, version) + bytes(8)) == message
