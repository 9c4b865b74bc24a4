"""Every kernel on every engine: the same bits, the same defined results, nothing raised."""

from __future__ import annotations

from itertools import pairwise
from types import FunctionType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.kernels.cases import cases, quick
from tests.support.kernels.engines import all_engines, copied, difference
from tickfire.kernels.families import kernels
from tickfire.kernels.portable import (
    WORDS_SUFFIX,
    WRONG_LENGTH,
    Kind,
    signature_of,
    words_function,
)

EVERY = {n: f for n, f in kernels().items() if not n.endswith(WORDS_SUFFIX)}
STEADY = {
    n: f
    for n, f in EVERY.items()
    if signature_of(f).of(Kind.STATE) and not signature_of(f).of(Kind.STORE)
}

pytestmark = pytest.mark.timeout(900)


@pytest.mark.parametrize("name", EVERY)
def test_gives_the_same_bits_on_every_machine(name: str) -> None:
    function = EVERY[name]

    @quick
    @given(cases(function))
    def check(arguments: Any) -> None:
        agree(function, arguments)

    check()


@pytest.mark.parametrize("name", EVERY)
def test_refuses_wrong_lengths_alike_and_writes_nothing_astray(name: str) -> None:
    function = EVERY[name]

    @quick
    @given(cases(function, wrong_lengths=True))
    def check(arguments: Any) -> None:
        agree(function, arguments)

    check()


@pytest.mark.parametrize("name", STEADY)
def test_in_pieces_gives_what_it_gives_at_once(name: str) -> None:
    function = STEADY[name]
    signature = signature_of(function)

    @quick
    @given(cases(function), st.lists(st.integers(0, 70), max_size=5))
    def check(arguments: Any, cuts: list[int]) -> None:
        for engine in all_engines().values():
            whole = copied(arguments)
            assert engine(function, whole) >= 0
            pieces = copied(arguments)
            n = length(function, arguments)
            places = sorted({0, n, *(min(c, n) for c in cuts)})
            for start, end in pairwise(places):
                piece = part(function, pieces, start, end)
                assert engine(function, piece) == end - start
                put_back(function, pieces, piece, start, end)
            assert difference(signature, whole, pieces) is None

    check()


@pytest.mark.parametrize("name", STEADY)
def test_a_state_of_anything_else_hurts_nothing(name: str) -> None:
    """A state that another kernel, another period or chance has left is never out of bounds."""
    function = STEADY[name]
    place = [p.name for p in signature_of(function).parameters].index("state")

    @quick
    @given(cases(function), st.integers(0, 2**32 - 1), st.booleans())
    def check(arguments: Any, seed: int, wild: bool) -> None:
        rng = np.random.default_rng(seed)
        words = len(arguments[place])
        arguments[place][:] = (
            rng.integers(0, 2**64, words, dtype=np.uint64).view(np.float64)
            if wild
            else rng.integers(-1, 40, words)
        )
        agree(function, arguments)

    check()


@pytest.mark.parametrize(
    "word", [-1.0, -0.5, 0.5, 1e300, float("inf"), -float("inf"), float("nan")]
)
@pytest.mark.parametrize("name", STEADY)
def test_a_state_of_one_number_throughout_hurts_nothing(name: str, word: float) -> None:
    """A count may be below zero, between whole numbers, or no number."""
    function = STEADY[name]
    place = [p.name for p in signature_of(function).parameters].index("state")

    @settings(quick, max_examples=5)
    @given(cases(function))
    def check(arguments: Any) -> None:
        arguments[place][:] = word
        agree(function, arguments)

    check()


@pytest.mark.parametrize("name", STEADY)
def test_a_state_has_as_many_words_as_it_says_on_every_machine(name: str) -> None:
    words = words_function(STEADY[name])
    count = len(signature_of(words).parameters)
    for period in (0, 1, 2, 14, 1_048_576, 1_048_577, -1, 2**31 - 1):
        arguments: list[Any] = [period] * count
        plain = words(*arguments)
        assert plain >= 0
        assert all_engines()["wasm"](words, arguments) == plain


def agree(function: FunctionType, arguments: Any) -> None:
    """Run on all machines; results, and all arrays, must be the same."""
    signature = signature_of(function)
    runs = {}
    for name, engine in all_engines().items():
        own = copied(arguments)
        runs[name] = (engine(function, own), own)
    result, plain = runs["plain"]
    assert result >= WRONG_LENGTH
    for name, (other, own) in runs.items():
        assert other == result, f"{name} returns {other}, plain {result}"
        apart = difference(signature, plain, own)
        assert apart is None, f"plain and {name} differ: {apart}"


def length(function: FunctionType, arguments: Any) -> int:
    kinds = (Kind.IN, Kind.LONG_IN)
    for parameter, value in zip(signature_of(function).parameters, arguments, strict=True):
        if parameter.kind in kinds:
            return len(value)
    return 0


def part(function: FunctionType, arguments: Any, start: int, end: int) -> list[Any]:
    """Return arguments with every array but the state cut to a range."""
    return [
        value[start:end].copy() if p.kind.is_array and p.kind is not Kind.STATE else value
        for p, value in zip(signature_of(function).parameters, arguments, strict=True)
    ]


def put_back(
    function: FunctionType, arguments: Any, piece: list[Any], start: int, end: int
) -> None:
    for p, value, cut in zip(signature_of(function).parameters, arguments, piece, strict=True):
        if p.kind in (Kind.OUT, Kind.LONG_OUT):
            value[start:end] = cut
