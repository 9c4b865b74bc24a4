"""Reports of every version equal databento's decoder, field by field."""

from __future__ import annotations

from typing import Any

import databento_dbn
import numpy as np
import pytest

from tests.support.databento import report_of
from tests.support.dbn import decoded_by_databento, rows, shared_files
from tickfire.base.units import UNDEF_PRICE
from tickfire.ingest.dbn import report_names
from tickfire.ingest.dbn.file import open_dbn
from tickfire.ingest.dbn.layout import RTYPE_STATISTICS, RTYPE_STATUS
from tickfire.ingest.dbn.reports import decode_report_record
from tickfire.ingest.kernel.parse import Parser
from tickfire.ingest.kernel.state import InstrumentStates
from tickfire.store.reports import (
    Imbalance,
    Report,
    Statistic,
    TradingStatus,
    decode_report,
    encode_report,
)

FILES = [
    *(f"datasets/*/test_data.{schema}.*" for schema in ("statistics", "status", "imbalance")),
    *(f"versions/*{schema}*" for schema in ("statistics", "status", "imbalance")),
]


@pytest.mark.shared_data
def test_recorded_reports_equal_databentos_decoder() -> None:
    kinds = set()
    for file in shared_files(*FILES):
        opened = open_dbn(file)
        data = opened.read_all()
        held = decoded_by_databento(opened.metadata.encode() + data.tobytes())[1:]
        made: list[Report | None] = []
        for batch in Parser(InstrumentStates()).feed(data):
            made += [decode_report_record(record, 3, 9) for record in batch.controls]
        assert made == [report_of(record) for record in held], file
        kinds |= {type(report) for report in made}
        assert [decode_report(encode_report(each)) for each in made if each is not None] == made
    assert kinds == {Statistic, TradingStatus, Imbalance}


def test_every_code_of_databento_has_its_name() -> None:
    tables: dict[str, Any] = {
        "STATISTICS": databento_dbn.StatType,
        "STATUSES": databento_dbn.StatusAction,
        "STATUS_REASONS": databento_dbn.StatusReason,
        "TRADING_EVENTS": databento_dbn.TradingEvent,
    }
    for table, kind in tables.items():
        codes = {int(each.value): each.name.lower() for each in kind.variants()}
        assert getattr(report_names, table) == codes


def test_a_code_without_a_name_is_shown_as_a_number() -> None:
    record = rows(RTYPE_STATISTICS, 1, stat_type=10_500, price=5)
    report = decode_report_record(record.tobytes(), 1)
    assert isinstance(report, Statistic) and report.name == "code_10500"


@pytest.mark.parametrize("version", [1, 2, 3])
@pytest.mark.parametrize("ts_out", [0, 8])
def test_an_undefined_quantity_is_none_in_each_version(version: int, ts_out: int) -> None:
    for quantity in (7, -7, None):
        record = rows(RTYPE_STATISTICS, 1, version, stat_type=9, price=UNDEF_PRICE)
        undefined = np.iinfo(record["quantity"].dtype).max
        record["quantity"] = undefined if quantity is None else quantity
        record["length"] += ts_out // 4
        report = decode_report_record(record.tobytes() + bytes(ts_out), 1)
        assert isinstance(report, Statistic)
        assert (report.name, report.price, report.quantity) == ("open_interest", None, quantity)


def test_a_record_that_is_too_short_is_no_report() -> None:
    record = rows(RTYPE_STATUS, 1).tobytes()
    assert decode_report_record(record[:32], 1) is None


def test_the_golden_bytes_of_a_report() -> None:
    status = TradingStatus(1, 2, "halt", "none", "none", False, None, True, 3, 4, 5, 6)
    packed = encode_report(status)
    assert packed == (
        b"\x8e\xa4type\xa6status\xa4feed\x01\xadinstrument_id\x02\xa6status\xa4halt\xa6reason"
        b"\xa4none\xa5event\xa4none\xaais_trading\xc2\xaais_quoting\xc0"
        b"\xb8is_short_sell_restricted\xc3\xa8ts_event\x03\xa8received\x04\xacpublisher_id\x05"
        b"\xa1n\x06\xa7version\x01"
    )
    assert status.is_halted
