"""Price lines and markers, from whatever a user gives."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from typing import Any, Final, get_args

from tickfire.render.bars import milliseconds
from tickfire.render.errors import ChartError
from tickfire.render.scene.color import parse_color
from tickfire.render.scene.markers import Marker, Side, Tone
from tickfire.render.scene.price_lines import LineStyle, PriceLine

MAX_LINES: Final = 50
MAX_TITLE: Final = 40
MAX_LINE_PX: Final = 20
MAX_MARKERS: Final = 5_000
MAX_GLYPH: Final = 2


def price_lines_of(given: Any) -> tuple[PriceLine, ...]:
    """Return price lines: `PriceLine` objects, mappings with their fields, or prices.

    Raises
    ------
    ChartError
        One of them cannot be drawn.
    """
    return _each("price_lines", given, MAX_LINES, _price_line)


def markers_of(given: Any) -> tuple[Marker, ...]:
    """Return markers: `Marker` objects, or mappings with their fields.

    Raises
    ------
    ChartError
        One of them cannot be drawn.
    """
    return _each("markers", given, MAX_MARKERS, _marker)


def _each[T](name: str, given: Any, most: int, make: Callable[[Any], T]) -> tuple[T, ...]:
    is_many = isinstance(given, Iterable) and not isinstance(given, str | bytes | Mapping)
    found = tuple(given) if is_many else (given,)
    if len(found) > most:
        raise ChartError(f"{name}: there may be at most {most}, not {len(found)}")
    return tuple(map(make, found))


def _price_line(given: Any) -> PriceLine:
    name = "price_lines"
    line = _built(name, PriceLine, given if isinstance(given, Mapping) else {"price": given}, given)
    price, width = _number(name, "price", line.price), _number(name, "width", line.width)
    if not 0 < width <= MAX_LINE_PX:
        raise ChartError(f"{name}: width must be above 0 and at most {MAX_LINE_PX}, not {width:g}")
    _check_choice(name, "style", line.style, get_args(LineStyle.__value__))
    _check_text(name, "title", line.title, MAX_TITLE)
    try:
        parse_color(line.color)
    except (AttributeError, ValueError):
        raise ChartError(f"{name}: color must be #rrggbb, not {line.color}") from None
    return PriceLine(price, line.color, line.title, line.style, width)


def _marker(given: Any) -> Marker:
    name = "markers"
    if not isinstance(given, Mapping | Marker):
        raise ChartError(f"{name}: a mapping with time and glyph was expected, not {given!r}")
    marker = _built(name, Marker, given, given)
    time = int(milliseconds([marker.time], name)[0])
    _check_text(name, "glyph", marker.glyph, MAX_GLYPH)
    _check_choice(name, "side", marker.side, get_args(Side.__value__))
    _check_choice(name, "tone", marker.tone, get_args(Tone.__value__))
    return Marker(time, marker.glyph, marker.side, marker.tone)


def _built[T](name: str, kind: type[T], values: Any, given: Any) -> T:
    """Return an object of a dataclass, from one or from a mapping of its fields."""
    if isinstance(given, kind):
        return given
    known = [field.name for field in fields(kind)]  # type: ignore[arg-type]
    unknown = [str(key) for key in values if key not in known]
    if unknown:
        raise ChartError(f"{name}: there is no {unknown[0]}; there are {', '.join(known)}")
    try:
        return kind(**values)
    except TypeError:
        raise ChartError(f"{name}: {given!r} lacks a field; there are {', '.join(known)}") from None


def _number(name: str, field: str, value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise ChartError(f"{name}: {field} must be a finite number, not {value}")
    return number


def _check_text(name: str, field: str, value: Any, most: int) -> None:
    if not isinstance(value, str) or len(value) > most or not value.isprintable():
        raise ChartError(f"{name}: {field} must be text of at most {most} characters, not {value}")


def _check_choice(name: str, field: str, value: Any, known: Iterable[str]) -> None:
    if value not in known:
        raise ChartError(f"{name}: {field} must be {' or '.join(known)}, not {value}")
