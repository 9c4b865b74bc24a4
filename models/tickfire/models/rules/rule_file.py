"""The file of a user's rules, in TOML.

::

[[rule]]
name = "oversold in a good mood"
when = "rsi(14) < 30 and sentiment > 0.5"
interval = "1m"          # the bars that it looks at; 1s or 1m, 1m if left out
symbols = ["ESU4"]       # all if left out
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tickfire.base.errors import UserError
from tickfire.models.rules.parse import RuleError, parse
from tickfire.models.rules.program import Program

INTERVALS: Final = ("1s", "1m")
MAX_RULES: Final = 200
_FIELDS: Final = {"name", "when", "interval", "symbols"}


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a user.

    Attributes
    ----------
    name : str
    program : Program
    interval : str
        Of `INTERVALS`.
    symbols : frozenset of str
        Empty for all.
    """

    name: str
    program: Program
    interval: str = "1m"
    symbols: frozenset[str] = frozenset()

    def concerns(self, symbol: str) -> bool:
        """Whether it looks at an instrument."""
        return not self.symbols or symbol in self.symbols


def read_rules(path: Path) -> tuple[Rule, ...]:
    """Read a file of rules.

    Raises
    ------
    UserError
        It cannot be read, or one of its rules cannot; the text says which and why.
    """
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise UserError(f"the rules in {path} cannot be read: {error.strerror}.") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UserError(f"the rules in {path} are not TOML: {error}.") from error
    tables = content.pop("rule", [])
    if content or not isinstance(tables, list) or not all(isinstance(t, dict) for t in tables):
        raise UserError(f"{path} holds tables [[rule]] and nothing else.")
    if len(tables) > MAX_RULES:
        raise UserError(f"{path} holds more than {MAX_RULES} rules.")
    rules = tuple(_rule(path, number, table) for number, table in enumerate(tables, 1))
    names = [rule.name for rule in rules]
    for name in names:
        if names.count(name) > 1:
            raise UserError(f"{path} holds two rules named {name!r}.")
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
        raise UserError(f"{which}: there is no field {unknown[0]}.")
    if not isinstance(name, str) or not name.strip():
        raise UserError(f"{which} has no name.")
    if not isinstance(when, str):
        raise UserError(f"{which} ({name}) does not say when.")
    if interval not in INTERVALS:
        raise UserError(f"{which} ({name}): the interval is one of {', '.join(INTERVALS)}.")
    if not isinstance(symbols, list) or not all(isinstance(symbol, str) for symbol in symbols):
        raise UserError(f"{which} ({name}): symbols is an array of strings.")
    try:
        return Rule(name, parse(when), interval, frozenset(symbols))
    except RuleError as error:
        raise UserError(f"{which} ({name}): {error}.") from None
