"""The page of client_js/test/scene, which draws charts of the npm package for comparison."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from playwright.sync_api import Browser, CDPSession, Page, Route

from tests.support.browser.built import built_package
from tests.support.paths import CLIENT
from tests.support.render.cases import Case
from tickfire.render.scene.geometry import PaneSize

ADDRESS: Final = "http://localhost/"
"""A secure context, in which a browser has WebGPU; no server needs to serve it."""
PACKAGE: Final = "package/"
TIMEOUT_MS: Final = 60_000
ARGUMENTS: Final = ("--disable-accelerated-2d-canvas",)
"""Without a GPU, a canvas drawn by the processor takes a third of the time."""
VIEWPORT: Final = {"width": 100, "height": 100}
"""Small: what is out of sight is drawn, but need not be composed."""


@dataclass(frozen=True)
class Drawn:
    """A chart as the page drew it.

    Attributes
    ----------
    pane : PaneSize
    digests : dict of str
        SHA-256 of the pixels, by renderer.
    texts : list of str
        The prices of the case as the axis tells them.
    failures : list of str
    """

    pane: PaneSize
    digests: dict[str, str]
    texts: list[str]
    failures: list[str]


@dataclass(frozen=True)
class ScenePage:
    """The page in a browser."""

    page: Page
    devtools: CDPSession

    @classmethod
    @contextmanager
    def open(cls, browser: Browser) -> Iterator[ScenePage]:
        package, own = built_package(), CLIENT / "test" / "scene"

        def answer(route: Route) -> None:
            name = route.request.url.removeprefix(ADDRESS) or "index.html"
            inside = name.startswith(PACKAGE)
            path = package / name.removeprefix(PACKAGE) if inside else own / name
            route.fulfill(path=path) if path.exists() else route.fulfill(status=404)

        context = browser.new_context(viewport=VIEWPORT)  # type: ignore[arg-type]
        page = context.new_page()
        page.set_default_timeout(TIMEOUT_MS)
        page.route("**/*", answer)
        page.goto(ADDRESS)
        page.wait_for_function("() => globalThis.load !== undefined")
        page.evaluate("names => load(names)", _on_demand(package))
        yield cls(page, context.new_cdp_session(page))
        context.close()

    def draw(self, cases: Sequence[Case]) -> list[Drawn]:
        """Draw charts, all for one ratio of device pixels to CSS pixels."""
        self._set_ratio(cases[0].ratio)
        given = json.dumps([case.as_json() for case in cases])
        found = self.page.evaluate("json => drawAll(json)", given)
        return [Drawn(PaneSize(**each.pop("pane")), **each) for each in found]

    def pixels(self, case: Case, renderer: str, pane: PaneSize) -> Any:
        """Return the pixels of a chart that was drawn, uint8[height, width, 4]."""
        encoded = self.page.evaluate(
            "([number, name]) => pixels(number, name)", [case.number, renderer]
        )
        data = np.frombuffer(base64.b64decode(encoded), np.uint8)
        return data.reshape(pane.height, pane.width, 4)

    def _set_ratio(self, ratio: float) -> None:
        metrics = {**VIEWPORT, "deviceScaleFactor": ratio, "mobile": False}
        self.devtools.send("Emulation.setDeviceMetricsOverride", metrics)
        self.page.wait_for_function("ratio => devicePixelRatio === ratio", arg=ratio)


def _on_demand(package: Path) -> list[str]:
    """Return the modules that the chart's modules load on demand."""
    texts = [path.read_text("utf8") for path in package.glob("chart*.js")]
    return sorted({name for text in texts for name in re.findall(r'import\("\./([^"]+)"\)', text)})
