"""Tables of records."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import numpy as np
import pytest

from tickfire.base import units
from tickfire.client import Signal, Tick, TickBatch, to_arrow, to_pandas, to_polars
from tickfire.client.market import packed
from tickfire.client.market.packed import PRICE_SCALE, TICK
from tickfire.client.market.tables import Records

AT = datetime(2024, 6, 3, 13, 30, tzinfo=UTC)
NS = int(AT.timestamp()) * 10**9
TICKS = [
    Tick(
        symbol="ESU4", price=Decimal("5524.25"), volume=3, timestamp=NS // 10**6, ts_event=NS + 1,
        side="B", id=f"e-{number}",
    )
    for number in range(2)
]  # fmt: skip


def batch() -> TickBatch:
    rows = np.zeros(2, TICK)
    rows["ts_event"], rows["price"], rows["kind"] = NS, 5_524_250_000_000, [1, 4]
    rows["side"], rows["feed"], rows["instrument_id"] = ord("N"), 1, [7, 8]
    return TickBatch(rows, "e-2", {(1, 7): "ESU4"})


def test_arrow() -> None:
    table = to_arrow(TICKS)
    assert table.column_names == list(Tick.__struct_fields__)
    assert table["price"].to_pylist() == [5524.25] * 2
    assert table["timestamp"].to_pylist()[0].timestamp() * 10**9 == NS
    assert str(table["ts_event"].type) == "timestamp[ns, tz=UTC]"
    assert to_arrow(TICKS, exact=True)["price"].to_pylist()[0] == Decimal("5524.25")


def test_pandas() -> None:
    frame = to_pandas(TICKS)
    assert frame["price"].tolist() == [5524.25] * 2
    assert frame["timestamp"][0].to_pydatetime() == AT
    assert frame["ts_event"][0].value == NS + 1
    assert to_pandas(TICKS, exact=True)["price"][0] == Decimal("5524.25")


def test_polars() -> None:
    frame = to_polars(TICKS)
    assert frame["price"].to_list() == [5524.25] * 2
    assert frame["timestamp"].to_list() == [AT] * 2
    assert to_polars(TICKS, exact=True)["price"].to_list() == [Decimal("5524.25")] * 2


@pytest.mark.parametrize("convert", [to_arrow, to_pandas, to_polars])
def test_batches(convert: object) -> None:
    assert callable(convert)
    table = convert([batch(), batch()])
    assert table.shape == (4, 10)
    rows = table.to_pylist() if hasattr(table, "to_pylist") else None
    if rows is not None:
        assert [row["symbol"] for row in rows] == ["ESU4", "1/8"] * 2
        assert [row["kind"] for row in rows] == ["trade", "clear"] * 2
        assert [row["price"] for row in rows] == [5524.25, None] * 2
    assert batch().prices[0] * PRICE_SCALE == 5_524_250_000_000
    assert len(batch().trades()) == 1


def test_a_side_of_which_nothing_is_left_has_no_price() -> None:
    rows = batch().ticks.copy()
    rows["kind"], rows["price"][0] = [2, 4], packed.UNDEF_PRICE
    gone = TickBatch(rows, "e-2", {(1, 7): "ESU4"})
    assert np.isnan(gone.prices[0])
    for exact in (False, True):
        assert to_arrow([gone], exact=exact)["price"].to_pylist() == [None, None]
    assert packed.UNDEF_PRICE == units.UNDEF_PRICE


def test_an_iterator_is_read_once() -> None:
    assert to_arrow(each for each in TICKS).num_rows == 2  # type: ignore[arg-type]


def test_a_slice_is_a_table_as_well() -> None:
    records = Records(TICKS, Tick)
    assert records[1:].to_arrow().num_rows == 1
    assert records[5:].to_arrow().column_names == list(Tick.__struct_fields__)
    assert records[-1] is TICKS[-1]


def test_nested_values_are_json() -> None:
    signal = Signal.of("signal", {
        "id": "1", "symbol": "ESU4", "timestamp": 1, "model": "m", "interval": [0.1, 0.2],
    })  # fmt: skip
    assert to_arrow([signal])["detail"].to_pylist() == ['{"interval":[0.1,0.2]}']


def test_a_list_without_records_has_columns() -> None:
    assert Records((), Tick).to_pandas().columns.tolist() == list(Tick.__struct_fields__)
    assert Records((), Tick).to_polars().columns == list(Tick.__struct_fields__)
    columns = to_arrow([batch()]).schema
    assert Records((), TickBatch).to_arrow().schema == columns
    assert Records((), TickBatch).to_polars().columns == columns.names
    assert Records((), TickBatch).to_pandas().columns.tolist() == columns.names
    with pytest.raises(TypeError, match="no records"):
        to_arrow([])


def test_records_of_two_classes_are_refused() -> None:
    with pytest.raises(TypeError, match="of Tick, TickBatch"):
        to_arrow([TICKS[0], batch()])
