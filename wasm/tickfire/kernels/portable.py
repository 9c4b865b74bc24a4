"""Portable kernels: functions in restricted Python that run on every engine.

The same source runs as plain Python, as machine code by numba (`tickfire.kernels.native`) and as
WebAssembly (`tickfire.kernels.build`), with the same bits. This module and those that define
kernels import only the standard library, so that they also run in a browser's Python.

A kernel takes arrays and numbers, each annotated with its kind, writes its results into arrays
that the caller allocates, and returns a count or `WRONG_LENGTH`::

    @portable
    def midpoint(high: In, low: In, out: Out) -> int:
        n = len(high)
        if len(low) != n or len(out) != n:
            return WRONG_LENGTH
        for i in range(n):
            out[i] = 0.5 * (high[i] + low[i])
        return n

A kernel with a `State` updates it from call to call. A fresh state is all zeros; the function
``<kernel>_words``, which takes some of the kernel's integer parameters, returns its length.
"""

from __future__ import annotations

import enum
import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import FunctionType, ModuleType
from typing import Annotated, Any, Final, Protocol, get_type_hints

__all__ = [
    "WRONG_LENGTH",
    "Floats",
    "In",
    "Kind",
    "Long",
    "LongIn",
    "LongOut",
    "LongStore",
    "Longs",
    "Out",
    "Parameter",
    "PortableError",
    "Signature",
    "State",
    "Store",
    "is_portable",
    "portable",
    "portable_functions",
    "signature_of",
    "words_function",
]

WRONG_LENGTH: Final = -1

MARK: Final = "__portable__"
WORDS_SUFFIX: Final = "_words"


class PortableError(Exception):
    """Invalid portable kernel; the message names the kernel and the problem."""


class Readable(Protocol):
    """Read-only array of float64."""

    def __len__(self) -> int:
        """Return the number of elements."""

    def __getitem__(self, index: int, /) -> float:
        """Return an element."""


class Floats(Readable, Protocol):
    """Writable array of float64."""

    def __setitem__(self, index: int, value: float, /) -> None:
        """Set an element."""


class ReadableLongs(Protocol):
    """Read-only array of int64."""

    def __len__(self) -> int:
        """Return the number of elements."""

    def __getitem__(self, index: int, /) -> int:
        """Return an element."""


class Longs(ReadableLongs, Protocol):
    """Writable array of int64."""

    def __setitem__(self, index: int, value: int, /) -> None:
        """Set an element."""


class Kind(enum.Enum):
    """Kind of a kernel's parameter."""

    IN = "float64 array, read, one element per step"
    OUT = "float64 array, written, one result per step"
    STORE = "float64 array with a length of its own, read and written"
    STATE = "float64 array, the state from call to call"
    LONG_IN = "int64 array, read, one element per step"
    LONG_OUT = "int64 array, written, one result per step"
    LONG_STORE = "int64 array with a length of its own, read and written"
    FLOAT = "float64"
    INT = "int32"
    LONG = "int64"

    @property
    def is_array(self) -> bool:
        """True if the parameter is an array."""
        return self not in (Kind.FLOAT, Kind.INT, Kind.LONG)

    @property
    def is_long(self) -> bool:
        """True if the parameter is int64 or an array of it."""
        return self in (Kind.LONG_IN, Kind.LONG_OUT, Kind.LONG_STORE, Kind.LONG)


type In = Annotated[Readable, Kind.IN]
type Out = Annotated[Floats, Kind.OUT]
type Store = Annotated[Floats, Kind.STORE]
type State = Annotated[Floats, Kind.STATE]
type LongIn = Annotated[ReadableLongs, Kind.LONG_IN]
type LongOut = Annotated[Longs, Kind.LONG_OUT]
type LongStore = Annotated[Longs, Kind.LONG_STORE]
type Long = Annotated[int, Kind.LONG]


@dataclass(frozen=True, slots=True)
class Parameter:
    """Name and kind of a kernel's parameter."""

    name: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Signature:
    """Name, parameters and first docstring line of a kernel, which returns an int32."""

    name: str
    parameters: tuple[Parameter, ...]
    summary: str

    def of(self, *kinds: Kind) -> tuple[Parameter, ...]:
        """Return the parameters of the given kinds, in order."""
        return tuple(p for p in self.parameters if p.kind in kinds)


def portable[F: Callable[..., int]](function: F) -> F:
    """Mark a function as a portable kernel; it remains a plain function."""
    setattr(function, MARK, True)
    return function


def is_portable(value: object) -> bool:
    """Return whether a value is a function marked by `portable`."""
    return isinstance(value, FunctionType) and hasattr(value, MARK)


def portable_functions(module: ModuleType) -> Iterator[FunctionType]:
    """Yield the kernels that a module defines, not those it imports, in order."""
    for value in vars(module).values():
        if isinstance(value, FunctionType) and is_portable(value):
            if value.__module__ == module.__name__:
                yield value


def signature_of(function: Callable[..., Any]) -> Signature:
    """Return a kernel's signature, read from its annotations.

    Raises
    ------
    PortableError
        If a parameter is not annotated with one of the kinds, or the result is not an int.
    """
    hints = get_type_hints(function, include_extras=True)
    name = function.__name__
    if hints.pop("return", None) is not int:
        raise PortableError(f"kernel {name}: its result must be annotated as int")
    parameters = []
    for parameter in inspect.signature(function).parameters:
        kind = _kind(hints.get(parameter))
        if kind is None:
            raise PortableError(
                f"kernel {name}: parameter {parameter} needs one of the annotations In, Out, Store,"
                " State, LongIn, LongOut, LongStore, Long, int, float"
            )
        parameters.append(Parameter(parameter, kind))
    summary = (inspect.getdoc(function) or "").partition("\n")[0]
    return Signature(name, tuple(parameters), summary)


def words_function(function: FunctionType) -> FunctionType:
    """Return the function that computes the length of a kernel's state.

    Raises
    ------
    PortableError
        If there is none beside the kernel, or it has a parameter that the kernel lacks.
    """
    name = function.__name__ + WORDS_SUFFIX
    words = function.__globals__.get(name)
    if not isinstance(words, FunctionType) or not is_portable(words):
        raise PortableError(
            f"kernel {function.__name__}: define {name}, which returns the length of State"
        )
    integers = {p.name for p in signature_of(function).of(Kind.INT)}
    if unknown := [p.name for p in signature_of(words).parameters if p.name not in integers]:
        raise PortableError(f"kernel {name}: {function.__name__} has no int parameter {unknown[0]}")
    return words


def _kind(hint: Any) -> Kind | None:
    if hint is float:
        return Kind.FLOAT
    if hint is int:
        return Kind.INT
    alias = getattr(hint, "__value__", None)  # the right side of a type statement
    metadata = getattr(alias, "__metadata__", ())
    return metadata[0] if metadata and isinstance(metadata[0], Kind) else None
