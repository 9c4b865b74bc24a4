"""The editor by real keys: drawn as typed, errors underlined, completion, and the way out."""

from __future__ import annotations

import json

import pytest

from tests.support.browser.chromium import OpenPage
from tests.support.browser.python_panel import EDITOR, RUN_TIMEOUT_MS, Panel, Served

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(240)]

SYMBOL = "ESU4"
KEY_MS = 20
IGNORED_MS = 75
"""Time for which a list of completions that has just opened takes no key."""


@pytest.fixture(autouse=True)
def in_editor(panel: Panel) -> None:
    """Begin each test with the focus in the editor."""
    panel.page.click(EDITOR)


def wait_fault(panel: Panel, text: str) -> None:
    panel.page.locator(".python-fault", has_text=text).wait_for(timeout=RUN_TIMEOUT_MS)


def test_code_is_drawn_as_it_is_typed_and_refuses_no_policy(panel: Panel, serving: Served) -> None:
    keyboard = panel.page.keyboard
    keyboard.type("def indicator(bars):\nreturn {'typed': bars.close}", delay=KEY_MS)
    panel.wait("series", "typed")
    assert panel.fault() == ""
    for _ in range(8):
        keyboard.press("Backspace")
    keyboard.type("open}")
    panel.page.locator(".series-line", has_text="typed").wait_for()
    keyboard.press("Control+a")
    keyboard.type("def indicator(bars):\nreturn {'typed': bars.clos", delay=KEY_MS)
    wait_fault(panel, "never closed")
    assert panel.underlined() == [2]
    keyboard.type("}")
    wait_fault(panel, "AttributeError, line 2")
    assert panel.underlined() == [2]
    assert serving.reports == []
    assert panel.chart.complaints == []


def test_an_error_above_the_caret_is_underlined_at_once(panel: Panel) -> None:
    panel.page.keyboard.type("x = = 1\n\n")
    wait_fault(panel, "SyntaxError, line 1: invalid syntax")
    assert panel.underlined() == [1]
    panel.page.keyboard.press("F8")
    message = panel.page.locator(".cm-diagnostic")
    message.wait_for()
    runs = int(panel.state("runs") or 0)
    panel.page.keyboard.press("Control+Enter")  # which finds the same error
    panel.wait("runs", str(runs + 1))
    assert message.is_visible()


def test_a_loop_that_is_typed_is_stopped_by_typing_on(panel: Panel) -> None:
    keyboard = panel.page.keyboard
    keyboard.type("while True: pass")
    panel.wait("busy", "true")
    keyboard.press("Control+a")
    keyboard.type("def indicator(bars): return {'after': bars.close}")
    panel.wait("series", "after")


def test_run_pressed_while_typed_code_runs_by_itself_runs_it_once(panel: Panel) -> None:
    panel.page.keyboard.type("while True: print('running')")
    panel.page.locator(".entry-out", has_text="running").last.wait_for(timeout=RUN_TIMEOUT_MS)
    panel.page.click(".python-run")
    panel.page.click(".python-stop")
    wait_fault(panel, "Stopped")
    runs = panel.state("runs")
    panel.say("1 + 1")  # it would come after another run
    assert panel.state("runs") == runs


def test_tab_indents_and_after_escape_leaves(panel: Panel) -> None:
    keyboard = panel.page.keyboard
    keyboard.type("x")
    keyboard.press("Home")
    keyboard.press("Tab")
    assert panel.text() == "    x"
    keyboard.press("Shift+Tab")
    assert panel.text() == "x"
    keyboard.press("Control+/")
    assert panel.text() == "# x"
    keyboard.press("Control+z")
    assert panel.text() == "x"
    keyboard.press("Escape")
    keyboard.press("Tab")
    assert not panel.page.evaluate("() => document.activeElement.matches('.code')")
    assert panel.text() == "x"


def test_the_names_of_the_package_are_offered(panel: Panel) -> None:
    keyboard = panel.page.keyboard
    keyboard.type("bars.clo", delay=KEY_MS)
    panel.page.locator(".cm-completionLabel", has_text="close").wait_for()
    opened = panel.page.evaluate("performance.now()")
    panel.page.wait_for_function("time => performance.now() > time", arg=opened + IGNORED_MS)
    keyboard.press("Tab")
    assert panel.text() == "bars.close"
    keyboard.press("Enter")
    keyboard.type("boll", delay=KEY_MS)
    panel.page.locator(".cm-completionLabel", has_text="bollinger").wait_for()


DEEP = {
    "sorted": "def f(n):\n    return sorted([1], key=f)\ndef indicator(bars):\n    return f(0)\n",
    "repr": (
        "class A:\n    def __repr__(self):\n        return repr(self)\n"
        "def indicator(bars):\n    return repr(A())\n"
    ),
    "copied": (
        "import copy\ndef indicator(bars):\n    x = []\n    for _ in range(100000): x = [x]\n"
        "    return copy.deepcopy(x)\n"
    ),
}
DEEPLY = "the function calls itself too deeply"
# Python frees a nested value after the user's function has ended: there is no line any more.
DEEP_TOLD = {"sorted": f"line 2: {DEEPLY}", "repr": f"line 3: {DEEPLY}", "copied": DEEPLY}


@pytest.mark.parametrize("kind", sorted(DEEP))
def test_deep_recursion_is_told_at_its_line_and_python_goes_on(panel: Panel, kind: str) -> None:
    panel.run(DEEP[kind])
    told = panel.fault()
    assert told.startswith(DEEP_TOLD[kind])
    assert "RecursionError" in told
    assert "toJs" not in told
    assert panel.text().startswith(DEEP[kind].splitlines()[0])
    panel.wait_ready()
    panel.run("def indicator(bars): return {'again': bars.close}\n")
    assert (panel.fault(), panel.state("series")) == ("", "again")


def test_the_editor_is_loaded_when_the_panel_is_opened(
    serving: Served, open_page: OpenPage
) -> None:
    chart = open_page(serving.url, symbol=SYMBOL)
    scripts = "() => performance.getEntriesByType('resource').map(e => e.name)"
    before = json.dumps(chart.page.evaluate(scripts))
    assert "/panel-" not in before
    chart.page.click("#python-toggle")
    chart.page.locator(EDITOR).wait_for()
    assert "/panel-" in json.dumps(chart.page.evaluate(scripts))
