"""Schemas to ask a gateway for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tickfire.ingest.adapter.options import AdapterOptions
from tickfire.ingest.dbn.enums import SCHEMAS
from tickfire.ingest.lsg.schemas import DEFAULT_SCHEMAS, Repeat, repeats, schema_in
from tickfire.ingest.sources import asked_schemas


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (DEFAULT_SCHEMAS, []),
        (("trades", "bbo-1s", "ohlcv-1m"), []),
        (("trades", "tbbo"), [Repeat("trades", "tbbo", is_whole=True)]),
        (("mbo", "trades"), [Repeat("trades", "mbo", is_whole=True)]),
        (
            ("tcbbo", "trades", "cmbp-1"),
            [
                Repeat("tcbbo", "cmbp-1", is_whole=True),
                Repeat("trades", "cmbp-1", is_whole=True),
            ],
        ),
        (("mbp-1", "definition", "mbo"), [Repeat("mbp-1", "mbo", is_whole=False)]),
    ],
)
def test_schemas_of_the_same_trades_are_told(asked: tuple[str, ...], found: list[Repeat]) -> None:
    assert repeats(asked) == found


def test_databento_is_asked_for_trades_once() -> None:
    options = AdapterOptions(("ESU4",), ("trades", "mbp-1", "definition"), "GLBX.MDP3", key="k")
    assert asked_schemas(options) == ("mbp-1", "definition")
    assert asked_schemas(replace(options, url="127.0.0.1:13000")) == options.schemas


@pytest.mark.parametrize(
    ("text", "schema"),
    [
        *((f"Schema '{schema}' is not available.", schema) for schema in SCHEMAS),
        ("Not entitled to MBO data", "mbo"),
        ("Invalid start time", None),
        ("mbo and mbp-10 need another plan", None),
    ],
)
def test_a_refusal_names_its_schema(text: str, schema: str | None) -> None:
    assert schema_in(text) == schema
