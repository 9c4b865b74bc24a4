"""Rules: their values, compared with plain Python, and the texts that they refuse."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickfire.base.errors import UserError
from tickfire.models.rules.parse import RuleError, known, parse
from tickfire.models.rules.rule_file import read_rules

NAN = math.nan


def verdict(text: str, now: dict[str, float], before: dict[str, float] | None = None) -> float:
    program = parse(text)
    values = [
        np.array([where[str(feature)] for feature in program.features])
        for where in (now, before or now)
    ]
    return program(*values)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("close > 2", 1),
        ("close > 3", 0),
        ("close >= 3 and open < close", 1),
        ("not close == 3", 0),
        ("close != 3 or volume > 10", 1),
        ("1 < open < close <= 3", 1),
        ("1 < open < close < 3", 0),
        ("-open + 2 * close - 1 == 3", 1),
        ("(close - open) / open == 0.5", 1),
        ("abs(open - close) == 1", 1),
        ("min(open, close) == 2 and max(open, close) == 3", 1),
        ("rsi < 30 and sma(volume, 20) > 5", 1),
        ("close / (open - 2) > 0", NAN),
        ("unknown", None),
    ],
)
def test_value_of_a_rule(text: str, value: float | None) -> None:
    now = {"open": 2.0, "close": 3.0, "volume": 50.0, "rsi(14)": 25.0, "sma(volume, 20)": 6.0}
    if value is None:
        with pytest.raises(RuleError):
            parse(text)
    else:
        assert verdict(text, now) == pytest.approx(value, nan_ok=True)


@pytest.mark.parametrize("a", [0.0, 1.0, NAN])
@pytest.mark.parametrize("b", [0.0, 1.0, NAN])
def test_unknown_values_follow_kleene_logic(a: float, b: float) -> None:
    now = {"open": a, "close": b}
    either = 1.0 if 1.0 in (a, b) else NAN if a != a or b != b else 0.0
    every = 0.0 if 0.0 in (a, b) else NAN if a != a or b != b else 1.0
    assert verdict("open > 0 or close > 0", now) == pytest.approx(either, nan_ok=True)
    assert verdict("open > 0 and close > 0", now) == pytest.approx(every, nan_ok=True)
    assert verdict("not open > 0", now) == pytest.approx(1 - a, nan_ok=True)


def test_crossing_compares_two_bars() -> None:
    rule = "crosses_above(ema(12), ema(26))"
    low, high = {"ema(12)": 1.0, "ema(26)": 2.0}, {"ema(12)": 3.0, "ema(26)": 2.0}
    assert verdict(rule, high, low) == 1
    assert verdict(rule, high, high) == 0
    assert verdict(rule, low, high) == 0
    assert verdict("crosses_below(ema(12), ema(26))", low, high) == 1
    assert math.isnan(verdict(rule, high, {"ema(12)": NAN, "ema(26)": 2.0}))


numbers = st.recursive(
    st.sampled_from(["open", "close", "volume", "1", "2.5", "0"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("+-*"), inner).map(lambda t: f"({' '.join(t)})"),
        st.tuples(st.sampled_from(["min", "max"]), inner, inner).map(
            lambda t: f"{t[0]}({t[1]}, {t[2]})"
        ),
        inner.map(lambda x: f"abs({x})"),
        inner.map(lambda x: f"(-{x})"),
    ),
    max_leaves=6,
)
truths = st.recursive(
    st.tuples(numbers, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), numbers).map(" ".join),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda t: f"({' '.join(t)})"),
        inner.map(lambda x: f"(not ({x}))"),
    ),
    max_leaves=5,
)


@given(truths, st.tuples(*(st.integers(-3, 3) for _ in range(3))))
def test_rules_agree_with_python(text: str, values: tuple[int, int, int]) -> None:
    now = dict(zip(("open", "close", "volume"), map(float, values), strict=True))
    names = now | {"abs": abs, "min": min, "max": max}
    try:
        got = verdict(text, now)
    except RuleError as error:
        assert "nested" in str(error)
        return
    assert got == float(eval(text, {"__builtins__": {}}, names))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is not a rule"),
        ("rsi(14) <", "is not a rule"),
        ("rsi(14)", "a condition was expected"),
        ("rsi(14) and 3", "a condition was expected"),
        ("rsy(14) < 3", "there is no feature rsy; there are adx"),
        ("rsi(0) < 3", "period is from 1 to 10000, not 0"),
        ("rsi(1.5) < 3", "period is a whole number"),
        ("rsi(14, 3) < 3", "rsi takes period"),
        ("rsi(close, 14, 3) < 3", "rsi takes period"),
        ("atr(volume, 14) < 3", "atr takes no column"),
        ("sma(bid, 14) < 3", "there is no column bid"),
        ("close(3) < 3", "close takes no parameters"),
        ("rsi(n=14) < 3", "a number or a feature was expected"),
        ("rsi(close + 1) < 3", "a plain number was expected"),
        ("(1 < 2) < 3", "a number or a feature was expected"),
        ("crosses_above(close, 3) > 1", "is a condition, not a number"),
        ("close is 3", "a comparison must be one of"),
        ("close < 1e999", "the number is too large"),
        ("close < True", "a plain number was expected"),
        ("close < 'a'", "a plain number was expected"),
        ("close ** 2 < 3", "a number or a feature was expected"),
        ("__import__('os').system('true') < 1", "a number or a feature was expected"),
        ("close.__class__ < 1", "a number or a feature was expected"),
        ("[c for c in 'a'] < 1", "a number or a feature was expected"),
        ("(lambda: 1)() < 1", "a number or a feature was expected"),
        ("close < (x := 3)", "a number or a feature was expected"),
        ("close < 3 if 1 < 2 else 4", "a condition was expected"),
        ("close < 3; close", "is not a rule"),
        ("close < " + "-" * 1900 + "1", "nested too deeply|not a rule"),
        ("close < " + "(1 + " * 40 + "1" + ")" * 40, "nested too deeply"),
        ("close < 1 " * 500, "longer than 2000 characters"),
        ("close < 3\0", "not a rule|null"),
    ],
)
def test_invalid_rules_are_refused_with_reason(text: str, said: str) -> None:
    with pytest.raises(RuleError, match=said):
        parse(text)


@given(st.text(max_size=60) | st.text("rsi()14<>=andor not close+-*/.,0x", max_size=40))
def test_any_text_is_compiled_or_refused(text: str) -> None:
    try:
        parse(text)
    except RuleError as error:
        assert str(error)


@pytest.mark.parametrize("name", known())
def test_every_feature_can_be_used(name: str) -> None:
    assert str(parse(f"{name} > 0").features[0]).startswith(name)


def write(folder: Path, text: str) -> Path:
    path = folder / "rules.toml"
    path.write_text(text)
    return path


def test_reads_a_file_of_rules(tmp_path: Path) -> None:
    first, second = read_rules(
        write(
            tmp_path,
            """
            [[rule]]
            name = "oversold"
            when = "rsi(14) < 30"
            symbols = ["ESU4"]
            [[rule]]
            name = "cross"
            when = "crosses_above(ema(12), ema(26))"
            interval = "1s"
            """,
        )
    )
    assert (first.name, first.interval, second.interval) == ("oversold", "1m", "1s")
    assert first.concerns("ESU4") and not first.concerns("NQU4")
    assert second.concerns("NQU4")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rule", "is not valid TOML"),
        ("a = 1", r"may hold tables \[\[rule\]\] and nothing else"),
        ("rule = 1", "nothing else"),
        ("[[rule]]\nwhen = 'close > 1'", "rule 1 of .* has no name"),
        ("[[rule]]\nname = 'a'", r"rule 1 of .* \(a\) has no condition"),
        ("[[rule]]\nname = 'a'\nwhen = 'clos > 1'", "there is no feature clos"),
        ("[[rule]]\nname = 'a'\nwhen = 'close > 1'\ninterval = '2m'", "one of 1s, 1m"),
        ("[[rule]]\nname = 'a'\nwhen = 'close > 1'\nsymbols = 'A'", "array of strings"),
        ("[[rule]]\nname = 'a'\nwhen = 'close > 1'\ncolour = 1", "unknown field colour"),
        ("[[rule]]\nname = 'a'\nwhen = 'close > 1'\n" * 2, "two rules named 'a'"),
    ],
)
def test_invalid_files_are_refused_in_a_sentence(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        read_rules(write(tmp_path, text))
    with pytest.raises(UserError, match="cannot be read"):
        read_rules(tmp_path / "none.toml")
