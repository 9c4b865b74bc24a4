"""Kernels as Python functions, with arguments converted to arrays and results to series."""

from __future__ import annotations

from array import array
from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from .engines import Engine, engine
from .series import Series, floats, longs

__all__ = ["Kernel", "Running"]

WRONG_LENGTH: Final = -1
INT32: Final = range(-(2**31), 2**31)
INT64: Final = range(-(2**63), 2**63)

SCALARS: Final = frozenset({"int", "float", "long"})
READ: Final = frozenset({"in", "long_in"})
MADE: Final = frozenset({"out", "long_out"})
OWN: Final = MADE | {"state"}
"""Roles of parameters that the caller does not pass."""

Machine = Callable[[], Engine]


class Kernel:
    """Kernel that is called on whole arrays, or started and fed piece by piece.

    Parameters
    ----------
    name, summary : str
        Name and first docstring line of the kernel.
    parameters : sequence of (name, role)
        The kernel's parameters, in order; roles are the names of `Kind`, in lower case.
    words : sequence of str
        Integer parameters that determine the length of the state.
    machine : callable
        Returns the engine that runs the kernel.
    """

    def __init__(
        self,
        name: str,
        summary: str,
        parameters: Sequence[tuple[str, str]],
        words: Sequence[str] = (),
        machine: Machine = engine,
    ) -> None:
        self.name = name
        self.parameters = tuple(parameters)
        self._roles = tuple(role for _, role in parameters)
        self._words = tuple(words)
        self._machine = machine
        self._outs = [each for each, role in parameters if role in MADE]
        self._tuple: Any = None
        self.__doc__ = f"{self.signature}\n\n{summary}"

    @property
    def signature(self) -> str:
        """Signature of the kernel, as text."""
        taken = ", ".join(each for each, role in self.parameters if role not in OWN)
        return f"{self.name}({taken}) -> {', '.join(self._outs) or 'count'}"

    def __repr__(self) -> str:
        return f"<kernel {self.signature}>"

    def on(self, machine: Engine) -> Kernel:
        """Return the same kernel on another engine."""
        summary = (self.__doc__ or "").partition("\n\n")[2]
        return Kernel(self.name, summary, self.parameters, self._words, lambda: machine)

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """Compute from a fresh state.

        Parameters are those of the kernel without its state and outputs, positional or by name.

        Returns
        -------
        Series, named tuple of Series, or int
            The output, all outputs by name, or, if there is none, the kernel's count.

        Raises
        ------
        ValueError
            If arrays differ in length or an integer is out of range.
        TypeError
            If a parameter is missing, unknown, given twice or not numeric.
        """
        given = self._bind(arguments, named, lambda role: True)
        return self._run(given, self._fresh_state(given))

    def start(self, **scalars: Any) -> Running:
        """Start an incremental computation with the kernel's scalar parameters."""
        given = self._bind((), scalars, lambda role: role in SCALARS)
        return Running(self, given, self._fresh_state(given))

    def _run(self, given: Mapping[str, Any], state: array[float]) -> Any:
        steps = next((len(given[name]) for name, role in self.parameters if role in READ), 0)
        made: list[Any] = []
        arguments: list[Any] = []
        for name, role in self.parameters:
            if role == "state":
                arguments.append(state)
            elif role in MADE:
                made.append(Series("d", bytes(8 * steps)) if role == "out" else _zeros(steps))
                arguments.append(made[-1])
            else:
                arguments.append(given[name])
        count = self._machine().run(self.name, self._roles, arguments)
        if count == WRONG_LENGTH:
            raise ValueError(f"{self.name}: the arrays differ in length")
        if not made:
            return count
        return made[0] if len(made) == 1 else self._named(made)

    def _named(self, made: list[Any]) -> Any:
        if self._tuple is None:
            made_type: Any = namedtuple
            self._tuple = made_type(self.name, self._outs)
        return self._tuple._make(made)

    def _fresh_state(self, given: Mapping[str, Any]) -> array[float]:
        if "state" not in self._roles:
            return array("d")
        sizes = [given[name] for name in self._words]
        count = self._machine().run(f"{self.name}_words", ["int"] * len(sizes), sizes)
        return array("d", bytes(8 * count))

    def _bind(
        self,
        arguments: tuple[Any, ...],
        named: Mapping[str, Any],
        wanted: Callable[[str], bool],
    ) -> dict[str, Any]:
        taken = {name: role for name, role in self.parameters if role not in OWN and wanted(role)}
        if len(arguments) > len(taken):
            raise TypeError(f"{self.name} takes {', '.join(taken)}")
        given = dict(zip(taken, arguments, strict=False))
        for key, value in named.items():
            if key in given or key not in taken:
                raise TypeError(f"{self.name} takes no other {key}")
            given[key] = value
        if missing := [name for name in taken if name not in given]:
            raise TypeError(f"{self.name} needs {', '.join(missing)}")
        return {name: _converted(self.name, name, taken[name], given[name]) for name in taken}


class Running:
    """Incremental computation: a kernel with its scalar parameters and its state.

    Attributes
    ----------
    state : array of float64
        The state, which may be saved and restored; all zeros is a fresh state.
    """

    def __init__(self, kernel: Kernel, scalars: dict[str, Any], state: array[float]) -> None:
        self._kernel = kernel
        self._scalars = scalars
        self.state = state

    def push(self, *arrays: Any) -> Any:
        """Process new elements, arrays or numbers in the kernel's order; return their results."""
        return self._run(arrays, self.state)

    def peek(self, *arrays: Any) -> Any:
        """Return the results of `push` without changing the state, as for a running bar."""
        return self._run(arrays, self.state[:])

    def _run(self, arrays: tuple[Any, ...], state: array[float]) -> Any:
        given = self._kernel._bind(arrays, {}, lambda role: role not in SCALARS)
        return self._kernel._run(self._scalars | given, state)


def _converted(kernel: str, name: str, role: str, value: Any) -> Any:
    where = f"{kernel}: {name}"
    if role in SCALARS:
        return _scalar(where, role, value)
    if role in ("store", "long_store"):
        code = "d" if role == "store" else "q"
        if not isinstance(value, array) or value.typecode != code:
            raise TypeError(f"{where} must be an array of type code {code}, to be written to")
        return value
    return floats(value, where) if role == "in" else longs(value, where)


def _scalar(where: str, role: str, value: Any) -> Any:
    try:
        number = float(value) if role == "float" else int(value)
    except (TypeError, ValueError, OverflowError):
        raise TypeError(f"{where} must be a number") from None
    if role != "float" and number not in (INT32 if role == "int" else INT64):
        raise ValueError(f"{where} is {number}, beyond {'int32' if role == 'int' else 'int64'}")
    return number


def _zeros(count: int) -> array[int]:
    return array("q", bytes(8 * count))
