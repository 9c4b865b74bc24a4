"""The panel "Python" in a page, driven as a user does."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Page as BrowserPage
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.types import Scope

from tests.support.browser.chromium import Chart
from tests.support.browser.serving import Serving
from tests.support.browser.stage import Market, create_app
from tickfire.server.page import Page

START_TIMEOUT_MS: Final = 150_000
"""Python starts in seconds; a loaded machine takes its time, above all without a snapshot."""
RUN_TIMEOUT_MS: Final = 60_000
REPORT_TIMEOUT_S: Final = 60

LIMIT_MS: Final = 5_000
"""Maximum duration of a run, which a busy machine may take for anything."""
HOLD_LIMIT: Final = """(limit) => {
  if ("passLimit" in window) return;
  const { setTimeout, clearTimeout } = window;
  const held = new Map();
  let last = 0;
  window.setTimeout = (task, ms, ...given) => {
    if (ms !== limit) return setTimeout(task, ms, ...given);
    held.set(--last, task);
    return last;
  };
  window.clearTimeout = (id) => {
    if (!held.delete(id)) clearTimeout(id);
  };
  window.passLimit = () => {
    const tasks = [...held.values()];
    held.clear();
    for (const task of tasks) task();
  };
}"""

REPORTS: Final = "/policy-reports"
EDITOR: Final = ".cm-content"
STATE: Final = "name => document.getElementById('python').dataset[name] ?? ''"


class Reporting(Page):
    """The page, with a policy that reports each refusal, in workers too."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        policy = response.headers["content-security-policy"]
        response.headers["content-security-policy"] = f"{policy}; report-uri {REPORTS}"
        return response


class Served(Serving):
    """A market whose page is served as the product serves it.

    Attributes
    ----------
    reports : list
        The reports of browsers on violations of the page's policy.
    """

    def __init__(self, market: Market, static: Path) -> None:
        assert (static / "pyodide" / "current.json").is_file(), "run make wasm"
        self.reports: list[Any] = []
        self._come = threading.Condition()
        socket = create_app(market, str(static)).routes[0]
        take = Route(REPORTS, self._take, methods=["POST"])
        super().__init__(Starlette(routes=[socket, take, Mount("/", Reporting(static))]))

    def wait_reports(self, count: int) -> None:
        """Wait until so many reports have come."""
        with self._come:
            assert self._come.wait_for(lambda: len(self.reports) >= count, REPORT_TIMEOUT_S)

    async def _take(self, request: Request) -> Response:
        report = await request.json()
        with self._come:
            self.reports.append(report)
            self._come.notify_all()
        return Response(status_code=204)


@dataclass
class Panel:
    """The panel as a user sees and drives it."""

    chart: Chart

    @property
    def page(self) -> BrowserPage:
        return self.chart.page

    def state(self, name: str) -> str:
        return str(self.page.evaluate(STATE, name))

    def wait(self, name: str, value: str, timeout_ms: int = RUN_TIMEOUT_MS) -> None:
        """Wait until a data attribute of the panel has a value."""
        self.page.wait_for_function(
            "([n, v]) => document.getElementById('python').dataset[n] === v",
            arg=[name, value],
            timeout=timeout_ms,
        )

    def open(self) -> None:
        """Open it, and wait until Python is ready; its time limit passes in `pass_limit` alone."""
        self.page.evaluate(HOLD_LIMIT, LIMIT_MS)
        self.page.click("#python-toggle")
        self.page.locator(EDITOR).wait_for()
        self.wait_ready()

    def pass_limit(self) -> None:
        """Let the time limit of the current run pass."""
        self.page.evaluate("() => passLimit()")

    def clear(self) -> None:
        """Empty the editor, and remove the drawing."""
        self.wait_ready()
        self.page.click(EDITOR)
        self.page.keyboard.press("Control+a")
        self.page.keyboard.press("Delete")
        self.page.click(".python-clear")
        self.chart.complaints.clear()

    def wait_ready(self) -> None:
        self.page.wait_for_function(
            "() => ['ready', 'failed'].includes(document.getElementById('python').dataset.state)",
            timeout=START_TIMEOUT_MS,
        )
        assert self.state("state") == "ready", self.page.inner_text(".python-status")

    def write(self, source: str) -> None:
        """Replace the editor's content by code."""
        self.page.click(EDITOR)
        self.page.keyboard.press("Control+a")
        self.page.keyboard.insert_text(source)

    def text(self) -> str:
        """Return the editor's content, as far as it is in view."""
        return "\n".join(self.page.locator(".cm-line").all_inner_texts()).replace("\n\n", "\n")

    def underlined(self) -> list[int]:
        """Return the numbers of the lines with an error underlined, from 1."""
        found: list[int] = self.page.locator(".cm-line").evaluate_all(
            "lines => lines.flatMap((line, i) => line.querySelector('.cm-lintRange-error')"
            " ? [i + 1] : [])"
        )
        return found

    def start(self) -> None:
        """Press Run."""
        self.page.click(".python-run")
        self.wait("busy", "true")

    def run(self, source: str) -> None:
        """Run code, and wait for its end."""
        self.write(source)
        self.count_runs_anew()
        self.page.click(".python-run")
        self.wait_run()

    def count_runs_anew(self) -> None:
        """Forget the runs so far, so that `wait_run` waits for the next one."""
        self.page.evaluate("() => { document.getElementById('python').dataset.runs = '' }")

    def wait_run(self) -> None:
        """Wait until a run has ended, and none follows it: an earlier one may end meanwhile."""
        self.page.wait_for_function(
            """() => {
              const { runs, busy } = document.getElementById("python").dataset;
              return runs && busy === "false";
            }""",
            timeout=RUN_TIMEOUT_MS,
        )

    def fault(self) -> str:
        """Return the error that is shown, or nothing."""
        shown = self.page.locator(".python-fault")
        return shown.inner_text() if shown.is_visible() else ""

    def say(self, line: str) -> str:
        """Enter a line in the console; return its output."""
        entry = self.page.locator(".console-line")
        before = self.page.locator(".console-log > *").count()
        entry.fill(line)
        entry.press("Enter")
        self.page.wait_for_function(
            """n => document.querySelectorAll(".console-log > *").length > n + 1 ||
              (document.querySelectorAll(".console-log > *").length > n &&
               document.getElementById("python").dataset.busy === "false")""",
            arg=before,
            timeout=RUN_TIMEOUT_MS,
        )
        self.wait("busy", "false")
        said = self.page.locator(".console-log > *").all_inner_texts()
        return "\n".join(said[before + 1 :]).strip()

    def value(self, expression: str) -> Any:
        """Return the value that the console prints for an expression, as JSON."""
        return json.loads(self.say(f"import json; print(json.dumps({expression}))"))
