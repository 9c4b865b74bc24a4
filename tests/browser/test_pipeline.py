"""Data on its way from feed to pixel, as the page shows it: a whole `tickfire dev`, not a stage."""

from __future__ import annotations

import contextlib
import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.support.browser.axe import assert_axe_passes, load_axe
from tests.support.browser.chromium import OpenPage
from tests.support.browser.house import house
from tests.support.eventually import wait_until
from tests.support.processes import child_of

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(180)]

NODES: Final = ["feed", "kernel", "redis", "server", "socket", "store", "compute", "gpu"]
TIME: Final = re.compile(r"^(< 1 µs|\d[\d.]* (µs|ms|s))$")
PATIENCE_MS: Final = 60_000


class Running(NamedTuple):
    """A `tickfire dev` that runs."""

    url: str
    pid: int


@pytest.fixture(scope="module")
def running(static: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with house({}, tmp_path_factory.mktemp("house") / "log") as (url, pid):
        yield Running(url, pid)


@pytest.fixture
def pipeline(browser: Browser, running: Running) -> Iterator[Page]:
    """The page at /pipeline, live."""
    context = browser.new_context(viewport={"width": 1600, "height": 1000})
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.goto(f"{running.url}pipeline?renderer=canvas2d")
    expect(node(page, "kernel")).to_have_attribute("data-state", "up", timeout=PATIENCE_MS)
    yield page
    context.close()


def node(page: Page, name: str) -> Locator:
    return page.locator(f".node[data-node={name}]")


def rows_of(page: Page) -> dict[str, str]:
    """Return the hops of the trade that is followed, and their times as shown."""
    # All at once: the next trade replaces them.
    rows: list[tuple[str, str]] = page.locator(".follow-row").evaluate_all(
        "rows => rows.map((row) => [row.dataset.hop, row.querySelector('b').innerText])"
    )
    return dict(rows)


def test_a_trade_is_followed_hop_by_hop_to_the_screen(pipeline: Page) -> None:
    pipeline.wait_for_function(
        "() => document.querySelector('.follow-row[data-hop=present]') !== null",
        timeout=PATIENCE_MS,
    )
    rows = rows_of(pipeline)
    hops = ["parse", "write", "read", "encode", "send", "network", "fold", "compute", "present"]
    assert [hop for hop in rows if hop != "venue"] == hops
    assert all(TIME.match(text) for text in rows.values()), rows
    assert rows["write"] != "< 1 µs"
    button = pipeline.locator(".trades-row").nth(3)
    button.hover()  # the list stands still
    wanted = button.get_attribute("data-trace")
    button.click()
    expect(pipeline.locator(".follow")).to_have_attribute("data-trace", wanted or "")
    expect(button).to_have_attribute("aria-pressed", "true")


def test_each_node_is_a_button_with_its_figures_and_more(pipeline: Page) -> None:
    names = [each.get_attribute("data-node") for each in pipeline.locator(".node").all()]
    assert names == NODES
    expect(node(pipeline, "redis").locator(".node-median")).not_to_have_text("—")
    expect(node(pipeline, "redis").locator(".node-rate")).to_contain_text("ticks/s")
    node(pipeline, "redis").press("Enter")
    expect(pipeline.locator(".details h3")).to_have_text("Redis")
    expect(pipeline.locator(".details-facts")).to_contain_text("Acknowledged")
    pipeline.locator(".dot").first.wait_for(state="attached")
    load_axe(pipeline)
    for theme in ("dark", "light"):
        pipeline.evaluate("theme => { document.documentElement.dataset.theme = theme; }", theme)
        assert_axe_passes(pipeline, theme)


def test_a_killed_ingest_turns_red_its_backlog_grows_and_drains(
    pipeline: Page, running: Running
) -> None:
    pipeline.evaluate(
        """() => {
          const kernel = document.querySelector(".node[data-node=kernel]");
          const feed = document.querySelector(".node[data-node=feed]");
          const changes = document.querySelector(".pipeline-changes");
          window.seen = { states: [], backlogs: [], told: [] };
          new MutationObserver(() => {
            const { state } = kernel.dataset;
            if (seen.states.at(-1) !== state) seen.states.push(state);
            seen.told.push(changes.innerText);
            // One that is slow to start may be down a second time, with other ticks.
            const outages = seen.states.filter((each) => each === "down").length;
            if (state === "down" && outages === 1) seen.backlogs.push(Number(feed.dataset.backlog));
          }).observe(kernel.parentElement, { subtree: true, attributes: true });
        }"""
    )

    def is_down() -> bool:
        with contextlib.suppress(LookupError, ProcessLookupError, StopIteration, AssertionError):
            os.kill(child_of(running.pid, "ingest"), signal.SIGKILL)  # it may be back before
        return bool(pipeline.evaluate("() => seen.states.includes('down')"))

    wait_until(is_down, "ingest is down")
    kernel = node(pipeline, "kernel")
    expect(kernel).to_have_attribute("data-state", "up", timeout=PATIENCE_MS)
    expect(node(pipeline, "feed")).to_have_attribute("data-backlog", "0", timeout=PATIENCE_MS)
    seen = pipeline.evaluate("() => window.seen")
    assert any("Kernel is down since" in told for told in seen["told"])
    assert "up" in seen["states"][seen["states"].index("down") :]
    assert max(seen["backlogs"]) > 0 and seen["backlogs"] == sorted(seen["backlogs"])


def test_the_panel_opens_from_the_latency_and_gives_the_focus_back(
    open_page: OpenPage, running: Running
) -> None:
    chart = open_page(running.url, renderer="canvas2d", interval="1s")
    badge = chart.page.locator("#status-latency-button")
    badge.focus()
    badge.press("Enter")
    panel = chart.page.locator("#pipeline-panel")
    expect(panel).to_be_visible()
    expect(badge).to_have_attribute("aria-expanded", "true")
    expect(node(chart.page, "server")).to_have_attribute("data-state", "up", timeout=PATIENCE_MS)
    chart.page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(badge).to_be_focused()
    # Found and clicked at once: rows move on as trades come.
    chart.page.wait_for_function(
        """() => {
          const row = ".tape-row:not([hidden])";
          const traced = document.querySelector(`${row} .tape-follow:not([hidden])`);
          traced?.click();
          return traced !== null;
        }""",
        timeout=PATIENCE_MS,
    )
    expect(panel).to_be_visible()
    expect(chart.page.locator(".follow-row").first).to_be_visible()
    assert chart.complaints == []


def test_without_motion_the_way_is_lit_and_no_dot_moves(browser: Browser, running: Running) -> None:
    context = browser.new_context(
        reduced_motion="reduce", viewport={"width": 390, "height": 844}, has_touch=True
    )
    page = context.new_page()
    page.goto(f"{running.url}pipeline?renderer=canvas2d")
    expect(page.locator(".diagram")).to_have_attribute("data-lit", "true", timeout=PATIENCE_MS)
    assert page.locator(".dot").count() == 0
    assert page.evaluate("() => document.documentElement.scrollWidth") == 390
    context.close()
