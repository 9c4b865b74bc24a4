"""Checks of what was built, before it is uploaded."""

from __future__ import annotations

import json
import sys
import tarfile
import zipfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from deploy.release.build import run
from deploy.release.distributions import NPM, PYTHON, ROOT, Python, ReleaseError

SHIPPED: Final[Mapping[str, Sequence[str]]] = {
    "tickfire": (
        "tickfire/kernels/kernels.wasm",
        "tickfire/render/assets/candles.wgsl",
        "tickfire/server/static/index.html",
        "tickfire/server/static/pyodide/current.json",
    ),
}
"""Files that are built before, by distribution, without which its wheel would be incomplete."""


def check_wheels(wheels: Mapping[Python, Path]) -> None:
    """Check that wheels hold what they should, and that no two have a file in common.

    Raises
    ------
    ReleaseError
    """
    names = {each: set(zipfile.ZipFile(wheel).namelist()) for each, wheel in wheels.items()}
    for each, files in names.items():
        for wanted in (each.package, *SHIPPED.get(each.name, ())):
            if wanted not in files:
                raise ReleaseError(f"the wheel of {each.name} lacks {wanted}; run make setup.")
        own = (f"{each.package.rpartition('/')[0]}/", "tickfire_")
        if each.folder != Path() and (foreign := {n for n in files if not n.startswith(own)}):
            raise ReleaseError(f"the wheel of {each.name} holds {min(foreign)}.")
        if not any(name.endswith("licenses/LICENSE") for name in files):
            raise ReleaseError(f"the wheel of {each.name} has no licence.")
    _check_apart(names.values())


def _check_apart(sets: Iterable[set[str]]) -> None:
    counts = Counter(name for files in sets for name in files)
    if common := [name for name, count in counts.items() if count > 1]:
        raise ReleaseError(f"two wheels hold {common[0]}.")


def check_python(files: Sequence[Path]) -> None:
    """Check the metadata of wheels and sdists, strictly, with twine.

    Raises
    ------
    ReleaseError
    """
    run(sys.executable, "-m", "twine", "--no-color", "check", "--strict", *files, cwd=ROOT)


def check_npm(tarball: Path, version: str) -> None:
    """Check the tarball as it will be installed, with publint and attw, and that it is whole.

    Raises
    ------
    ReleaseError
    """
    with tarfile.open(tarball) as archive:
        names = {name.removeprefix("package/") for name in archive.getnames()}
        member = archive.extractfile("package/package.json")
        package = json.loads(member.read()) if member is not None else {}
    if package.get("version") != version:
        raise ReleaseError(f"{tarball.name} has the version {package.get('version')}.")
    for wanted in ("LICENSE", "README.md", *_exported(package["exports"])):
        if wanted not in names:
            raise ReleaseError(f"{tarball.name} lacks {wanted}; run make client.")
    tools = ROOT / NPM / "node_modules" / ".bin"
    run(tools / "publint", "run", tarball, "--strict", cwd=ROOT / NPM)
    run(tools / "attw", tarball, cwd=ROOT / NPM)


def _exported(exports: Mapping[str, str | Mapping[str, str]]) -> list[str]:
    targets: list[str] = []
    for target in exports.values():
        targets += [target] if isinstance(target, str) else target.values()
    return [target.removeprefix("./") for target in targets]


def only_known(folder: Path) -> None:
    """Check that a folder holds a wheel and an sdist of each distribution, and nothing else.

    Raises
    ------
    ReleaseError
    """
    found = Counter(path.name.split("-")[0] for path in folder.iterdir())
    wanted = {each.name.replace("-", "_"): 2 for each in PYTHON}
    if found != wanted:
        raise ReleaseError(f"{folder} holds {dict(found)} instead of {wanted}.")
