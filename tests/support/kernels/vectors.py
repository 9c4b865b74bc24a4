"""Vectors for engines outside Python: arguments of every kernel, and native's results.

A vector is a JSON object over one blob of 8-byte words: ``kernel``, ``result`` and ``arguments``,
each ``["array", at, length, at of what is expected]`` (in words), ``["float", at]``,
``["int", value]`` or ``["long", decimal string]``. Two NaN are equal whatever their bits.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from types import FunctionType
from typing import Any

import numpy as np

from tests.support.kernels.cases import KINDS, floats, longs, tick_words
from tests.support.kernels.engines import copied, run_native
from tickfire.kernels.families import kernels
from tickfire.kernels.portable import (
    WORDS_SUFFIX,
    Kind,
    Parameter,
    signature_of,
    words_function,
)

LENGTHS = (0, 1, 2, 13, 64, 300)
FEW = (1, 64)
"""Lengths for an engine whose WebAssembly runs all of them elsewhere."""
INTEGERS = (1, 2, 5, 14, 0, 400)
NUMBERS = (2.0, 0.02, 0.2, 252.0, 0.7)
LONG_INTEGERS = (7, 50, 86_400 * 10**9)
ROWS = 310


def vectors(lengths: Sequence[int] = LENGTHS, seed: int = 7) -> tuple[list[dict[str, Any]], bytes]:
    """Return the vectors and their blob: every kernel with every kind and length of input."""
    rng = np.random.default_rng(seed)
    blob = bytearray()
    made = [
        _vector(function, kind, length, rng, blob)
        for name, function in kernels().items()
        if not name.endswith(WORDS_SUFFIX)
        for kind in KINDS
        for length in lengths
    ]
    return made, bytes(blob)


def _vector(
    function: FunctionType, kind: str, n: int, rng: np.random.Generator, blob: bytearray
) -> dict[str, Any]:
    given = list(_arguments(function, kind, n, rng))
    after = copied(given)
    result = run_native(function, after)
    parameters = signature_of(function).parameters
    packed = [_packed(*three, blob) for three in zip(parameters, given, after, strict=True)]
    return {"kernel": function.__name__, "result": result, "arguments": packed}


def _arguments(
    function: FunctionType, kind: str, n: int, rng: np.random.Generator
) -> Iterator[Any]:
    scalars: dict[str, int] = {}
    signature = signature_of(function)
    for parameter in signature.of(Kind.INT):
        scalars[parameter.name] = int(rng.choice(INTEGERS))
    rows = n if function.__name__ == "trades" else ROWS
    for parameter in signature.parameters:
        match parameter.kind:
            case Kind.INT:
                yield scalars[parameter.name]
            case Kind.FLOAT:
                yield float(rng.choice(NUMBERS))
            case Kind.LONG:
                # An offset may be anything below a session.
                yield 3 if parameter.name == "offset_ns" else int(rng.choice(LONG_INTEGERS))
            case Kind.IN:
                yield floats(kind, n, rng)
            case Kind.LONG_IN:
                yield tick_words(n, rng) if parameter.name == "ticks" else longs(kind, n, rng)
            case Kind.STATE:
                words = words_function(function)
                names = [p.name for p in signature_of(words).parameters]
                yield np.zeros(words(*(scalars[name] for name in names)))
            case Kind.STORE:
                yield np.zeros(3 if parameter.name == "area" else rows)
            case Kind.LONG_STORE:
                yield np.zeros(rows, np.int64)
            case Kind.OUT | Kind.LONG_OUT:
                yield np.zeros(n, np.int64 if parameter.kind.is_long else np.float64)


def _packed(parameter: Parameter, before: Any, after: Any, blob: bytearray) -> list[Any]:
    if parameter.kind.is_array:
        return ["array", _put(blob, before.tobytes()), len(before), _put(blob, after.tobytes())]
    if parameter.kind is Kind.FLOAT:
        return ["float", _put(blob, struct.pack("<d", before))]
    if parameter.kind is Kind.LONG:
        return ["long", str(before)]
    return ["int", before]


def _put(blob: bytearray, data: bytes) -> int:
    at = len(blob) // 8
    blob += data
    return at
