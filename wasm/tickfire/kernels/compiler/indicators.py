"""Generator of ``indicators.ts``, the catalogue of indicators in TypeScript."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from tickfire.kernels.catalogue import (
    INDICATORS,
    NOT_INDICATORS,
    SOURCES,
    Indicator,
    Number,
    Output,
)
from tickfire.kernels.compiler.typescript import camel

HEAD: Final = "// Written by `python -m tickfire.kernels.build` from its catalogue: do not edit.\n"


class BigInt(int):
    """Integer written as a bigint in TypeScript."""


type Literal = str | bool | int | float | tuple[Literal, ...] | Mapping[str, Literal]


def indicators_typescript() -> str:
    """Return the text of ``indicators.ts``."""
    lines = [f"  {camel(name)}: {_literal(_entry(each))}," for name, each in INDICATORS.items()]
    others = tuple(camel(name) for name in NOT_INDICATORS)
    return "\n".join(
        [
            HEAD,
            "/** Prices of a bar that an indicator of one series can be computed from. */",
            f"export const SOURCES = {_literal(SOURCES)} as const;\n",
            "/** The indicators, by the names of their kernels. */",
            "export const INDICATORS = {",
            *lines,
            "} as const;\n",
            "/** Kernels that give no series of results. */",
            f"export const NOT_INDICATORS = {_literal(others)} as const;\n",
        ]
    )


def _entry(indicator: Indicator) -> Mapping[str, Literal]:
    entry: dict[str, Literal] = {
        "title": indicator.title,
        "about": indicator.about,
        "pane": indicator.pane,
        "params": {camel(name): _number(each) for name, each in indicator.numbers.items()},
        "outputs": {camel(name): _output(each) for name, each in indicator.outputs.items()},
    }
    if indicator.source is not None:
        entry["source"] = indicator.source
    if indicator.fill is not None:
        entry["fill"] = tuple(camel(name) for name in indicator.fill)
    if indicator.scale is not None:
        entry["range"] = indicator.scale
    if indicator.guides:
        entry["guides"] = indicator.guides
    if indicator.other is not None:
        entry["other"] = camel(indicator.other)
    return entry


def _number(number: Number) -> Mapping[str, Literal]:
    entry: dict[str, Literal] = {
        "label": number.label,
        "default": number.default,
        "min": number.minimum,
        "max": number.maximum,
        "whole": number.whole,
    }
    return entry if number.unit_ns is None else entry | {"ns": BigInt(number.unit_ns)}


def _output(output: Output) -> Mapping[str, Literal]:
    entry: dict[str, Literal] = {"label": output.label, "plot": output.plot}
    return entry if output.breaks is None else entry | {"breaks": camel(output.breaks)}


def _literal(value: Literal) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key}: {_literal(each)}" for key, each in value.items()) + " }"
    if isinstance(value, tuple):
        return "[" + ", ".join(_literal(each) for each in value) + "]"
    if isinstance(value, BigInt):
        return f"{int(value)}n"
    return json.dumps(value, ensure_ascii=False)
