"""Rules of the repository."""

from __future__ import annotations

import itertools
import json
import re
import subprocess
import tomllib
from typing import Any

import pytest

from deploy.release.distributions import PYTHON
from tests.support.paths import ROOT

LOCKS = ("requirements.lock", "requirements-dev.lock")

# Written in pieces, so that this file does not hold what it forbids.
REGISTRY_HOSTS = [
    "pypi" + ".org",
    "pythonhosted" + ".org",
    "npmjs" + ".org",
    "npmjs" + ".com",
    "yarnpkg" + ".com",
    "deb.debian" + ".org",
    "archive.ubuntu" + ".com",
    "astral" + ".sh",
]
MACHINE_PATHS = r"(^|[^A-Za-z0-9_.])/(" + "|".join(["wo" + "rk", "ro" + "ot", "fa" + "rm"]) + ")/"


def git(*args: str) -> str:
    result = subprocess.run(["git", *args], cwd=ROOT, capture_output=True, text=True)
    if result.returncode not in (0, 1):  # git grep: 1 is "nothing found"
        pytest.skip(f"not a git checkout: {result.stderr.strip()}")
    return result.stdout


def project(folder: str = ".") -> Any:
    return tomllib.loads((ROOT / folder / "pyproject.toml").read_text())["project"]


def test_no_file_names_a_registry() -> None:
    found = git("grep", "-nIE", "|".join(map(re.escape, REGISTRY_HOSTS)))
    assert found == ""


def test_no_file_names_a_path_of_one_machine() -> None:
    assert git("grep", "-nIE", MACHINE_PATHS) == ""


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_requirement_is_exact_and_hashed(lock: str) -> None:
    text = re.sub(r"^\s*#.*\n", "", (ROOT / lock).read_text(), flags=re.MULTILINE)
    requirements = re.sub(r"\\\n\s*", " ", text).strip().splitlines()
    assert len(requirements) > 10
    for requirement in requirements:
        assert re.match(r"[a-z0-9][a-z0-9._-]*==\S+ ", requirement), requirement
        assert "--hash=sha256:" in requirement, requirement


def test_the_runtime_lock_is_a_part_of_the_development_lock() -> None:
    runtime, development = (
        set(re.findall(r"^([a-z0-9._-]+==[^ ;\\]+)", (ROOT / lock).read_text(), re.MULTILINE))
        for lock in LOCKS
    )
    assert runtime < development


def test_every_dependency_is_locked() -> None:
    locked = (ROOT / "requirements-dev.lock").read_text()
    projects = [project(str(each.folder)) for each in PYTHON]
    ours = {declared["name"] for declared in projects}
    for declared in projects:
        extras = itertools.chain.from_iterable(declared["optional-dependencies"].values())
        requirements = [*declared["dependencies"], *extras]
        assert len(requirements) > 1
        for requirement in requirements:
            name = re.split(r"[^A-Za-z0-9._-]", requirement)[0].lower()
            if name not in ours:
                assert re.search(rf"^{re.escape(name)}==", locked, re.MULTILINE), name


def test_tickfire_depends_on_the_library_of_the_same_version() -> None:
    market, library = project(), project("server")
    assert library["version"] == market["version"]
    (needed,) = (each for each in market["dependencies"] if each.startswith(library["name"]))
    assert needed.endswith(f"=={library['version']}")


def test_the_npm_lock_has_hashes_and_no_addresses() -> None:
    packages = json.loads((ROOT / "client_js" / "package-lock.json").read_text())["packages"]
    third_party = {name: entry for name, entry in packages.items() if name.startswith("node_mod")}
    assert third_party
    for name, entry in third_party.items():
        assert "resolved" not in entry, name
        assert entry["integrity"].startswith("sha512-"), name


def test_the_namespace_has_no_init_and_every_package_is_typed() -> None:
    for top in ("server", "ingest", "models", "wasm"):
        namespace = ROOT / top / "tickfire"
        assert not (namespace / "__init__.py").exists()
        packages = [path for path in namespace.iterdir() if path.name != "__pycache__"]
        assert packages, f"{namespace} is empty"
        for package in packages:
            assert (package / "__init__.py").exists(), package
            assert (package / "py.typed").exists(), package


def test_what_is_built_is_not_committed() -> None:
    built = ("server/tickfire/server/static", ".venv", ".make", "dist", "client_js/node_modules")
    assert git("ls-files", *built) == ""


def test_every_target_of_the_readme_is_in_the_makefile() -> None:
    targets = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for document in ("README.md", "docs/development.md"):
        named = set(re.findall(r"\bmake ([a-z-]+)\b", (ROOT / document).read_text()))
        assert named, f"{document} names no target"
        assert named <= targets, document
    assert {"help", "setup", "run-dev", "test", "lint", "types", "bench", "dist-check"} <= targets


def test_every_link_of_the_documents_leads_somewhere() -> None:
    links = []
    for document in [ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").glob("*.md")]:
        text = re.sub(r"<!--.*?-->", "", document.read_text(), flags=re.DOTALL)
        targets = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text)
        links += [(document, target) for target in targets]
    assert len(links) > 20
    for document, target in links:
        assert (document.parent / target).exists(), f"{document.name}: {target}"
