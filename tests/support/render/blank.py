"""An empty page of a secure context, in which a browser has WebGPU."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page, Route

ADDRESS = "http://localhost/"


@contextmanager
def blank_page(browser: Browser) -> Iterator[Page]:
    """Open an empty page, which no server needs to serve."""

    def answer(route: Route) -> None:
        route.fulfill(body="<!doctype html><title>blank</title>", content_type="text/html")

    context = browser.new_context()
    page = context.new_page()
    page.route("**/*", answer)
    page.goto(ADDRESS)
    yield page
    context.close()
