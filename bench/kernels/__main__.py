"""Every kernel over 1 M elements: numba native, WebAssembly in V8, plain Python, in one run.

Run it with ``python -m bench.kernels``, or with names of kernels after it; it needs node and a
kernels.wasm (``make wasm``). Each figure is the minimum of 30 rounds, native and WebAssembly by
turns; plain Python is timed once, over fewer elements. Times are of the processor, so that what
else runs on the machine is not counted.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final, cast

import numpy as np
from numpy.typing import NDArray

from tickfire.kernels import native
from tickfire.kernels.families import kernels
from tickfire.kernels.portable import WORDS_SUFFIX, Kind, Parameter, signature_of, words_function

ELEMENTS: Final = 1_000_000
PLAIN_ELEMENTS: Final = 20_000
ROUNDS: Final = 5
TURNS: Final = 6
LIMIT: Final = 1.6
ROWS: Final = 200_000
SCALARS: Final[dict[str, Any]] = {
    "period": 20,
    "atr_period": 10,
    "lag": 1,
    "fast": 12,
    "slow": 26,
    "signal": 9,
    "slowing": 3,
    "smoothing": 3,
    "width": 2.0,
    "freedom": 0,
    "conversion": 9,
    "base": 26,
    "span": 52,
    "displacement": 26,
    "acceleration": 0.02,
    "maximum": 0.2,
    "session_ns": 86_400 * 10**9,
    "offset_ns": 0,
    "anchor_ns": 0,
    "interval_ns": 10 * 10**9,
    "per_year": 252.0,
    "lowest": 0.0,
    "step": 0.5,
    "share": 0.7,
}

type Array = NDArray[Any]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="bench.kernels", description=__doc__)
    parser.add_argument("names", nargs="*")
    names = parser.parse_args().names
    wasm = Path(next(iter(sys.modules["tickfire.kernels"].__path__))) / "kernels.wasm"
    if not wasm.is_file():
        sys.exit("bench: there is no kernels.wasm; run make wasm first.")
    every = [n for n in kernels() if not n.endswith(WORDS_SUFFIX)]
    if unknown := set(names) - set(every):
        sys.exit(f"bench: there is no kernel {min(unknown)}.")
    data = market(ELEMENTS)
    worst = 0.0
    with tempfile.TemporaryDirectory() as folder, Node(Path(folder), wasm, data) as node:
        print("ns per element; ratio: wasm / native; gain: plain / wasm")
        print(f"{'kernel':22}{'native':>9}{'wasm':>9}{'ratio':>8}{'plain':>10}{'gain':>8}")
        for name in names or every:
            worst = max(worst, measure(name, data, node))
    print(f"worst ratio {worst:.2f}, limit {LIMIT}")


def measure(name: str, data: dict[str, Array], node: Node) -> float:
    """Measure one kernel; return WebAssembly's time over native's."""
    arguments = arguments_of(name, data, ELEMENTS)
    at_native = at_wasm = float("inf")
    for _ in range(TURNS):
        at_native = min(at_native, time_native(name, arguments))
        at_wasm = min(at_wasm, node.measure(name, arguments))
    plain = time_plain(name, arguments_of(name, data, PLAIN_ELEMENTS))
    per = [1e6 * at_native / ELEMENTS, 1e6 * at_wasm / ELEMENTS, 1e6 * plain / PLAIN_ELEMENTS]
    ratio = per[1] / per[0]
    row = f"{per[0]:9.2f}{per[1]:9.2f}{ratio:8.2f}{per[2]:10.0f}{per[2] / per[1]:8.0f}"
    print(f"{name:22}{row}", flush=True)
    return ratio


def market(n: int) -> dict[str, Array]:
    """Return n seeded elements of each input of a kernel, by name of parameter."""
    rng = np.random.default_rng(0)
    close = 100.0 + np.abs(np.cumsum(0.01 * rng.standard_normal(n)))
    high = close + np.abs(0.05 * rng.standard_normal(n))
    low = close - np.abs(0.05 * rng.standard_normal(n))
    size = rng.integers(1, 500, n).astype(float)
    ts = 1_700_000_000_000_000_000 + np.cumsum(rng.integers(0, 2 * 10**9, n))
    other = 50.0 + np.cumsum(0.01 * rng.standard_normal(n))
    bars = dict(opens=close, highs=high, lows=low, closes=close, volumes=size, vwaps=close)
    small = np.log(close)
    return bars | dict(
        src=close, price=close, x=close, y=other, high=high, low=low, close=close, volume=size,
        size=size, ts=ts, exponent=other, small=small, ticks=rng.integers(0, 2**62, 4 * n),
        profile=np.zeros(1_000),
    )  # fmt: skip


def arguments_of(name: str, data: dict[str, Array], n: int) -> list[tuple[Parameter, Any]]:
    """Return the arguments of a kernel over the first n elements."""
    function = kernels()[name]
    words = words_function(function) if signature_of(function).of(Kind.STATE) else None
    out: list[tuple[Parameter, Any]] = []
    for p in signature_of(function).parameters:
        value: Any
        if p.kind in (Kind.IN, Kind.LONG_IN):
            source = data["small" if name == "exponentials" else p.name]
            value = source[: 4 * n if p.name == "ticks" else n].copy()
        elif p.kind in (Kind.OUT, Kind.LONG_OUT):
            value = np.zeros(n, np.int64 if p.kind.is_long else np.float64)
        elif p.kind is Kind.STATE and words is not None:
            value = np.zeros(words(*(SCALARS[q.name] for q in signature_of(words).parameters)))
        elif p.kind in (Kind.STORE, Kind.LONG_STORE):
            length = {"profile": 1_000, "area": 3}.get(p.name, n if name == "trades" else ROWS)
            value = np.zeros(length, np.int64 if p.kind.is_long else np.float64)
        else:
            value = SCALARS[p.name]
        out.append((p, value))
    return out


def time_native(name: str, arguments: list[tuple[Parameter, Any]]) -> float:
    """Return the milliseconds of the fastest round."""
    run = getattr(native, name).raw
    given = [value for _, value in arguments]
    states = [value for p, value in arguments if p.kind is Kind.STATE]
    best = float("inf")
    for _ in range(ROUNDS):
        for state in states:
            state[:] = 0.0
        start = time.process_time()
        run(*given)
        best = min(best, time.process_time() - start)
    return 1e3 * best


def time_plain(name: str, arguments: list[tuple[Parameter, Any]]) -> float:
    """Return the milliseconds of one round as plain Python over lists."""
    given = [value.tolist() if p.kind.is_array else value for p, value in arguments]
    start = time.process_time()
    kernels()[name](*given)
    return 1e3 * (time.process_time() - start)


class Node:
    """Node process whose V8 runs the module on the same data."""

    def __init__(self, folder: Path, wasm: Path, data: dict[str, Array]) -> None:
        self._places: dict[bytes, int] = {}
        self._data = folder / "data.bin"
        self._script = Path(__file__).with_name("wasm.mjs")
        self._wasm = wasm
        at = 0
        with self._data.open("wb") as out:
            self._at: dict[str, int] = {}
            for key, array in data.items():
                self._at[key] = at
                at += out.write(array.tobytes())

    def __enter__(self) -> Node:
        """Start the process."""
        self._process = subprocess.Popen(
            ["node", "--no-liftoff", str(self._script), str(self._wasm), str(self._data)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(self, *error: object) -> None:
        """End the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()

    def measure(self, name: str, arguments: list[tuple[Parameter, Any]]) -> float:
        """Return the milliseconds of the fastest round."""
        assert self._process.stdin is not None and self._process.stdout is not None
        parameters = [self._face(name, p, value) for p, value in arguments]
        order = {"name": name, "rounds": ROUNDS, "parameters": parameters}
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return float(self._process.stdout.readline())

    def _face(self, name: str, p: Parameter, value: Any) -> dict[str, Any]:
        if p.kind is Kind.LONG:
            return {"bigint": str(value)}
        if not p.kind.is_array:
            return {"value": value}
        if p.kind in (Kind.IN, Kind.LONG_IN):
            key = "small" if name == "exponentials" else p.name
            return {"at": self._at[key], "length": len(value)}
        return {"zeros": len(cast(Array, value))}


if __name__ == "__main__":
    main()
