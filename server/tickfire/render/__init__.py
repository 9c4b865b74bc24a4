"""Pictures of charts, drawn on the server with the browser's own shader.

>>> from tickfire.render import Chart
>>> Chart(bars, symbol="ESU4", indicators=("ema(20)", "macd")).save("chart.png")  # doctest: +SKIP
"""

from __future__ import annotations

from tickfire.base.extras import missing_of

_MISSING = missing_of("render")
if _MISSING is not None:
    raise ImportError(f"tickfire.render needs {_MISSING}.")

from tickfire.render.bars import Bars  # noqa: E402
from tickfire.render.chart import Chart  # noqa: E402
from tickfire.render.errors import ChartError, NoAdapter, RenderError  # noqa: E402

__all__ = ["Bars", "Chart", "ChartError", "NoAdapter", "RenderError"]
