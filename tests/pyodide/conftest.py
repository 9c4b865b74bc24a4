"""Fixtures for the browser's wheel, imported in this Python, where its kernels run as Python."""

from __future__ import annotations

import importlib
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from pyodide.distribution.wheel import build_wheel
from tickfire.kernels.build import MODULE_NAME, PACKAGE

NAME = "tickfire_browser"


@pytest.fixture(scope="session")
def module_bytes() -> bytes:
    """The bytes of kernels.wasm, which `make wasm` builds."""
    path = PACKAGE / MODULE_NAME
    assert path.is_file(), "run make wasm"
    return path.read_bytes()


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory, module_bytes: bytes) -> Path:
    return build_wheel(
        tmp_path_factory.mktemp("staged"), tmp_path_factory.mktemp("wheel"), module_bytes
    )


@pytest.fixture(scope="session")
def package(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    """The package of the unpacked wheel."""
    folder = tmp_path_factory.mktemp("site")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    sys.path.insert(0, str(folder))
    try:
        yield importlib.import_module(NAME)
    finally:
        sys.path.remove(str(folder))
        for name in [name for name in sys.modules if name.partition(".")[0] == NAME]:
            del sys.modules[name]


@pytest.fixture(scope="session")
def part(package: ModuleType) -> Any:
    """Import a module of the package: ``part("session")``."""
    return lambda name: importlib.import_module(f"{NAME}.{name}")
