"""Headless Chromium with WebGPU, showing a page under test."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from shutil import which
from typing import Any, Final
from urllib.parse import urlencode, urljoin

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Browser, ConsoleMessage, Error, Page, Playwright, sync_playwright

ARGUMENTS: Final = [
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # A name that is no secure context, for the page on plain http.
    "--host-resolver-rules=MAP insecure.test 127.0.0.1",
]
WITH_WEBGPU: Final = [
    # All four are needed for a WebGPU canvas on a machine without a GPU.
    "--enable-unsafe-webgpu",
    "--enable-features=Vulkan",
    "--use-vulkan=swiftshader",
    "--use-angle=swiftshader",
]
WITHOUT_WEBGPU: Final = ["--disable-gpu"]
"""Frames by the CPU itself cost a third of those by a GPU that the CPU imitates."""
VIEWPORT: Final = {"width": 1440, "height": 900}
LIVE_TIMEOUT_MS: Final = 60_000
PANELS: Final = {
    "indicators": "#indicator-panel .offer",
    "compare": "#compare-panel .search",
    "alerts": "#alerts-panel form",
    "draw": "#drawing-panel [role=toolbar]",
    "export": "#export-panel button",
}
"""Contents of the panels that the page loads on demand at its start, by the id of their button."""

Pixels = NDArray[np.int16]
"""height x width x RGB"""

_WATCH_CSP: Final = """
window.addEventListener("securitypolicyviolation", (event) =>
  console.error(`CSP: ${event.violatedDirective} ${event.blockedURI}`));
"""


@contextmanager
def launch(*arguments: str, webgpu: bool = True) -> Iterator[Browser]:
    """Start Chromium, with more arguments, and with WebGPU."""
    with sync_playwright() as playwright:
        browser = start(playwright, *arguments, webgpu=webgpu)
        try:
            yield browser
        finally:
            browser.close()


def start(playwright: Playwright, *arguments: str, webgpu: bool) -> Browser:
    """Start Chromium: `CHROMIUM`'s, or the system's. Without WebGPU it needs less of the CPU."""
    return playwright.chromium.launch(
        executable_path=os.environ.get("CHROMIUM")
        or which("chromium-headless-shell")
        or which("chromium"),
        args=[*ARGUMENTS, *(WITH_WEBGPU if webgpu else WITHOUT_WEBGPU), *arguments],
    )


@dataclass
class Chart:
    """The dashboard in a page, read through its visible content."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    """Console errors, uncaught exceptions and CSP reports so far."""

    def __post_init__(self) -> None:
        self.page.on("console", self._take_console)
        self.page.on("pageerror", self._take_error)

    def leave(self) -> None:
        """Listen to the page no longer."""
        self.page.remove_listener("console", self._take_console)
        self.page.remove_listener("pageerror", self._take_error)

    def go(self, url: str, query: dict[str, str], *, live: bool = True) -> None:
        """Show the dashboard at `url` with query parameters; wait until it is live."""
        self.page.goto(urljoin(url, f"?{urlencode(query)}" if query else ""))
        if live:
            self.wait_live()

    def _take_console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.complaints.append(message.text)

    def _take_error(self, error: Error) -> None:
        self.complaints.append(error.stack or str(error))

    def data(self, name: str) -> str:
        """Return a data attribute of the root element, such as ``lastPrice``."""
        value: str | None = self.page.evaluate("n => document.documentElement.dataset[n]", name)
        return value or ""

    def wait_data(self, name: str, value: str, timeout_ms: int = LIVE_TIMEOUT_MS) -> None:
        """Wait until a data attribute has a value."""
        self.page.wait_for_function(
            "([n, v]) => document.documentElement.dataset[n] === v",
            arg=[name, value],
            timeout=timeout_ms,
        )

    def wait_live(
        self, candles: int = 1, timeout_ms: int = LIVE_TIMEOUT_MS, without: Sequence[str] = ()
    ) -> None:
        """Wait until the page is live and has drawn its candles, and takes the mouse and all keys.

        ``without`` names panels, by their button's id, that need not be loaded.
        """
        self.page.wait_for_function(
            """([least, panels]) => {
              const { state, candles, renderer } = document.documentElement.dataset;
              // A title becomes an explanation once the pointer has been over it.
              const axis = "#chart .axis-price:is([title], [data-tip])";
              const moves = document.querySelector(axis) !== null;
              const opens = panels.every((panel) => document.querySelector(panel) !== null);
              return state === "live" && Number(candles) >= least && renderer && moves && opens;
            }""",
            arg=[candles, [panel for button, panel in PANELS.items() if button not in without]],
            timeout=timeout_ms,
        )
        self.settle()

    def settle(self) -> None:
        """Wait for two animation frames, so that the last change is on the screen."""
        self.page.evaluate(
            "() => new Promise(r => requestAnimationFrame(() => requestAnimationFrame(r)))"
        )

    def text(self, selector: str) -> str:
        return self.page.inner_text(selector)

    def choose(self, key: str, panel: str, text: str) -> None:
        """Choose the first offer of a panel that a text finds, by keys alone; `key` opens it."""
        keyboard = self.page.keyboard
        if not self.page.locator(panel).is_visible():
            keyboard.press(key)
            # Panels are loaded on demand; until then the page takes keys for its own shortcuts.
            self.page.wait_for_function(
                "panel => document.querySelector(`${panel}:popover-open`)?"
                ".contains(document.activeElement)",
                arg=panel,
            )
        keyboard.press("Control+a")
        keyboard.type(text)
        keyboard.press("Enter")

    def shoot(self, path: str | None = None) -> Pixels:
        """Take a screenshot of the whole page; `path` keeps it as a PNG."""
        self.page.mouse.move(1, 1)
        self.settle()
        taken = self.page.screenshot(path=path)
        return np.asarray(Image.open(io.BytesIO(taken)).convert("RGB")).astype(np.int16)

    def region(self, pixels: Pixels, selector: str) -> Pixels:
        """Return the part of a screenshot that an element covers."""
        box: Any = self.page.locator(selector).bounding_box()
        ratio: float = self.page.evaluate("devicePixelRatio")
        left, top = round(box["x"] * ratio), round(box["y"] * ratio)
        right, bottom = (box["x"] + box["width"]) * ratio, (box["y"] + box["height"]) * ratio
        return pixels[top : round(bottom), left : round(right)]

    def color(self, variable: str) -> tuple[int, int, int]:
        """Return a colour of the style sheet, such as ``--up``."""
        text: str = self.page.evaluate(
            """name => {
              const context = document.createElement("canvas").getContext("2d");
              const style = getComputedStyle(document.documentElement);
              context.fillStyle = style.getPropertyValue(name);
              return context.fillStyle;
            }""",
            variable,
        )
        return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)


type OpenPage = Callable[..., Chart]


def count(pixels: Pixels, color: tuple[int, int, int]) -> int:
    """Return how many pixels have exactly a colour."""
    return int((pixels == np.array(color, np.int16)).all(axis=-1).sum())


def check_chart(chart: Chart, pixels: Pixels, *, both_colors: bool = True) -> None:
    """Assert that a screenshot shows a chart: candles, and text on both axes.

    Candles of rising and of falling prices, unless ``both_colors`` is false: a quiet market may
    have one kind only.
    """
    pane = chart.region(pixels, "#chart .pane")
    found = {name: count(pane, chart.color(name)) for name in ("--up", "--down")}
    enough = min(found.values()) if both_colors else sum(found.values())
    assert enough > 200, f"pixels of candles: {found}"
    background = chart.color("--chart-background")
    for selector in (".axis-price", ".axis-time"):
        strip = chart.region(pixels, selector)
        text = strip.shape[0] * strip.shape[1] - count(strip, background)
        assert text > 150, f"{text} pixels of text on {selector}"


def open_chart(
    browser: Browser,
    url: str,
    *,
    live: bool = True,
    viewport: dict[str, int] | None = None,
    scale: float = 1,
    touch: bool = False,
    init: str = "",
    **query: str,
) -> Chart:
    """Open the dashboard at `url` with query parameters; wait until it is live.

    Parameters
    ----------
    browser : Browser
    url : str
        URL of the server, with a trailing slash.
    live : bool
        Wait for live candles.
    viewport, scale
        Size in CSS pixels, and device pixels in one of them.
    touch : bool
        The device has a touch screen.
    init : str
        JavaScript to run before the page's own.
    query : str
        ``renderer``, ``symbol``, ``interval``.
    """
    page = new_page(browser, viewport or VIEWPORT, scale=scale, touch=touch, init=init)
    chart = Chart(page)
    chart.go(url, query, live=live)
    return chart


def new_page(
    browser: Browser, viewport: dict[str, int], *, scale: float, touch: bool, init: str
) -> Page:
    """Open an empty page in a context of its own; see `open_chart`."""
    size: Any = viewport
    context = browser.new_context(
        viewport=size, device_scale_factor=scale, has_touch=touch, color_scheme="dark"
    )
    page = context.new_page()
    page.set_default_timeout(LIVE_TIMEOUT_MS)
    page.add_init_script(_WATCH_CSP + init)
    return page
