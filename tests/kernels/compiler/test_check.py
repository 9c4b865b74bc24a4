"""Forbidden constructs are refused in one sentence that names the kernel and the construct."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import FunctionType

import pytest
from click.testing import CliRunner

from tickfire.kernels.build import build_module, kernels_of, main
from tickfire.kernels.compiler.check import check
from tickfire.kernels.families import kernels
from tickfire.kernels.portable import PortableError

pytestmark = pytest.mark.timeout(600)

HEAD = """\
import math
import os
from tickfire.kernels.portable import In, Out, State, portable

TABLE = [1.0]


def helper(x: float) -> float:
    {helper}


@portable
def bad(src: In, period: int, out: Out) -> int:
    x = src[0]
    {body}
    return period
"""

FORBIDDEN = {
    "raise ValueError(x)": "raise",
    "assert x > 0.0": "assert",
    "try:\n        x = 1.0\n    finally:\n        pass": "try",
    "with x:\n        pass": "with",
    "y = [x]": "a list",
    "y = [v for v in src]": "a list comprehension",
    "y = {1: x}": "a dict",
    "y = {x}": "a set",
    "y = src[1:]": "a slice",
    "y = x ** 2.0": r"the operator \*\* \(use power of tickfire.kernels.maths\)",
    "y = lambda: x": "a lambda",
    "y = 'text'": "the constant 'text'",
    "y = f'{x}'": "an f-string",
    "y = math.exp(x)": "math.exp",
    "y = math.pi": "math.pi",
    "y = os.getpid()": r"the attribute .getpid",
    "y = src.sum()": r"the attribute .sum",
    "y = TABLE[0]": "the global TABLE, a list,",
    "print(x)": "a call of print",
    "y = sorted(src)": "a call of sorted",
    "y = max(x, 1.0, key=float)": "a call with keywords",
    "for v in src:\n        x = v": "a for loop over anything but range",
    "while x > 0.0:\n        x -= 1.0\n    else:\n        x = 2.0": "else after a loop",
    "def inner() -> None:\n        pass": "a function within a function",
    "import time": "import",
    "global y": "global",
    "del x": "del",
    "y = x is None": "the operator is",
    "y = 1.0 in src": "the operator in",
    "y = (z := x)": "an assignment expression",
}


def kernel_of(folder: Path, body: str, helper: str = "return x") -> FunctionType:
    path = folder / "bad_kernels.py"
    path.write_text(HEAD.format(body=body, helper=helper))
    return kernel_at(path)


def kernel_at(path: Path) -> FunctionType:
    specification = importlib.util.spec_from_file_location(path.stem, path)
    assert specification is not None and specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return kernels_of([module])[0]


@pytest.mark.parametrize("body", FORBIDDEN)
def test_names_kernel_place_and_construct(body: str, tmp_path: Path) -> None:
    sentence = rf"^kernel bad \(bad_kernels.py:1\d\): {FORBIDDEN[body]} is not allowed$"
    with pytest.raises(PortableError, match=sentence):
        check(kernel_of(tmp_path, body))


def test_names_the_line_of_an_operator_within_a_block(tmp_path: Path) -> None:
    path = tmp_path / "block.py"
    path.write_text(
        "from tickfire.kernels.portable import In, Out, portable\n"
        "@portable\n"
        "def bad(src: In, out: Out) -> int:\n"
        "    for i in range(len(src)):\n"
        "        out[i] = src[i] ** 2.0\n"
        "    return 1\n"
    )
    with pytest.raises(PortableError, match=r"^kernel bad \(block.py:5\): the operator \*\*"):
        check(kernel_at(path))


def test_names_the_helper_that_does_it(tmp_path: Path) -> None:
    kernel = kernel_of(tmp_path, "x = helper(x)", helper="return x ** 2.0")
    with pytest.raises(PortableError, match=r"^kernel bad, in helper \(bad_kernels.py:9\): .*\*\*"):
        check(kernel)


LATE = {
    "x = x % 3.0": "the operator % or // between floats is not allowed",
    "for i in range(0, 9, period):\n        x += 1.0": "it may raise an exception, or allocates",
    "x = src[x]": r"getitem\(array\(float64, 1d, C\), float64\) is not allowed",
}


@pytest.mark.parametrize("body", LATE)
def test_names_what_only_the_compiler_sees(body: str, tmp_path: Path) -> None:
    kernel = kernel_of(tmp_path, f"{body}\n    out[0] = x")
    with pytest.raises(
        PortableError, match=rf"^kernel bad( \(bad_kernels.py:15\))?: .*{LATE[body]}"
    ):
        build_module([kernel])


SIGNATURES = {
    "def bad(src: In, out: list) -> int:": "kernel bad: parameter out needs one of the annotations",
    "def bad(src: In, out: Out) -> float:": "kernel bad: its result must be annotated as int",
    "def bad(src: In, state: State) -> int:": "kernel bad: define bad_words, which returns",
}


@pytest.mark.parametrize("head", SIGNATURES)
def test_a_wrong_signature_is_told(head: str, tmp_path: Path) -> None:
    path = tmp_path / "typed.py"
    imports = "from tickfire.kernels.portable import In, Out, State, portable\n\n\n"
    path.write_text(f"{imports}@portable\n{head}\n    return 0\n")
    result = CliRunner().invoke(main, [str(path), "--out", str(tmp_path / "k.wasm")])
    assert result.exit_code != 0
    assert SIGNATURES[head] in str(result.output)
    assert not (tmp_path / "k.wasm").exists()


@pytest.mark.parametrize("name", ["nowhere.py", "tickfire.kernels.nothing", "tickfire.kernels.jit"])
def test_what_is_no_file_of_kernels_is_told(name: str, tmp_path: Path) -> None:
    result = CliRunner().invoke(main, [name, "--out", str(tmp_path / "k.wasm")])
    assert result.exit_code != 0
    assert result.output.startswith("tickfire: there ")
    assert result.output.count("\n") == 1


@pytest.mark.parametrize("name", kernels())
def test_every_kernel_of_ours_passes(name: str) -> None:
    check(kernels()[name])
