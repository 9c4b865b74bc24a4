"""axe, the accessibility checker, in a page under test."""

from __future__ import annotations

from typing import Final

from playwright.sync_api import Page

from tests.support.paths import CLIENT

AXE: Final = CLIENT / "node_modules" / "axe-core" / "axe.min.js"
RUN_AXE: Final = """async () => {
  const { violations } = await axe.run(document, { resultTypes: ["violations"] });
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => [id, ...nodes.slice(0, 4).map((each) =>
      `${each.target} ${each.any.map(({ message }) => message).join(" ")}`)]);
}"""


def load_axe(page: Page) -> None:
    """Load axe into a page, for `assert_axe_passes`."""
    page.evaluate(AXE.read_text())


def assert_axe_passes(page: Page, context: str) -> None:
    """Assert that axe has no serious finding in a page; `context` tells which page it is."""
    found = page.evaluate(RUN_AXE)
    assert found == [], f"{context}: {found}"
