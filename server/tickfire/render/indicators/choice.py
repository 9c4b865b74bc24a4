"""`Choice`: an indicator with its parameters, read from text such as ``macd(12,26,9)``. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from tickfire.kernels.catalogue import INDICATORS, SOURCES, Indicator, Number
from tickfire.render.errors import ChartError

MAX_INDICATORS: Final = 12
_CALL: Final = re.compile(r"\s*(\w+)\s*(?:\(([^()]*)\))?\s*")


@dataclass(frozen=True, slots=True)
class Choice:
    """An indicator with complete parameters.

    Attributes
    ----------
    name : str
        A key of the catalogue.
    numbers : tuple of float
        Its numbers, in the catalogue's order.
    source : str or None
        The price that it is computed from; None if it takes whole bars.
    """

    name: str
    numbers: tuple[float, ...]
    source: str | None

    @property
    def spec(self) -> Indicator:
        """Its entry in the catalogue."""
        return INDICATORS[self.name]

    @property
    def title(self) -> str:
        """Its name in a legend, such as "EMA 20"."""
        shown = [
            f"{value:.15g}"
            for value, number in zip(self.numbers, self.spec.numbers.values(), strict=True)
            if number.unit_ns is None or value != number.default
        ]
        other = [self.source] if self.source and self.source != self.spec.source else []
        return " ".join([self.spec.title, *shown, *other])

    def __str__(self) -> str:
        parts = [f"{value:.15g}" for value in self.numbers]
        if self.source is not None and self.source != self.spec.source:
            parts.insert(0, self.source)
        return f"{self.name}({','.join(parts)})" if parts else self.name


def parse_indicators(given: str | Iterable[str]) -> tuple[Choice, ...]:
    """Read indicators from text, separated by commas, or from several texts.

    Numbers are given in the catalogue's order or by name, and those left out have their defaults;
    the name of a price chooses the source: ``ema``, ``ema(50)``, ``sma(open,20)``,
    ``bollinger(width=3)``.

    Raises
    ------
    ChartError
        There is no such indicator, or not with these parameters, or there are too many.
    """
    texts = split_calls(given) if isinstance(given, str) else [each.strip() for each in given]
    if len(texts) > MAX_INDICATORS:
        raise ChartError(f"indicators: at most {MAX_INDICATORS} can be drawn, not {len(texts)}")
    return tuple(_parse(text) for text in texts)


def split_calls(text: str) -> list[str]:
    """Split at the commas outside parentheses."""
    parts = re.split(r",(?![^()]*\))", text)
    return [part.strip() for part in parts] if text.strip() else []


def _parse(text: str) -> Choice:
    found = _CALL.fullmatch(text)
    if found is None:
        raise ChartError(f'indicators: "{text}" is no indicator; write ema(20) or macd(12,26,9)')
    name, arguments = _snake(found[1]), found[2]
    spec = INDICATORS.get(name)
    if spec is None:
        known = ", ".join(key for key, each in INDICATORS.items() if each.other is None)
        raise ChartError(f'indicators: there is no indicator "{found[1]}"; there are {known}')
    if spec.other is not None:
        raise ChartError(f"indicators: {name} needs a second symbol, and a picture shows one")
    numbers, source = _read(name, spec, arguments or "")
    return Choice(name, numbers, source)


def _read(name: str, spec: Indicator, arguments: str) -> tuple[tuple[float, ...], str | None]:
    given: dict[str, float] = {}
    source = spec.source
    free = iter(spec.numbers)
    for argument in filter(None, map(str.strip, arguments.split(","))):
        key, equals, value = (part.strip() for part in argument.rpartition("="))
        if (key == "source" or not equals) and value in SOURCES:
            if spec.source is None:
                raise ChartError(f"indicators: {name} is computed from whole bars, not {value}")
            source = value
            continue
        key = _snake(key) if equals else next(free, "")
        if key not in spec.numbers or key in given:
            raise ChartError(f"indicators: {name} takes {_takes(spec)}, not {argument}")
        given[key] = _checked(name, key, spec.numbers[key], value)
    return tuple(given.get(key, each.default) for key, each in spec.numbers.items()), source


def _takes(spec: Indicator) -> str:
    names = [*spec.numbers, *(["source"] if spec.source is not None else [])]
    return ", ".join(names) or "no parameters"


def _checked(name: str, key: str, number: Number, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    fits = number.minimum <= value <= number.maximum
    if fits and (not number.whole or value.is_integer()):
        return value
    kind = "a whole number" if number.whole else "a number"
    raise ChartError(
        f"indicators: {name}: {key} is {kind} from {number.minimum:.15g} to "
        f"{number.maximum:.15g}, not {text}"
    )


def _snake(name: str) -> str:
    """Return a name as the kernels have it, given theirs or that of the page."""
    if name.isupper():
        return name.lower()
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()


def kernel_arguments(choice: Choice) -> Mapping[str, float]:
    """Return the numbers of an indicator as its kernel takes them."""
    return {
        key: value if number.unit_ns is None else int(value) * number.unit_ns
        for (key, number), value in zip(choice.spec.numbers.items(), choice.numbers, strict=True)
    }
