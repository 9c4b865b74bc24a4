"""The catalogue of indicators: complete, and the same for kernels, features and the page."""

from __future__ import annotations

import pytest

from tickfire.kernels.catalogue import INDICATORS, NOT_INDICATORS, SOURCES
from tickfire.kernels.compiler.indicators import indicators_typescript
from tickfire.kernels.families import kernels
from tickfire.kernels.guard import MAX_PERIOD, MAX_TIME
from tickfire.kernels.portable import WORDS_SUFFIX, Kind, signature_of
from tickfire.models.features.catalogue import FEATURES


def test_every_kernel_is_an_indicator_or_listed_as_none() -> None:
    computing = [name for name in kernels() if not name.endswith(WORDS_SUFFIX)]
    assert sorted([*INDICATORS, *NOT_INDICATORS]) == sorted(computing)


@pytest.mark.parametrize("name", INDICATORS)
def test_numbers_and_outputs_are_those_of_the_kernel(name: str) -> None:
    indicator, signature = INDICATORS[name], signature_of(kernels()[name])
    scalars = list(signature.of(Kind.INT, Kind.LONG, Kind.FLOAT))
    assert list(indicator.numbers) == [p.name for p in scalars]
    assert list(indicator.outputs) == [p.name for p in signature.of(Kind.OUT)]
    for parameter, number in zip(scalars, indicator.numbers.values(), strict=True):
        assert number.minimum <= number.default <= number.maximum
        assert number.whole == (parameter.kind is not Kind.FLOAT)
        assert (number.unit_ns is None) == (parameter.kind is not Kind.LONG)
        limit = MAX_TIME if number.unit_ns else (MAX_PERIOD if number.whole else 1e100)
        assert number.maximum * (number.unit_ns or 1) <= limit
    inputs = [p.name for p in signature.of(Kind.IN)]
    if indicator.other is None:
        assert (indicator.source in SOURCES) == any(each in ("src", "price") for each in inputs)
    else:
        assert indicator.source in SOURCES and inputs == [indicator.other, "y"]


@pytest.mark.parametrize("name", FEATURES)
def test_features_have_the_limits_of_the_catalogue(name: str) -> None:
    feature = FEATURES[name]
    numbers = INDICATORS[feature.kernel].numbers
    for parameter in feature.parameters:
        assert parameter.number is numbers[parameter.name]
        assert parameter.checked(name, parameter.default) == parameter.default
    taken = [p.name for p in feature.parameters] + [fixed for fixed, _ in feature.fixed]
    assert sorted(taken) == sorted(numbers)


def test_the_page_gets_names_and_units_in_its_own_language() -> None:
    text = indicators_typescript()
    assert (
        '  rsi: { title: "RSI", about: "Relative strength index", pane: "own", params: { period: '
        '{ label: "Period", default: 14, min: 1, max: 10000, whole: true } }, '
        'outputs: { out: { label: "", plot: "line" } }, source: "close", range: [0, 100], '
        "guides: [30, 70] },\n"
    ) in text
    assert "sessionNs: " in text and "ns: 60000000000n }" in text
    assert 'fill: ["leadingA", "leadingB"]' in text
