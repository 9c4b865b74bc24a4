"""Pyodide's lock file with our wheel as its only package."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from packaging.utils import parse_wheel_filename
from pyodide_lock import PackageSpec, PyodideLockSpec
from pyodide_lock.utils import parse_top_level_import_name, update_package_sha256

__all__ = ["LOCK_NAME", "write_lock"]

LOCK_NAME: Final = "pyodide-lock.json"


def write_lock(core: Path, wheel: Path, out: Path) -> Path:
    """Write the lock file for a wheel, without references to other hosts; return its path.

    Parameters
    ----------
    core : Path
        Folder of the npm package.
    wheel : Path
        Pure Python wheel without dependencies, to be served beside the lock file.
    out : Path
        Folder to write to.
    """
    lock = PyodideLockSpec.from_json(core / LOCK_NAME)
    lock.packages.clear()
    name, version, _, _ = parse_wheel_filename(wheel.name)
    package = PackageSpec(
        name=name,
        version=str(version),
        file_name=wheel.name,
        install_dir="site",
        imports=parse_top_level_import_name(wheel) or [],
    )
    lock.packages[name] = update_package_sha256(package, wheel)
    lock.check_wheel_filenames()
    path = out / LOCK_NAME
    lock.to_json(path, indent=1)
    return path
