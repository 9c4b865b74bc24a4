"""Check that Pyodide's loader can load kernels.wasm from the wheel."""

from __future__ import annotations

import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from auditwheel_emscripten.module import ModuleWritable

from tickfire.kernels.build import MODULE_NAME
from tickfire.kernels.families import kernels

__all__ = ["AuditError", "audit_wheel"]

IMPORTS: Final = frozenset({"memory", "__memory_base", "__stack_pointer"})
"""Imports that Emscripten's loader provides to a side module."""


class AuditError(Exception):
    """The module in the wheel is missing, would not load, or lacks a kernel."""


def audit_wheel(wheel: Path) -> None:
    """Check that the module imports only what the loader provides, and exports every kernel.

    Raises
    ------
    AuditError
        If it does not; the message says why.
    """
    with zipfile.ZipFile(wheel) as archive, TemporaryDirectory() as folder:
        names = [name for name in archive.namelist() if name.endswith(f"/{MODULE_NAME}")]
        if len(names) != 1:
            raise AuditError(f"{wheel.name} holds {len(names)} files {MODULE_NAME}, not one")
        imported, exported, needed = _read(Path(archive.extract(names[0], folder)))
    if needed:
        raise AuditError(f"{MODULE_NAME} needs the library {needed[0]}")
    if unknown := imported - IMPORTS:
        raise AuditError(f"{MODULE_NAME} imports {min(unknown)}, which no loader provides")
    if missing := kernels().keys() - exported:
        raise AuditError(f"{MODULE_NAME} does not export {min(missing)}")


def _read(module: Path) -> tuple[set[str], set[str], list[str]]:
    """Return the names of a module's imports and exports, and the libraries that it needs."""
    open_module: Any = ModuleWritable  # it is not typed
    with open_module(module) as reader:
        imported = {each.field for each in reader.get_imports()}
        exported = {each.name for each in reader.get_exports()}
        return imported, exported, list(reader.parse_dylink_section().needed)
