"""Files of rules, in TOML.

::

    [[rule]]
    name = "oversold in a good mood"
    when = "rsi(14) < 30 and sentiment > 0.5"
    interval = "1m"          # the bars to evaluate it on: 1s or 1m (default 1m)
    symbols = ["ESU4"]       # default: all instruments
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tickfire.base.errors import UsageError
from tickfire.models.rules.parse import RuleError, parse
from tickfire.models.rules.program import Program

INTERVALS: Final = ("1s", "1m")
MAX_RULES: Final = 200
_FIELDS: Final = {"name", "when", "interval", "symbols"}


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule.

    Attributes
    ----------
    name : str
    program : Program
    interval : str
        One of `INTERVALS`.
    symbols : frozenset of str
        Symbols of the instruments to evaluate it for; empty for all.
    """

    name: str
    program: Program
    interval: str = "1m"
    symbols: frozenset[str] = frozenset()

    def concerns(self, symbol: str) -> bool:
        """Return whether the rule is evaluated for an instrument."""
        return not self.symbols or symbol in self.symbols


def read_rules(path: Path) -> tuple[Rule, ...]:
    """Read a file of rules.

    Raises
    ------
    UsageError
        The file cannot be read, or one of its rules is not valid; the text says which and why.
    """
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise UsageError(f"the file of rules {path} cannot be read: {error.strerror}.") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"the file of rules {path} is not valid TOML: {error}.") from error
    tables = content.pop("rule", [])
    if content or not isinstance(tables, list) or not all(isinstance(t, dict) for t in tables):
        raise UsageError(f"{path} may hold tables [[rule]] and nothing else.")
    if len(tables) > MAX_RULES:
        raise UsageError(f"{path} holds more than {MAX_RULES} rules; split or shorten it.")
    rules = tuple(_rule(path, number, table) for number, table in enumerate(tables, 1))
    names = [rule.name for rule in rules]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f"{path} holds two rules named {name!r}; give each its own name.")
    return rules


def _rule(path: Path, number: int, table: dict[str, Any]) -> Rule:
    which = f"rule {number} of {path}"
    name, when, interval, symbols = (
        table.get("name"),
        table.get("when"),
        table.get("interval", "1m"),
        table.get("symbols", []),
    )
    if unknown := sorted(set(table) - _FIELDS):
        raise UsageError(f"{which} has an unknown field {unknown[0]}.")
    if not isinstance(name, str) or not name.strip():
        raise UsageError(f"{which} has no name; add one.")
    if not isinstance(when, str):
        raise UsageError(f"{which} ({name}) has no condition; add it as the string `when`.")
    if interval not in INTERVALS:
        raise UsageError(f"{which} ({name}): the interval must be one of {', '.join(INTERVALS)}.")
    if not isinstance(symbols, list) or not all(isinstance(symbol, str) for symbol in symbols):
        raise UsageError(f"{which} ({name}): symbols must be an array of strings.")
    try:
        return Rule(name, parse(when), interval, frozenset(symbols))
    except RuleError as error:
        raise UsageError(f"{which} ({name}): {error}.") from None
