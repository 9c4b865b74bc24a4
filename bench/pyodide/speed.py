"""Measure each kernel inside Pyodide, by kernels.wasm and as plain Python.

``measure(names)`` returns JSON: by kernel, ns per element of both.
"""

from __future__ import annotations

import importlib
import json
import random
import time
from array import array
from collections.abc import Callable
from typing import Any

ELEMENTS = 1_000_000
PLAIN_ELEMENTS = 20_000
ROUNDS = 15
PLAIN_ROUNDS = 3
NUMBERS: dict[str, float] = {
    "period": 20,
    "atr_period": 10,
    "fast": 12,
    "slow": 26,
    "signal": 9,
    "slowing": 3,
    "smoothing": 3,
    "width": 2.0,
    "freedom": 0,
    "acceleration": 0.02,
    "maximum": 0.2,
}


def market(n: int) -> dict[str, array[float]]:
    """Return n seeded elements of each input of a kernel, by name of parameter."""
    chance = random.Random(0)
    close: array[float] = array("d")
    price = 100.0
    for _ in range(n):
        price += chance.gauss(0, 0.01)
        close.append(price)
    high = array("d", [x + 0.05 for x in close])
    low = array("d", [x - 0.05 for x in close])
    volume = array("d", [float(chance.randint(1, 500)) for _ in range(n)])
    return {"src": close, "close": close, "high": high, "low": low, "volume": volume}


def fastest(rounds: int, run: Callable[[], object]) -> float:
    """Return the ns of the fastest round."""
    best = float("inf")
    for _ in range(rounds):
        began = time.perf_counter_ns()
        run()
        best = min(best, time.perf_counter_ns() - began)
    return best


def arguments_of(kernel: Any, columns: dict[str, array[float]], n: int) -> dict[str, Any]:
    """Return the named arguments of a kernel over the first n elements."""
    return {
        name: columns[name][:n] if role == "in" else NUMBERS[name]
        for name, role in kernel.parameters
        if role in ("in", "int", "float")
    }


def measure(names: list[str]) -> str:
    """Measure the named kernels."""
    package: Any = importlib.import_module("tickfire_browser")
    engines: Any = importlib.import_module("tickfire_browser.engines")
    machines = {"wasm": engines.engine(), "plain": engines.Plain()}
    columns = market(ELEMENTS)
    found = {}
    for name in names:
        kernel = getattr(package, name)
        found[name] = [
            _ns(kernel.on(machines["wasm"]), columns, ELEMENTS, ROUNDS),
            _ns(kernel.on(machines["plain"]), columns, PLAIN_ELEMENTS, PLAIN_ROUNDS),
        ]
    return json.dumps(found)


def _ns(kernel: Any, columns: dict[str, array[float]], n: int, rounds: int) -> float:
    """Return ns per element."""
    given = arguments_of(kernel, columns, n)
    return fastest(rounds, lambda: kernel(**given)) / n
