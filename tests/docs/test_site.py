"""The documentation as a site: it is built without a warning, and loads nothing from elsewhere."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.paths import ROOT

pytestmark = pytest.mark.timeout(300)

BUILD_TIMEOUT_S = 280


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site; a link that leads nowhere is a warning, and each warning an error."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--site-dir", str(folder)]
    built = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=BUILD_TIMEOUT_S, check=False
    )
    assert built.returncode == 0, built.stderr
    return folder


def test_every_page_of_the_docs_is_in_the_site(site: Path) -> None:
    pages = {path.relative_to(ROOT / "docs") for path in (ROOT / "docs").rglob("*.md")}
    built = {path.relative_to(site) for path in site.rglob("*.html")}
    home = {Path("examples/README.md"): Path("examples/index.html")}
    assert {home.get(page, page.with_suffix(".html")) for page in pages} <= built
    assert {Path("index.html"), Path("changelog.html")} <= built


def test_no_page_loads_anything_from_elsewhere(site: Path) -> None:
    loads = re.compile(
        r"<(?:script|img|iframe)[^>]+src=\"(?:https?:)?//|<link[^>]+stylesheet[^>]+https?://"
    )
    found = {path.name for path in site.rglob("*.html") if loads.search(path.read_text())}
    assert not found


def test_the_reference_tells_of_public_names_and_commands(site: Path) -> None:
    phoenix = (site / "reference/phoenix.html").read_text()
    commands = (site / "reference/commands.html").read_text()
    for name in ("PhoenixSocket", "Channel", "Presence", "Token"):
        assert f'id="tickfire.phoenix.{name}"' in phoenix
    for command in ("serve", "ingest", "keys"):
        assert f'id="tickfire-{command}"' in commands


def test_the_search_knows_the_pages(site: Path) -> None:
    index = json.loads((site / "search/search_index.json").read_text())
    found = {entry["location"].partition("#")[0] for entry in index["docs"]}
    assert {"index.html", "glossary.html", "reference/phoenix.html"} <= found
