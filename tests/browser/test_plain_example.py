"""The example of twenty lines: stock phoenix.js and a chart, against a whole `tickfire dev`."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from tests.support.browser.consumer import pack
from tests.support.browser.house import house
from tests.support.browser.serving import Serving
from tests.support.paths import CLIENT

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(240)]

EXAMPLE = CLIENT / "examples" / "plain" / "index.html"
DEFAULT_HOST = "127.0.0.1:4000"


def test_draws_live_candles_from_make_run_dev(browser: Browser, tmp_path: Path) -> None:
    pack(tmp_path)
    text = EXAMPLE.read_text()
    assert len(text.splitlines()) <= 20
    assert DEFAULT_HOST in text
    host = DEFAULT_HOST

    async def example(_: Request) -> HTMLResponse:
        return HTMLResponse(text.replace(DEFAULT_HOST, host))

    files = Mount("/", StaticFiles(directory=str(CLIENT)))
    serving = Serving(Starlette(routes=[Route("/examples/plain/", example), files]))
    serving.start()
    try:
        settings = {"ALLOWED_ORIGINS": serving.url.removesuffix("/")}
        with house(settings, tmp_path / "log") as (url, _):
            host = url.removeprefix("http://").removesuffix("/")
            page = browser.new_page()
            complaints: list[str] = []
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.goto(f"{serving.url}examples/plain/")
            page.wait_for_selector(".label-last:not([hidden])")
            page.wait_for_function("() => document.querySelector('.legend-title').offsetWidth > 0")
            assert page.inner_text(".legend-title") == "ESZ6 · 1s"
            price = page.inner_text(".label-last")
            page.wait_for_function(
                "price => document.querySelector('.label-last').innerText !== price", arg=price
            )
            assert complaints == []
            page.context.close()
    finally:
        serving.stop()
