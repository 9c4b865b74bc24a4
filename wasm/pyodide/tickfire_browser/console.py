"""Python console that takes one line at a time."""

from __future__ import annotations

import ast
import codeop
from typing import Any, Final

from .faults import CONSOLE

__all__ = ["Console"]

LAST: Final = "_"
MAX_SHOWN: Final = 2000


class Console:
    """Console that runs lines in one namespace and prints the repr of results.

    A block runs after the empty line that ends it.

    Parameters
    ----------
    names : dict
        The namespace; the caller may add names later.
    """

    def __init__(self, names: dict[str, Any]) -> None:
        self.names = names
        self._lines: list[str] = []

    def push(self, line: str) -> bool:
        """Add a line and run it if it is complete; return whether more lines are needed.

        Raises
        ------
        BaseException
            Any exception of the code, including syntax errors; pending lines are dropped.
        """
        self._lines.append(line)
        source = "\n".join(self._lines)
        try:
            more = codeop.compile_command(source, CONSOLE, "single") is None
        except BaseException:
            self._lines.clear()
            raise
        if more:
            return True
        self._lines.clear()
        self._run(source)
        return False

    def clear(self) -> None:
        """Drop the lines of an unfinished block."""
        self._lines.clear()

    def _run(self, source: str) -> None:
        tree = ast.parse(source + "\n", CONSOLE)
        if not tree.body:
            return
        last = tree.body[-1]
        value = tree.body.pop() if isinstance(last, ast.Expr) else None
        exec(compile(tree, CONSOLE, "exec", dont_inherit=True), self.names)
        if isinstance(value, ast.Expr):
            code = compile(ast.Expression(value.value), CONSOLE, "eval", dont_inherit=True)
            result = eval(code, self.names)
            if result is not None:
                self.names[LAST] = result
                print(_shown(result))


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}… ({len(text)} characters)"
