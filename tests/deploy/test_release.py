from __future__ import annotations

import json
import shutil
import tarfile
import zipfile
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from deploy.release.checks import check_npm, check_wheels, only_known
from deploy.release.distributions import (
    CHANGELOG,
    NPM,
    PYTHON,
    ReleaseError,
    notes_of,
    npm_version,
    set_version,
    version_of,
)
from tests.support.paths import ROOT

TODAY = date(2026, 11, 28)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The files of a release, in a folder of their own."""
    paths = [CHANGELOG, NPM / "package.json", NPM / "package-lock.json"]
    for path in [*paths, *(each.folder / "pyproject.toml" for each in PYTHON)]:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, tmp_path / path)
    return tmp_path


def test_all_distributions_have_one_version() -> None:
    assert version_of()


def test_every_distribution_of_the_repository_is_released() -> None:
    found = {path.parent.relative_to(ROOT) for path in (ROOT / "server").rglob("pyproject.toml")}
    assert found | {Path()} == {each.folder for each in PYTHON}


def test_a_version_is_set_everywhere(copy: Path) -> None:
    notes = notes_of("Unreleased", (copy / CHANGELOG).read_text())
    changed = set_version("9.8.7rc1", TODAY, copy)
    assert len(changed) == 3 + len(PYTHON)
    for each in PYTHON:
        assert 'version = "9.8.7rc1"' in (copy / each.folder / "pyproject.toml").read_text()
    assert '"tickfire-phoenix[redis,uvicorn]==9.8.7rc1"' in (copy / "pyproject.toml").read_text()
    lock = json.loads((copy / NPM / "package-lock.json").read_text())
    assert lock["version"] == lock["packages"][""]["version"] == "9.8.7-rc.1"
    ours = json.loads((ROOT / NPM / "package-lock.json").read_text())["packages"]
    assert {name: lock["packages"][name] for name in ours if name} == {
        name: entry for name, entry in ours.items() if name
    }
    changelog = (copy / CHANGELOG).read_text()
    assert "## [9.8.7rc1] - 2026-11-28" in changelog
    assert notes_of("9.8.7rc1", changelog) == notes
    assert not notes_of("Unreleased", changelog)


def test_a_version_is_set_once(copy: Path) -> None:
    set_version("9.8.7", TODAY, copy)
    assert version_of(copy) == "9.8.7"
    with pytest.raises(ReleaseError, match=r"has a section 9\.8\.7 already"):
        set_version("9.8.7", TODAY, copy)
    with pytest.raises(ReleaseError, match="nothing under"):
        set_version("9.8.8", TODAY, copy)
    with pytest.raises(ReleaseError, match="is no version"):
        set_version("v9", TODAY, copy)


def test_versions_that_differ_are_told(copy: Path) -> None:
    path = copy / NPM / "package.json"
    path.write_text(path.read_text().replace(version_of(copy), "0.0.1", 1))
    with pytest.raises(ReleaseError, match=r"the npm package 0\.0\.1"):
        version_of(copy)


def wheel(folder: Path, name: str, *files: str) -> Path:
    with zipfile.ZipFile(folder / f"{name}.whl", "w") as archive:
        for file in (*files, f"tickfire_{name}.dist-info/licenses/LICENSE"):
            archive.writestr(file, "")
    return folder / f"{name}.whl"


def test_wheels_that_are_not_whole_are_refused(tmp_path: Path) -> None:
    phoenix, tickfire = PYTHON[0], PYTHON[-1]
    one = wheel(tmp_path, "one", phoenix.package)
    check_wheels({phoenix: one})
    with pytest.raises(ReleaseError, match=r"lacks tickfire/server/__init__\.py"):
        check_wheels({phoenix: one, tickfire: wheel(tmp_path, "two")})
    with pytest.raises(ReleaseError, match=r"lacks tickfire/kernels/kernels\.wasm"):
        check_wheels({tickfire: wheel(tmp_path, "three", tickfire.package)})
    with pytest.raises(ReleaseError, match="two wheels hold tickfire/phoenix"):
        check_wheels(
            {phoenix: one, replace(phoenix, name="x"): wheel(tmp_path, "x", phoenix.package)}
        )
    with pytest.raises(ReleaseError, match="holds"):
        only_known(tmp_path)


def test_a_tarball_that_lacks_a_file_that_it_exports_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "package"
    folder.mkdir()
    (folder / "package.json").write_text('{"version": "1.2.3", "exports": {".": "./dist/a.js"}}')
    (folder / "LICENSE").touch()
    (folder / "README.md").touch()
    tarball = tmp_path / "tickfire-1.2.3.tgz"
    with tarfile.open(tarball, "w:gz") as archive:
        archive.add(folder, "package")
    with pytest.raises(ReleaseError, match=r"lacks dist/a\.js"):
        check_npm(tarball, "1.2.3")
    with pytest.raises(ReleaseError, match=r"has the version 1\.2\.3"):
        check_npm(tarball, npm_version("1.2.4rc1"))
