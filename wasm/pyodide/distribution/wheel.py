"""Build of the wheel: our sources, the bindings, kernels.wasm and the kernels' own source.

Equal inputs give equal bytes: hatchling sorts the files and gives them a fixed time.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from hatchling.builders.wheel import WheelBuilder

import tickfire.kernels
from tickfire.kernels.build import MODULE_NAME, kernels_of
from tickfire.kernels.compiler.python import python
from tickfire.kernels.families import families

__all__ = ["build_wheel"]

PROJECT: Final = Path(__file__).parents[1]
LICENSE: Final = PROJECT.parents[1] / "LICENSE"
PACKAGE: Final = "tickfire_browser"

SOURCE_PACKAGE: Final = tickfire.kernels.__name__
PLAIN_PACKAGE: Final = f"{PACKAGE}.plain"
SHARED: Final = ("families", "guard", "portable", "smooth", "units", "window")
"""Modules that the modules of kernels import."""


def build_wheel(work: Path, out: Path, module: bytes) -> Path:
    """Build the wheel and return its path.

    Parameters
    ----------
    work : Path
        Empty folder for the wheel's contents.
    out : Path
        Folder to write the wheel to.
    module : bytes
        Contents of kernels.wasm.
    """
    modules = list(families())
    kernels = kernels_of(modules)
    package = work / PACKAGE
    shutil.copytree(PROJECT / PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__"))
    for extra in (PROJECT / "pyproject.toml", LICENSE):
        shutil.copy(extra, work)
    (package / "__init__.py").write_text(python(kernels))
    (package / "py.typed").touch()
    (package / MODULE_NAME).write_bytes(module)
    _write_plain(package / "plain", modules)
    builder: Any = WheelBuilder(str(work))
    return Path(next(iter(builder.build(directory=str(out), versions=["standard"]))))


def _write_plain(folder: Path, modules: list[ModuleType]) -> None:
    folder.mkdir()
    source = Path(next(iter(tickfire.kernels.__path__)))
    names = [module.__name__.rpartition(".")[2] for module in modules]
    for name in ("__init__", *SHARED, *names):
        text = (source / f"{name}.py").read_text()
        text = text.replace(f"from {SOURCE_PACKAGE}", f"from {PLAIN_PACKAGE}")
        (folder / f"{name}.py").write_text(text)
