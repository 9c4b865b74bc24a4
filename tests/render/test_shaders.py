"""Every shader is accepted by the compilers of the browser and of the server, Tint and naga.

naga may abort its process on a shader that Tint accepts, so each is compiled in a process apart.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.support.browser.chromium import launch
from tests.support.paths import CLIENT, ROOT
from tests.support.render.blank import blank_page

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

SHADERS = sorted(
    path
    for folder in (CLIENT / "shaders", CLIENT / "src", ROOT / "server")
    for path in folder.rglob("*.wgsl")
    if "static" not in path.parts
)
BROKEN = "@vertex fn vs() -> @builtin(position) vec4f {\n  return vec4f(missing);\n}\n"
TINT = """async code => {
  const adapter = await navigator.gpu.requestAdapter();
  const device = await adapter.requestDevice();
  const info = await device.createShaderModule({ code }).getCompilationInfo();
  const errors = info.messages.filter(each => each.type === "error");
  return errors.map(({ lineNum, message }) => `line ${lineNum}: ${message}`);
}"""


def by_naga(path: Path) -> str:
    """Return the errors of naga, nothing if there are none."""
    done = subprocess.run(
        [sys.executable, "-m", "tickfire.render.gpu.check", str(path)],
        capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    return "" if done.returncode == 0 else f"exit {done.returncode}: {done.stderr}"


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with launch() as browser, blank_page(browser) as page:
        yield page


def by_tint(page: Page, path: Path) -> Any:
    return page.evaluate(TINT, path.read_text("utf8"))


def test_there_are_shaders() -> None:
    assert CLIENT / "shaders" / "candles.wgsl" in SHADERS


@pytest.mark.parametrize("path", SHADERS, ids=lambda path: path.name)
def test_each_is_accepted_by_both(page: Page, path: Path) -> None:
    assert by_tint(page, path) == []
    assert by_naga(path) == ""


def test_a_broken_one_is_reported_by_name_and_line(page: Page, tmp_path: Path) -> None:
    path = tmp_path / "broken.wgsl"
    path.write_text(BROKEN)
    (said,) = by_tint(page, path)
    assert said.startswith("line 2: ")
    assert "missing" in said
    errors = by_naga(path)
    assert "broken.wgsl" in errors
    assert ":2:" in errors
    assert "missing" in errors
