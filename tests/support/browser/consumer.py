"""An application outside the repository that has installed the npm package."""

from __future__ import annotations

import shutil
import subprocess
import tarfile
from pathlib import Path

from tests.support.browser.built import built_package
from tests.support.paths import CLIENT

MODULES = CLIENT / "node_modules"


def pack(folder: Path) -> Path:
    """Pack the built npm package; return its tarball."""
    built_package()  # not anew: other test processes read its files
    packed = ["npm", "pack", "--silent", "--ignore-scripts", "--pack-destination", str(folder)]
    name = subprocess.run(packed, cwd=CLIENT, check=True, capture_output=True, text=True)
    return folder / name.stdout.strip().splitlines()[-1]


def install(tarball: Path, project: Path, *others: str) -> None:
    """Install the package as npm does, with its dependency and `others` from the checkout."""
    installed = project / "node_modules" / "tickfire"
    installed.mkdir(parents=True)
    with tarfile.open(tarball) as archive:
        for member in archive.getmembers():
            member.name = member.name.removeprefix("package/")
            archive.extract(member, installed, filter="data")
    for name in ("phoenix", *others):
        shutil.copytree(MODULES / name, project / "node_modules" / name)


def build(project: Path, *pages: str) -> Path:
    """Build the project's pages by Vite with its defaults; return the folder of the result."""
    (project / "package.json").write_text('{ "name": "application", "type": "module" }')
    inputs = ", ".join(f'"{page}"' for page in pages)
    (project / "vite.config.js").write_text(
        f"export default {{ build: {{ rolldownOptions: {{ input: [{inputs}] }} }} }};"
    )
    vite = str(MODULES / ".bin" / "vite")
    subprocess.run([vite, "build", "--logLevel", "error"], cwd=project, check=True)
    return project / "dist"
