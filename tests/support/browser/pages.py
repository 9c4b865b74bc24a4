"""Pages for tests, used again once they are emptied: a new one costs three times as much."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urljoin

from playwright.sync_api import Browser, Playwright, sync_playwright
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Page as BrowserPage

from tests.support.browser.chromium import VIEWPORT, Chart, new_page, start

IDLE: Final = 4
"""Pages that are kept for tests to come."""
LEAVE_TIMEOUT_MS: Final = 60_000
NOWHERE: Final = "no-such-page"
"""A path without a page: what is left there runs nothing, and may empty the origin's storage."""
EMPTY: Final = """async () => {
  localStorage.clear();
  sessionStorage.clear();
  for (const name of await caches?.keys() ?? []) await caches.delete(name);
  for (const { name } of await indexedDB.databases()) indexedDB.deleteDatabase(name);
}"""


@dataclass(frozen=True)
class Kind:
    """The properties of a page that stay as they are."""

    url: str
    webgpu: bool
    scale: float
    touch: bool
    init: str


class Pages:
    """The browsers and the pages of the tests of one process, made when they are asked for."""

    def __init__(self) -> None:
        self._playwright: Playwright | None = None
        self._browsers: dict[bool, Browser] = {}
        self._lent: list[tuple[Kind, Chart]] = []
        self._idle: list[tuple[Kind, BrowserPage]] = []

    def browser(self, *, webgpu: bool) -> Browser:
        """Return the browser with or without WebGPU."""
        if self._playwright is None:
            self._playwright = sync_playwright().start()
        if webgpu not in self._browsers:
            self._browsers[webgpu] = start(self._playwright, webgpu=webgpu)
        return self._browsers[webgpu]

    def open(
        self,
        url: str,
        *,
        live: bool = True,
        viewport: dict[str, int] | None = None,
        scale: float = 1,
        touch: bool = False,
        init: str = "",
        webgpu: bool | None = None,
        **query: str,
    ) -> Chart:
        """Open the dashboard in a page that nothing else uses, with nothing stored.

        See `chromium.open_chart`. ``webgpu`` says whether the browser has WebGPU; unless given, it
        has where the query asks for that renderer.
        """
        if webgpu is None:
            webgpu = query.get("renderer") == "webgpu"
        kind = Kind(url, webgpu, scale, touch, init)
        chart = Chart(self._take(kind, viewport or VIEWPORT))
        self._lent.append((kind, chart))
        chart.go(url, query, live=live)
        return chart

    def take_back(self) -> None:
        """Empty the pages that are lent, for tests to come."""
        for kind, chart in self._lent:
            chart.leave()
            try:
                _empty(chart.page, kind.url)
            except PlaywrightError:
                chart.page.context.close()
            else:
                self._idle.append((kind, chart.page))
        self._lent.clear()
        while len(self._idle) > IDLE:
            self._idle.pop(0)[1].context.close()

    def close(self) -> None:
        """Close everything, Playwright's event loop too, which no other may run beside.

        A connection that a failure has broken is dropped, so that the next test makes its own.
        """
        browsers, playwright = list(self._browsers.values()), self._playwright
        self._playwright = None
        for kept in (self._browsers, self._lent, self._idle):
            kept.clear()
        for browser in browsers:
            with suppress(PlaywrightError):
                browser.close()
        if playwright is not None:
            with suppress(PlaywrightError):
                playwright.stop()

    def _take(self, kind: Kind, viewport: dict[str, int]) -> BrowserPage:
        for place, (idle, page) in enumerate(self._idle):
            if idle == kind:
                del self._idle[place]
                size: Any = viewport
                if page.viewport_size != viewport:
                    page.set_viewport_size(size)
                return page
        browser = self.browser(webgpu=kind.webgpu)
        return new_page(browser, viewport, scale=kind.scale, touch=kind.touch, init=kind.init)


def _empty(page: BrowserPage, url: str) -> None:
    """Undo what a test may have done to a page and its context."""
    for other in page.context.pages:
        if other is not page:
            other.close()
    page.unroute_all()
    page.context.unroute_all()
    page.context.clear_permissions()
    page.emulate_media(color_scheme="dark", reduced_motion="null", forced_colors="null")
    page.mouse.move(0, 0)
    page.goto(urljoin(url, NOWHERE), timeout=LEAVE_TIMEOUT_MS)
    page.evaluate(EMPTY)
