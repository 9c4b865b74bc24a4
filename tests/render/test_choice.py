"""Indicators read from text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickfire.kernels.catalogue import INDICATORS
from tickfire.render import ChartError
from tickfire.render.indicators.choice import parse_indicators, split_calls

OF_ONE_SYMBOL = sorted(name for name, each in INDICATORS.items() if each.other is None)


@pytest.mark.parametrize(
    ("text", "titles"),
    [
        ("", []),
        ("ema", ["EMA 20"]),
        ("ema(50), macd(12,26,9),rsi", ["EMA 50", "MACD 12 26 9", "RSI 14"]),
        ("EMA(9)", ["EMA 9"]),
        ("sma(open, 20)", ["SMA 20 open"]),
        ("sma(20, source=high)", ["SMA 20 high"]),
        ("bollinger(width=2.5)", ["BB 20 2.5"]),
        ("regressionChannel(50)", ["LR 50 2"]),
        ("obv()", ["OBV"]),
        ("vwap", ["VWAP"]),
    ],
)
def test_calls_are_read(text: str, titles: list[str]) -> None:
    assert [choice.title for choice in parse_indicators(text)] == titles


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("foo", 'no indicator "foo"; there are sma'),
        ("ema(0)", "period is a whole number from 1 to 10000, not 0"),
        ("ema(2.5)", "whole number"),
        ("ema(x)", "not x"),
        ("ema(nan)", "not nan"),
        ("ema(1,2)", "ema takes period, source, not 2"),
        ("ema(period=1,period=2)", "takes period"),
        ("atr(open)", "whole bars"),
        ("correlation(20)", "correlation needs a second symbol, and a picture shows one"),
        ("ema(20", "is no indicator"),
        ("ema,,rsi", "is no indicator"),
        ("ema(20)(30)", "is no indicator"),
        (",".join(["ema"] * 13), "at most 12"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(text: str, words: str) -> None:
    with pytest.raises(ChartError, match="indicators: ") as caught:
        parse_indicators(text)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@given(st.lists(st.sampled_from(OF_ONE_SYMBOL), max_size=12))
def test_a_choice_as_text_reads_back_as_itself(names: list[str]) -> None:
    chosen = parse_indicators(names)
    text = ",".join(map(str, chosen))
    assert parse_indicators(text) == chosen
    assert split_calls(text) == [str(each) for each in chosen]
