"""kernels.wasm: its contents, its reproducible build from source, and no fused operation."""

from __future__ import annotations

import re
from pathlib import Path
from types import FunctionType

import numba
import numpy as np
import pytest
import wasmtime

from tests.support.kernels import fused_kernel
from tests.support.kernels.engines import (
    Wasm,
    fresh_wasm_bytes,
    run_native,
    run_plain,
    wasm_bytes,
)
from tickfire.kernels import build
from tickfire.kernels.build import build_module, kernels_of
from tickfire.kernels.families import kernels
from tickfire.kernels.native import compile_native

pytestmark = pytest.mark.timeout(1200)

SIZE_LIMIT = 64_000
[FUSED] = kernels_of([fused_kernel])


def test_is_small_needs_a_memory_alone_and_shows_the_kernels_alone() -> None:
    data = wasm_bytes()
    assert len(data) < SIZE_LIMIT
    module = wasmtime.Module(wasmtime.Engine(), data)
    assert [(i.module, i.name) for i in module.imports] == [("env", "memory")]
    assert {e.name for e in module.exports} == kernels().keys()


def test_the_built_file_is_what_the_source_yields() -> None:
    """Built by another process (`make wasm`): so it also shows that rebuilds are identical."""
    built = Path(build.__file__).with_name("kernels.wasm")
    assert built.is_file(), "run make wasm"
    assert built.read_bytes() == fresh_wasm_bytes(), "kernels.wasm is stale: run make wasm"


def test_a_rebuild_is_byte_for_byte_the_same() -> None:
    assert build_module([FUSED]) == build_module([FUSED])


def test_products_and_sums_are_rounded_apart() -> None:
    """A fused multiply-add would give the exact remainder of a product instead of 0."""
    x = np.array([1.0 + 2.0**-30, 0.1, 3.3])
    native = compile_native(FUSED)
    wasm = Wasm(build_module([FUSED]))
    for run in (run_plain, lambda _, arguments: native.raw(*arguments), wasm):
        out = np.ones(3)
        run(FUSED, [x, x, x * x, out])
        assert out.tolist() == [0.0, 0.0, 0.0]
    compiled = numba.njit("(f8[::1], f8[::1], f8[::1], f8[::1])", error_model="numpy")(FUSED)
    [assembly] = compiled.inspect_asm().values()
    assert not re.search(r"\bv?fn?m(add|sub)", assembly)


def test_runs_beside_others_in_one_memory() -> None:
    """The first section is dylink.0, by which dynamic loaders of side modules know it."""
    assert wasm_bytes()[8] == 0
    assert wasm_bytes()[10:19] == b"\x08dylink.0"


def test_engines_are_three_different_things() -> None:
    """A test of the tests: each of them computes for itself."""
    function: FunctionType = kernels()["typical"]
    for engine in (run_plain, run_native, Wasm(wasm_bytes())):
        out = np.zeros(1)
        assert engine(function, [np.array([v]) for v in (3.0, 1.0, 2.0)] + [out]) == 1
        assert out[0] == 2.0
