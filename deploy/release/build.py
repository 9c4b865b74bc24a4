"""Wheels, sdists and the npm tarball."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from deploy.release.distributions import NPM, ROOT, ReleaseError


def run(*command: str | Path, cwd: Path) -> str:
    """Run a command; return its standard output.

    Raises
    ------
    ReleaseError
        It fails.
    """
    env = {**os.environ, "SOURCE_DATE_EPOCH": time_of_commit(), "PYTHONPATH": ""}
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=env, text=True, capture_output=True
    )
    if done.returncode:
        said = "\n".join((done.stdout, done.stderr)).strip()
        raise ReleaseError(f"{' '.join(map(str, command[:4]))} in {cwd} failed:\n{said}")
    return done.stdout


def time_of_commit() -> str:
    """Return the time of the commit, by which builds of it are the same, in s since 1970."""
    found = subprocess.run(
        ("git", "log", "-1", "--format=%ct"), cwd=ROOT, text=True, capture_output=True
    )
    return found.stdout.strip() or "1577836800"


def build_python(project: Path, target: Path) -> Path:
    """Build the sdist of a project, unpack it elsewhere, and build its wheel there.

    Parameters
    ----------
    project : Path
        Folder of its ``pyproject.toml``.
    target : Path
        Folder for the sdist and the wheel.

    Returns
    -------
    Path
        The wheel.
    """
    with tempfile.TemporaryDirectory(prefix="tickfire-build-") as folder:
        made, unpacked = Path(folder, "dist"), Path(folder, "source")
        hatchling = (sys.executable, "-m", "hatchling", "build", "-d", made, "-t")
        run(*hatchling, "sdist", cwd=project)
        with tarfile.open(_only(made, "*.tar.gz")) as archive:
            archive.extractall(unpacked, filter="data")
        run(*hatchling, "wheel", cwd=_only(unpacked, "*"))
        target.mkdir(parents=True, exist_ok=True)
        for path in made.iterdir():
            (target / path.name).write_bytes(path.read_bytes())
        return target / _only(made, "*.whl").name


def pack_npm(target: Path) -> Path:
    """Pack the npm package, which `make client` has built.

    Returns
    -------
    Path
        The tarball.
    """
    target.mkdir(parents=True, exist_ok=True)
    pack = ("npm", "pack", "--silent", "--ignore-scripts", "--pack-destination", target)
    return target / run(*pack, cwd=ROOT / NPM).strip().splitlines()[-1]


def _only(folder: Path, pattern: str) -> Path:
    (found,) = folder.glob(pattern)
    return found
