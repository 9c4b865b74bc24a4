"""Linking of headlines to instruments, by cashtags, listings, symbols and names. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Final

from tickfire.ingest.news.text import symbols_in
from tickfire.models.sentiment.companies import COMPANIES, PRODUCTS

_WORD: Final = re.compile(r"[A-Za-z0-9&][A-Za-z0-9&.'\u2019-]*")
_FUTURE: Final = re.compile(r"([A-Z0-9]{1,3})([FGHJKMNQUVXZ])(\d{1,2})")

type Names = Mapping[str, tuple[tuple[tuple[str, ...], str], ...]]
"""By first word: the words of each name, the longest name first, with its symbol."""


class Linker:
    """Finder of the symbols that a text mentions.

    Parameters
    ----------
    known : collection of str
        Symbols of the instrument table. A name counts only if its symbol is among them; a cashtag
        or a listing (``NASDAQ: AAPL``) always counts.
    """

    def __init__(self, known: Collection[str]) -> None:
        self.known = frozenset(known)
        fronts = _fronts(self.known)
        names = {name: symbol for name, symbol in COMPANIES.items() if symbol in self.known}
        for name, root in PRODUCTS.items():
            if root in fronts:
                names[name] = names[name[0].lower() + name[1:]] = fronts[root]
        self._names = _by_first_word(names)

    def symbols(self, text: str, given: Collection[str] = ()) -> tuple[str, ...]:
        """Return the symbols given with a text, then those found in it, each once."""
        return tuple(dict.fromkeys((*given, *symbols_in(text, self.known), *self._named(text))))

    def _named(self, text: str) -> list[str]:
        words = [word.rstrip(".") for word in _WORD.findall(text)]
        words = [word[:-2] if word.endswith(("'s", "\u2019s")) else word for word in words]
        found, at = [], 0
        while at < len(words):
            for name, symbol in self._names.get(words[at], ()):
                if tuple(words[at : at + len(name)]) == name:
                    found.append(symbol)
                    at += len(name) - 1
                    break
            at += 1
        return found


def _by_first_word(names: Mapping[str, str]) -> Names:
    table: dict[str, list[tuple[tuple[str, ...], str]]] = {}
    for name, symbol in sorted(names.items()):
        words = tuple(word.removesuffix("'s") for word in name.split())
        table.setdefault(words[0], []).append((words, symbol))
    return {
        first: tuple(sorted(rows, key=lambda row: -len(row[0]))) for first, rows in table.items()
    }


def _fronts(known: Collection[str]) -> dict[str, str]:
    """Return the earliest contract of each futures root, by the digits of its year and month."""
    contracts: dict[str, tuple[int, str, str]] = {}
    for symbol in known:
        if match := _FUTURE.fullmatch(symbol):
            root, month, year = match.groups()
            ends = (int(year), month, symbol)
            contracts[root] = min(ends, contracts.get(root, ends))
    return {root: symbol for root, (_, _, symbol) in contracts.items()}
