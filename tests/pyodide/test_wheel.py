"""The wheel and its lock: the same bytes each time, checked, complete."""

from __future__ import annotations

import gzip
import json
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner

from pyodide.distribution.__main__ import CORE, main
from pyodide.distribution.audit import AuditError, audit_wheel
from pyodide.distribution.files import CORE_FILES
from pyodide.distribution.lock import write_lock
from pyodide.distribution.wheel import build_wheel
from tests.support.kernels import own_kernel
from tickfire.kernels.build import MODULE_NAME, build_module, kernels_of
from tickfire.kernels.compiler.python import python


def test_two_builds_are_equal_to_the_byte(wheel: Path, module_bytes: bytes, tmp_path: Path) -> None:
    again = build_wheel(_folder(tmp_path / "staged"), _folder(tmp_path / "out"), module_bytes)
    assert again.name == wheel.name
    assert again.read_bytes() == wheel.read_bytes()
    folders = [_folder(tmp_path / name) for name in ("first", "second")]
    locks = [write_lock(CORE, *pair) for pair in zip((wheel, again), folders, strict=True)]
    assert locks[0].read_bytes() == locks[1].read_bytes()


def test_the_lock_names_our_wheel_and_no_other_host(wheel: Path, tmp_path: Path) -> None:
    text = write_lock(CORE, wheel, tmp_path).read_text()
    assert "://" not in text
    packages = json.loads(text)["packages"]
    assert list(packages) == ["tickfire-browser"]
    assert packages["tickfire-browser"]["file_name"] == wheel.name


def test_what_is_in_the_wheel_passes_the_audit(wheel: Path) -> None:
    audit_wheel(wheel)


def test_a_module_that_lacks_kernels_does_not(wheel: Path, tmp_path: Path) -> None:
    other = tmp_path / wheel.name
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr(f"tickfire_browser/{MODULE_NAME}", build_module(kernels_of([own_kernel])))
    with pytest.raises(AuditError, match=r"kernels.wasm does not export adx"):
        audit_wheel(other)


def test_a_wheel_without_the_module_does_not(wheel: Path, tmp_path: Path) -> None:
    other = tmp_path / wheel.name
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("tickfire_browser/__init__.py", "")
    with pytest.raises(AuditError, match="holds 0 files"):
        audit_wheel(other)


def test_the_folder_is_named_by_what_is_in_it_and_old_ones_go(tmp_path: Path) -> None:
    out = tmp_path / "pyodide"
    old = _folder(out / "0123456789ab")
    for _ in range(2):
        result = CliRunner().invoke(main, ["--out", str(out), "--no-snapshot"])
        assert result.exit_code == 0, result.output
    pointer = json.loads((out / "current.json").read_text())
    assert pointer["snapshot"] is None
    assert not old.exists()
    folder = out / pointer["folder"]
    assert {path.name for path in folder.iterdir()} >= {*CORE_FILES, "pyodide-lock.json"}
    packed = list(folder.glob("*.gz"))
    assert packed
    for path in packed:
        assert gzip.decompress(path.read_bytes()) == path.with_suffix("").read_bytes()


def test_without_the_npm_package_it_says_so(tmp_path: Path) -> None:
    options = ["--core", str(tmp_path), "--out", str(tmp_path / "out")]
    result = CliRunner().invoke(main, options)
    assert result.exit_code == 1
    assert result.output.startswith("tickfire: there is no ")
    assert result.output.endswith("; run make setup.\n")


def _folder(path: Path) -> Path:
    path.mkdir(parents=True)
    return path


def test_a_kernel_of_ones_own_becomes_an_object_of_python() -> None:
    text = python(kernels_of([own_kernel]))
    compile(text, "bindings", "exec")
    assert "midpoint = Kernel(\n    'midpoint',\n" in text
    for parameter in ("('high', 'in')", "('low', 'in')", "('out', 'out')"):
        assert parameter in text
    assert "__all__ = [\n    'Bars',\n    'Kernel',\n    'Series',\n    'midpoint',\n]" in text
