"""Pictures of charts, drawn on the server with the browser's own shader.

>>> from tickfire.render import Chart
>>> Chart(bars, symbol="ESU4", indicators=("ema(20)", "macd")).save("chart.png")  # doctest: +SKIP
"""

from __future__ import annotations

from importlib.util import find_spec

_MISSING = [name for module, name in (("wgpu", "wgpu"), ("PIL", "Pillow")) if not find_spec(module)]
if _MISSING:
    raise ImportError(
        f"tickfire.render needs {' and '.join(_MISSING)}; install the extra render: "
        "pip install 'tickfire[render]'."
    )

from tickfire.render.bars import Bars  # noqa: E402
from tickfire.render.chart import Chart  # noqa: E402
from tickfire.render.errors import ChartError, NoAdapter, RenderError  # noqa: E402

__all__ = ["Bars", "Chart", "ChartError", "NoAdapter", "RenderError"]
