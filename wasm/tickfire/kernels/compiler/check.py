"""Check of a portable kernel's source before it is compiled.

The rules guarantee the same bits on every engine, and that nothing raises. Allowed are numbers and
arrays, arithmetic, comparisons, ``if``, ``for`` over ``range``, ``while``, and calls of functions
under the same rules. `emit` rejects whatever only shows in the compiled code, such as a call of
the C library.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Final

from tickfire.kernels.portable import PortableError
from tickfire.kernels.rebind import helpers_of

BUILTINS: Final = frozenset({"abs", "bool", "float", "int", "len", "max", "min", "range"})
MATH: Final = frozenset({"copysign", "fabs", "inf", "nan", "sqrt"})

FORBIDDEN: Final[dict[type[ast.AST], str]] = {
    ast.Raise: "raise",
    ast.Try: "try",
    ast.Assert: "assert",
    ast.With: "with",
    ast.Yield: "yield",
    ast.YieldFrom: "yield from",
    ast.Await: "await",
    ast.AsyncFunctionDef: "an async function",
    ast.AsyncFor: "async for",
    ast.AsyncWith: "async with",
    ast.Lambda: "a lambda",
    ast.ClassDef: "a class",
    ast.Import: "import",
    ast.ImportFrom: "import",
    ast.Global: "global",
    ast.Nonlocal: "nonlocal",
    ast.Delete: "del",
    ast.Match: "match",
    ast.List: "a list",
    ast.ListComp: "a list comprehension",
    ast.Dict: "a dict",
    ast.DictComp: "a dict comprehension",
    ast.Set: "a set",
    ast.SetComp: "a set comprehension",
    ast.GeneratorExp: "a generator",
    ast.JoinedStr: "an f-string",
    ast.Slice: "a slice",
    ast.Starred: "a starred expression",
    ast.NamedExpr: "an assignment expression",
    ast.Pow: "the operator ** (use power of tickfire.kernels.maths)",
    ast.MatMult: "the operator @",
    ast.Is: "the operator is",
    ast.IsNot: "the operator is not",
    ast.In: "the operator in",
    ast.NotIn: "the operator not in",
}


def check(kernel: FunctionType) -> None:
    """Check that a kernel and its helpers use nothing that is forbidden in portable kernels.

    Raises
    ------
    PortableError
        If they do; the message names the kernel, the helper, the construct, its file and line.
    """
    for function in helpers_of(kernel):
        _check_function(kernel, function)


def _check_function(kernel: FunctionType, function: FunctionType) -> None:
    try:
        lines, first = inspect.getsourcelines(function)
    except OSError as error:
        raise PortableError(
            f"kernel {kernel.__name__}: its source cannot be read; define it in a file"
        ) from error
    tree = ast.parse(textwrap.dedent("".join(lines))).body[0]
    if not isinstance(tree, ast.FunctionDef):
        raise PortableError(
            f"kernel {kernel.__name__}: {_called(function)} is not a plain function"
        )
    for line, what in _faults(tree, function):
        place = f"{Path(inspect.getfile(function)).name}:{first + line - 1}"
        where = "" if function is kernel else f", in {function.__name__}"
        raise PortableError(f"kernel {kernel.__name__}{where} ({place}): {what} is not allowed")


def _called(function: FunctionType) -> str:
    return function.__name__


def _faults(tree: ast.FunctionDef, function: FunctionType) -> Iterator[tuple[int, str]]:
    if tree.args.vararg or tree.args.kwarg or tree.args.kwonlyargs or tree.args.defaults:
        yield tree.lineno, "a parameter with a default, a star or a keyword"
    docstring = tree.body[0] if ast.get_docstring(tree) is not None else None
    for statement in tree.body:
        if statement is not docstring:
            for line, node in _nodes(statement, statement.lineno):
                if what := _fault(node, function):
                    yield line, what


def _nodes(node: ast.AST, line: int) -> Iterator[tuple[int, ast.AST]]:
    """Yield a node and its descendants with their lines; an operator has its parent's line."""
    line = getattr(node, "lineno", line)
    yield line, node
    for child in ast.iter_child_nodes(node):
        yield from _nodes(child, line)


def _fault(node: ast.AST, function: FunctionType) -> str | None:
    if what := FORBIDDEN.get(type(node)):
        return what
    if isinstance(node, ast.FunctionDef):
        return "a function within a function"
    if isinstance(node, ast.Constant) and isinstance(node.value, str | bytes | complex):
        return f"the constant {node.value!r}"
    if isinstance(node, ast.Call):
        return _call_fault(node, function)
    if isinstance(node, ast.Attribute):
        return _attribute_fault(node, function)
    if isinstance(node, ast.For) and not _is_range(node.iter):
        return "a for loop over anything but range"
    if isinstance(node, ast.For | ast.While) and node.orelse:
        return "else after a loop"
    if isinstance(node, ast.Name):
        return _name_fault(node, function)
    return None


def _is_range(node: ast.expr) -> bool:
    return (
        isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "range"
    )


def _call_fault(node: ast.Call, function: FunctionType) -> str | None:
    if node.keywords:
        return "a call with keywords"
    if isinstance(node.func, ast.Attribute):
        return None  # math.sqrt, or an error that _attribute_fault reports
    if not isinstance(node.func, ast.Name):
        return "a call of anything but a name"
    name = node.func.id
    value = function.__globals__.get(name)
    if value is None:
        return None if name in BUILTINS else f"a call of {name}"
    return None if isinstance(value, FunctionType) else f"a call of {name}"


def _attribute_fault(node: ast.Attribute, function: FunctionType) -> str | None:
    owner = node.value.id if isinstance(node.value, ast.Name) else None
    module = function.__globals__.get(owner) if owner else None
    if isinstance(module, ModuleType) and module.__name__ == "math":
        return None if node.attr in MATH else f"math.{node.attr}"
    return f"the attribute .{node.attr}"


def _name_fault(node: ast.Name, function: FunctionType) -> str | None:
    value = function.__globals__.get(node.id)
    if node.id in function.__code__.co_varnames or value is None:
        return None
    if isinstance(value, bool | int | float | FunctionType):
        return None
    if isinstance(value, ModuleType):
        return None if value.__name__ == "math" else f"the module {node.id}"
    return f"the global {node.id}, a {type(value).__name__},"
