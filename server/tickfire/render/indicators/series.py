"""Indicators as series of a chart, as ``client_js`` draws them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tickfire.base.units import NS_PER_MS
from tickfire.kernels import native
from tickfire.kernels.portable import Kind
from tickfire.render.indicators.choice import Choice, kernel_arguments
from tickfire.render.palettes import histogram_colors, line_color
from tickfire.render.scene.candles import Candles
from tickfire.render.scene.series import PRICE_PANE, Plot, PlotKind, Series


def series_of(choices: Sequence[Choice], candles: Candles) -> tuple[Series, ...]:
    """Compute indicators of all candles; each gets the next colour and, if need be, a pane."""
    if not len(candles):
        return ()
    columns = _columns(candles)
    return tuple(_series(choice, candles, columns, index) for index, choice in enumerate(choices))


def _columns(candles: Candles) -> Mapping[str, Any]:
    scale = 10.0**candles.decimals
    prices = {name: getattr(candles, name) / scale for name in ("open", "high", "low", "close")}
    typical = native.typical(prices["high"], prices["low"], prices["close"])
    times = {"ts": candles.time * NS_PER_MS}
    return {**prices, "volume": candles.volume, "typical": typical, **times}


def _series(choice: Choice, candles: Candles, columns: Mapping[str, Any], number: int) -> Series:
    spec = choice.spec
    results = _compute(choice, columns)
    names = [name for name, output in spec.outputs.items() if output.plot != "none"]
    fill = spec.fill and (names.index(spec.fill[0]), names.index(spec.fill[1]))
    return Series(
        title=choice.title,
        pane=PRICE_PANE if spec.pane == "overlay" else f"{choice.name}-{number}",
        time=candles.time,
        plots=tuple(
            _plot(choice, name, index, results, number) for index, name in enumerate(names)
        ),
        fill=fill,
        range=spec.scale,
        guides=spec.guides,
    )


def _compute(choice: Choice, columns: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the results of an indicator's kernel by the names of its outputs."""
    kernel: native.NativeKernel = getattr(native, choice.name)
    inputs = {
        parameter.name: columns[_column_of(parameter.name, choice.source)]
        for parameter in kernel.signature.of(Kind.IN, Kind.LONG_IN)
    }
    result = kernel(**inputs, **kernel_arguments(choice))
    outputs = result if isinstance(result, tuple) else (result,)
    return dict(zip(choice.spec.outputs, outputs, strict=True))


def _column_of(parameter: str, source: str | None) -> str:
    """Return the column for an array of a kernel; of the source for those that have a choice."""
    return source if source is not None and parameter in ("src", "price") else parameter


def _plot(choice: Choice, name: str, index: int, results: Mapping[str, Any], number: int) -> Plot:
    spec = choice.spec
    output = spec.outputs[name]
    values = np.asarray(results[name], np.float64)
    if output.plot == "histogram":
        above, below = histogram_colors()
        return Plot(output.label, values, above, "histogram", below)
    # Both edges of a band have the same colour.
    is_first = index == 0 or (spec.fill is not None and name in spec.fill)
    color = line_color(number if is_first else number + index)
    breaks = None if output.breaks is None else np.asarray(results[output.breaks], np.float64)
    kind: PlotKind = "dots" if output.plot == "dots" else "line"
    return Plot(output.label, values, color, kind, breaks=breaks)
