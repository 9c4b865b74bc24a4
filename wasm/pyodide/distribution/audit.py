"""Check kernels.wasm in the wheel as Pyodide's loader will see it."""

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
"""What Emscripten's loader gives to a side module."""


class AuditError(Exception):
    """The module in the wheel would not load, or is not what the source yields."""


def audit_wheel(wheel: Path) -> None:
    """Check that the module asks for nothing but a memory and shows every kernel.

    Raises
    ------
    AuditError
        It does not; the message says what is amiss.
    """
    with zipfile.ZipFile(wheel) as archive, TemporaryDirectory() as folder:
        names = [name for name in archive.namelist() if name.endswith(f"/{MODULE_NAME}")]
        if len(names) != 1:
            raise AuditError(f"{wheel.name} holds {len(names)} files {MODULE_NAME}, not one")
        imported, exported, needed = _read(Path(archive.extract(names[0], folder)))
    if needed:
        raise AuditError(f"{MODULE_NAME} needs the library {needed[0]}")
    if unknown := imported - IMPORTS:
        raise AuditError(f"{MODULE_NAME} imports {min(unknown)}, which no loader gives")
    if missing := kernels().keys() - exported:
        raise AuditError(f"{MODULE_NAME} does not export {min(missing)}")


def _read(module: Path) -> tuple[set[str], set[str], list[str]]:
    """Return the names that a module imports, those that it exports, and libraries it needs."""
    open_module: Any = ModuleWritable  # it is not typed
    with open_module(module) as reader:
        imported = {each.field for each in reader.get_imports()}
        exported = {each.name for each in reader.get_exports()}
        return imported, exported, list(reader.parse_dylink_section().needed)
