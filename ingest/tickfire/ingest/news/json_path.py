"""Paths into JSON documents, such as ``data.articles`` or ``tickers[].symbol``. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

MAX_STEPS: Final = 32
_STEP = re.compile(r"\[(?P<index>-?\d{1,9}|\*|)\]|(?P<name>[^.\[\]]+)")


class JsonPath:
    """A path of names and of indexes in brackets; ``[]`` stands for every element.

    Parameters
    ----------
    text : str
        Empty for the document itself.

    Raises
    ------
    ValueError
        If the text is not a path.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._steps = tuple(_steps(text))
        if len(self._steps) > MAX_STEPS:
            raise ValueError(f"the path {text!r} has more than {MAX_STEPS} steps")

    def values(self, document: Any) -> list[Any]:
        """Return the values at the path, none where it leads nowhere."""
        found = [document]
        for step in self._steps:
            found = [value for each in found for value in _follow(each, step)]
        return found


def texts_at(paths: Iterable[JsonPath], document: Any) -> list[str]:
    """Return the texts and numbers, none empty, at the first of the paths that leads to any.

    The elements of a list at a path count, too.
    """
    for path in paths:
        values = [one for each in path.values(document) for one in _elements(each)]
        texts = [str(one).strip() for one in values if type(one) in (str, int, float)]
        if any(texts):
            return [text for text in texts if text]
    return []


def text_at(paths: Iterable[JsonPath], document: Any) -> str:
    """Return the first of `texts_at`, empty if there is none."""
    return next(iter(texts_at(paths, document)), "")


def _steps(text: str) -> Iterator[str | int | None]:
    at = 0
    while at < len(text):
        match = _STEP.match(text, at)
        if match is None:
            raise _not_a_path(text)
        index = match["index"]
        yield match["name"] if index is None else int(index) if index.strip("*") else None
        at = match.end()
        if text[at : at + 1] == "." and at + 1 < len(text):
            at += 1
        elif at < len(text) and text[at] != "[":
            raise _not_a_path(text)


def _not_a_path(text: str) -> ValueError:
    return ValueError(f"{text!r} is not a path such as data.articles or tickers[].symbol")


def _follow(value: Any, step: str | int | None) -> list[Any]:
    if isinstance(step, str):
        return [value[step]] if isinstance(value, dict) and step in value else []
    if not isinstance(value, list):
        return []
    if step is None:
        return value
    return [value[step]] if -len(value) <= step < len(value) else []


def _elements(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
