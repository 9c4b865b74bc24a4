from __future__ import annotations

import databento_dbn
import numpy as np
import pytest

from tickfire.ingest.dbn import definition, layout, records
from tickfire.ingest.dbn.enums import SCHEMA_RTYPES, SCHEMAS, STYPES

CLASSES = {
    "TradeMsg": records.TRADE,
    "MBP1Msg": records.MBP_1,
    "MBP10Msg": records.MBP_10,
    "BBOMsg": records.BBO,
    "CMBP1Msg": records.CMBP_1,
    "CBBOMsg": records.CBBO,
    "MBOMsg": records.MBO,
    "OHLCVMsg": records.OHLCV,
    "StatusMsg": records.STATUS,
    "ImbalanceMsg": records.IMBALANCE,
    "StatMsgV1": records.STATISTICS_V1,
    "StatMsg": records.STATISTICS_V3,
    "SymbolMappingMsgV1": records.SYMBOL_MAPPING_V1,
    "SymbolMappingMsg": records.SYMBOL_MAPPING_V2,
    "SystemMsgV1": records.SYSTEM_V1,
    "SystemMsg": records.SYSTEM_V2,
    "ErrorMsgV1": records.ERROR_V1,
    "ErrorMsg": records.ERROR_V2,
    "InstrumentDefMsgV1": definition.DEFINITION_V1,
    "InstrumentDefMsgV2": definition.DEFINITION_V2,
    "InstrumentDefMsg": definition.DEFINITION_V3,
}


@pytest.mark.parametrize("name", CLASSES)
def test_a_dtype_has_the_fields_of_databentos_record(name: str) -> None:
    theirs = np.dtype(list(getattr(databento_dbn, name)._dtypes))
    ours = CLASSES[name]

    assert ours.itemsize == theirs.itemsize
    for field in ours.names or ():
        if not field.startswith("_"):
            assert ours.fields is not None and theirs.fields is not None
            assert ours.fields[field][1] == theirs.fields[field][1], field
            assert ours[field].itemsize == theirs[field].itemsize, field


def test_rtypes_are_databentos() -> None:
    names = {"MBP_0": "TRADE", "INSTRUMENT_DEF": "DEFINITION"}
    rtypes = list(databento_dbn.RType.variants())
    assert len(rtypes) > 20
    for rtype in rtypes:
        name = str(rtype).upper().replace("-", "_")
        assert getattr(layout, f"RTYPE_{names.get(name, name)}") == rtype.value


def test_names_of_schemas_and_symbol_types_are_in_the_order_of_their_codes() -> None:
    assert [str(schema) for schema in databento_dbn.Schema.variants()] == sorted(
        SCHEMAS, key=[str(schema) for schema in databento_dbn.Schema.variants()].index
    )
    for schema in databento_dbn.Schema.variants():
        metadata = _metadata(schema=schema)
        assert SCHEMAS[int.from_bytes(metadata[24:26], "little")] == str(schema)
        assert records.record_dtype(SCHEMA_RTYPES[str(schema)]) is not None
    for stype in databento_dbn.SType.variants():
        assert STYPES[_metadata(stype=stype)[50]] == str(stype)


def _metadata(
    schema: databento_dbn.Schema | None = None, stype: databento_dbn.SType | None = None
) -> bytes:
    return databento_dbn.Metadata(
        dataset="X",
        start=0,
        stype_in=stype,
        stype_out=next(iter(databento_dbn.SType.variants())),
        schema=schema,
        symbols=[],
        partial=[],
        not_found=[],
        mappings=[],
        ts_out=False,
        version=3,
    ).encode()


def test_sizes_that_kernels_take_as_constants_are_those_of_the_dtypes() -> None:
    sizes = records.record_sizes()
    constants = {
        layout.RTYPE_TRADE: layout.SIZE_TRADE,
        layout.RTYPE_MBP_1: layout.SIZE_MBP_1,
        layout.RTYPE_MBP_10: layout.SIZE_MBP_10,
        layout.RTYPE_BBO_1S: layout.SIZE_BBO,
        layout.RTYPE_CMBP_1: layout.SIZE_CMBP_1,
        layout.RTYPE_OHLCV_1S: layout.SIZE_OHLCV,
        layout.RTYPE_MBO: layout.SIZE_MBO,
        layout.RTYPE_STATUS: layout.SIZE_STATUS,
        layout.RTYPE_STATISTICS: layout.SIZE_STATISTICS_V1,
        layout.RTYPE_IMBALANCE: layout.SIZE_IMBALANCE,
        layout.RTYPE_SYMBOL_MAPPING: layout.SIZE_CONTROL_V1,
        layout.RTYPE_SYSTEM: layout.SIZE_CONTROL_V1,
        layout.RTYPE_ERROR: layout.SIZE_CONTROL_V1,
    }
    assert {rtype: int(sizes[rtype]) for rtype in constants} == constants
    assert records.record_sizes(3)[layout.RTYPE_SYSTEM] == layout.SIZE_SYSTEM_V2
    assert records.record_sizes(2)[layout.RTYPE_SYMBOL_MAPPING] == layout.SIZE_SYMBOL_MAPPING_V2
    assert sizes[99] == 0


def test_every_data_record_but_bars_has_a_receive_time() -> None:
    offsets = records.field_offsets("ts_recv")
    without = {
        rtype for rtype in range(256) if records.record_sizes()[rtype] and not offsets[rtype]
    }
    bars = {17, *range(32, 37)}
    assert without == bars | set(layout.CONTROL_RTYPES)
