"""A user's code: its results, and its error messages."""

from __future__ import annotations

import math
from array import array
from typing import Any

import numpy as np
import pytest

from tickfire.kernels import native

COUNT = 60
CLOSE = 100.0 + np.cumsum(np.random.default_rng(2).standard_normal(COUNT))


class Buffer:
    """A typed array of the page, as Python sees it."""

    def __init__(self, values: Any) -> None:
        self._bytes: bytes = values.tobytes()

    def to_bytes(self) -> bytes:
        return self._bytes


@pytest.fixture
def session(part: Any, package: Any) -> Any:
    made = part("session").Session(vars(package))
    times = np.arange(COUNT, dtype=np.int64) * 60_000_000_000
    columns = [Buffer(CLOSE + each) for each in (0.0, 1.0, -1.0, 0.0, 500.0)]
    made.set_bars("ESU4", "1m", Buffer(times), *columns)
    return made


def error_of(outcome: dict[str, Any]) -> tuple[str, str, int | None]:
    error = outcome["error"]
    return error["type"], error["message"], error["line"]


def test_an_indicator_computes_what_native_does(session: Any) -> None:
    source = "from tickfire_browser import ema\ndef indicator(bars):\n return ema(bars.close, 9)\n"
    made = session.define(source)["series"]
    assert list(made) == ["indicator"]
    np.testing.assert_array_equal(np.array(made["indicator"]), native.ema(CLOSE, 9))


def test_several_series_have_names(session: Any) -> None:
    source = (
        "from tickfire_browser import bollinger\n"
        "def indicator(bars):\n"
        "    return {'mean': bollinger(bars.close, 5, 2.0).middle, 'level': 70,\n"
        "            'gaps': [None] * len(bars), 'volume': bars.volume}\n"
    )
    made = session.define(source)["series"]
    assert list(made) == ["mean", "level", "gaps", "volume"]
    assert all(isinstance(each, array) and len(each) == COUNT for each in made.values())
    assert set(made["level"]) == {70.0}
    assert all(math.isnan(x) for x in made["gaps"])


def test_a_named_tuple_of_a_kernel_can_be_returned_as_it_is(session: Any) -> None:
    source = "import tickfire_browser as t\ndef indicator(b): return t.macd(b.close, 3, 6, 4)\n"
    assert list(session.define(source)["series"]) == ["line", "average", "histogram"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("pass", "it returns None: return a list, an array, or a dict of them"),
        ("return [1.0]", "indicator has 1 values for 60 bars: give one per bar"),
        ("return 'text'", "indicator must be numbers, not str; several series are returned as a"),
        ("return [bars.close, bars.open]", "indicator must be numbers, one after another"),
        ("return {'a': 'b'}", "a must be numbers, not str"),
        ("return {i: bars.close for i in range(13)}", "at most 12 series can be drawn, not 13"),
    ],
)
def test_a_result_that_cannot_be_drawn_is_told(session: Any, body: str, message: str) -> None:
    kind, told, line = error_of(session.define(f"\n\ndef indicator(bars):\n    {body}\n"))
    assert (kind, line) == ("Result", 3)
    assert told.startswith(message)


def test_an_error_names_the_users_own_line(session: Any) -> None:
    source = (
        "from tickfire_browser import sma\n"
        "def helper(values):\n"
        "    return sma(values, 'ten')\n"
        "def indicator(bars):\n"
        "    return helper(bars.close)\n"
    )
    outcome = session.define(source)
    assert error_of(outcome) == ("TypeError", "sma: period must be a number", 3)
    assert outcome["error"]["trace"] == ["line 5, in indicator", "line 3, in helper"]
    assert not outcome["error"]["interrupted"]


def test_a_syntax_error_names_its_line(session: Any) -> None:
    kind, message, line = error_of(session.define("def indicator(bars):\n    return (1 +\n"))
    assert (kind, line) == ("SyntaxError", 2)
    assert "never closed" in message
    assert error_of(session.define("def indicator(bars):\nreturn 1\n"))[2] == 2
    assert error_of(session.define("x = 1"))[1] == "define a function indicator(bars)"
    assert error_of(session.define("a\0b"))[0] == "SyntaxError"


@pytest.mark.parametrize(
    ("source", "kind", "line", "span"),
    [
        ("def f(:\n", "SyntaxError", 1, [6, 7]),
        ("x = 1\n  y = 2\n", "IndentationError", 2, None),
        ("if 1:\n\tx = 1\n        y = 2\n", "TabError", 3, None),
        ("x = 'abc\n", "SyntaxError", 1, [4, 5]),
        ("x = 1\ny = '\N{GRINNING FACE}' 2\n", "SyntaxError", 2, [9, 10]),
        ("x = 1\r\ny = = 2\r\n", "SyntaxError", 2, [4, 5]),
        ("x = 1\ny = '\0'\n", "SyntaxError", 2, None),
        ("x = 1\ny = '\ud800'\n", "SyntaxError", 2, None),
        ("x = " + "(" * 5000 + ")" * 5000, "SyntaxError", 1, None),
    ],
)
def test_the_syntax_is_checked_without_a_run(
    session: Any, source: str, kind: str, line: int, span: list[int] | None
) -> None:
    error = session.check(source)["error"]
    assert (error["type"], error["line"]) == (kind, line)
    if span is not None:
        assert error["span"] == span
    assert "error" not in session.check("raise SystemExit\n")


@pytest.mark.parametrize(
    ("body", "line", "message"),
    [
        ("return indicator(bars)", 2, "the function calls itself too deeply (RecursionError: "),
        ("raise SystemExit", 2, "there is nothing to exit here"),
        ("raise MemoryError", 2, "there is not enough memory for this"),
        ("raise MemoryError('Parser stack overflowed')", 2, "calls or source code are nested too"),
        ("raise EOFError('EOF when reading a line')", 2, "nobody can answer input() here"),
        ("raise ValueError('x' * 10**6)", 2, "x" * 1000 + "…"),
        ("raise ValueError('\\ud800')", 2, "\\ud800"),
    ],
)
def test_each_end_of_a_run_has_its_sentence(
    session: Any, body: str, line: int, message: str
) -> None:
    error = session.define(f"def indicator(bars):\n    {body}\n")["error"]
    assert error["message"].startswith(message)
    assert error["line"] == line
    assert len(error["trace"]) <= 2


def test_the_catalogue_names_what_code_can_use(session: Any, package: Any) -> None:
    catalogue = session.catalogue()
    names = {name for name, _ in catalogue["kernels"]}
    assert names == set(package.__all__) - {"Bars", "Kernel", "Series"}
    assert set(catalogue["bars"]) >= {"open", "close", "volume", "time", "symbol"}


def test_nothing_that_a_user_raises_escapes(session: Any) -> None:
    for raised, kind in (
        ("exit()", "SystemExit"),
        ("raise KeyboardInterrupt", "Stopped"),
        ("1 / 0", "ZeroDivisionError"),
        ("indicator(bars)", "RecursionError"),
        ("raise type('E', (BaseException,), {'__str__': lambda s: 1 / 0})", "E"),
    ):
        outcome = session.define(f"def indicator(bars):\n    {raised}\n")
        assert error_of(outcome)[0] == kind
        assert error_of(outcome)[2] == 2
        assert len(outcome["error"]["trace"]) <= 12


@pytest.mark.parametrize(
    "failing", ["def indicator(bars):", "1 / 0", "def indicator(bars):\n    return bars.nothing\n"]
)
def test_a_failed_definition_leaves_the_indicator_before_it(session: Any, failing: str) -> None:
    assert "error" in session.define(failing)
    assert session.compute()["series"] == {}
    session.define("def indicator(bars): return {'good': bars.close}\n")
    assert "error" in session.define(failing)
    assert list(session.compute()["series"]) == ["good"]


def test_bars_that_come_are_computed_on(session: Any) -> None:
    session.define("def indicator(bars): return {bars.symbol: bars.high - bars.low}\n")
    one = [Buffer(np.array([x])) for x in (1.0, 3.0, 1.0, 2.0, 9.0)]
    session.set_bars("NQU4", "1s", Buffer(np.array([5], np.int64)), *one)
    assert session.compute()["series"] == {"NQU4": array("d", [2.0])}
    assert session.compute()["ms"] >= 0.0


def test_the_console_shows_values_and_waits_for_blocks(
    session: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = ["1 + 1", "_ * 21", "None", "x = 3; x", "len(bars)", "sma([1, 2], 2)[-1]"]
    for line in lines:
        assert session.push(line)["more"] is False
    assert capsys.readouterr().out.split() == ["2", "42", "3", "60", "1.5"]
    for line in ("for i in range(2):", "    print(i)"):
        assert session.push(line)["more"] is True
    assert session.push("")["more"] is False
    assert capsys.readouterr().out.split() == ["0", "1"]
    session.push("'a' * 5000")
    assert capsys.readouterr().out.endswith("… (5002 characters)\n")


def test_the_console_tells_errors_and_goes_on(session: Any) -> None:
    assert error_of(session.push("1 +"))[0] == "SyntaxError"
    assert error_of(session.push("missing"))[0] == "NameError"
    session.push("def f():")
    session.clear()
    assert session.push("2")["more"] is False


def test_the_console_knows_what_the_indicator_defines(session: Any) -> None:
    session.define("LEVEL = 7\ndef indicator(bars): return LEVEL\n")
    assert session.push("assert indicator(bars) == LEVEL == 7")["more"] is False
