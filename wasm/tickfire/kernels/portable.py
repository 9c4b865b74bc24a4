"""Portable kernels: functions in restricted Python that run on every engine.

The same source is plain Python here, machine code by numba (`tickfire.kernels.native`) and
WebAssembly (`tickfire.kernels.build`), with the same bits everywhere. This file and the families
of kernels import nothing outside the standard library, so that they also run inside a browser's
Python.

A kernel takes arrays and numbers, says by its annotations what each of them is, writes its
results into arrays that the caller made, and returns a count or `WRONG_LENGTH`::

    @portable
    def midpoint(high: In, low: In, out: Out) -> int:
        n = len(high)
        if len(low) != n or len(out) != n:
            return WRONG_LENGTH
        for i in range(n):
            out[i] = 0.5 * (high[i] + low[i])
        return n

A kernel with a `State` carries it from call to call: all zeros is a fresh state, and the function
``<kernel>_words``, of the kernel's integer parameters that it names, says how many words it has.
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
    """A kernel does what a portable kernel may not; the message names the kernel and what."""


class Readable(Protocol):
    """An array of float64 that is only read."""

    def __len__(self) -> int:
        """Return the number of elements."""

    def __getitem__(self, index: int, /) -> float:
        """Return an element."""


class Floats(Readable, Protocol):
    """An array of float64 that is also written."""

    def __setitem__(self, index: int, value: float, /) -> None:
        """Set an element."""


class ReadableLongs(Protocol):
    """An array of int64 that is only read."""

    def __len__(self) -> int:
        """Return the number of elements."""

    def __getitem__(self, index: int, /) -> int:
        """Return an element."""


class Longs(ReadableLongs, Protocol):
    """An array of int64 that is also written."""

    def __setitem__(self, index: int, value: int, /) -> None:
        """Set an element."""


class Kind(enum.Enum):
    """One parameter of a kernel."""

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
        """Whether the parameter is an array."""
        return self not in (Kind.FLOAT, Kind.INT, Kind.LONG)

    @property
    def is_long(self) -> bool:
        """Whether the parameter is int64 or an array of it."""
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
    """One parameter of a kernel."""

    name: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Signature:
    """Name, parameters and first line of documentation of a kernel; it returns an int32."""

    name: str
    parameters: tuple[Parameter, ...]
    summary: str

    def of(self, *kinds: Kind) -> tuple[Parameter, ...]:
        """Return the parameters of these kinds, in order."""
        return tuple(p for p in self.parameters if p.kind in kinds)


def portable[F: Callable[..., int]](function: F) -> F:
    """Mark a function as a kernel for every machine; it stays a plain function."""
    setattr(function, MARK, True)
    return function


def is_portable(value: object) -> bool:
    """Return whether a value is a function marked by `portable`."""
    return isinstance(value, FunctionType) and hasattr(value, MARK)


def portable_functions(module: ModuleType) -> Iterator[FunctionType]:
    """Return the kernels that a module defines (not those it imports), in order of definition."""
    for value in vars(module).values():
        if isinstance(value, FunctionType) and is_portable(value):
            if value.__module__ == module.__name__:
                yield value


def signature_of(function: Callable[..., Any]) -> Signature:
    """Read the signature off the annotations of a kernel.

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
    """Return the function that says how many words the state of a kernel has.

    Raises
    ------
    PortableError
        If there is none beside the kernel, or it asks for what the kernel does not take.
    """
    name = function.__name__ + WORDS_SUFFIX
    words = function.__globals__.get(name)
    if not isinstance(words, FunctionType) or not is_portable(words):
        raise PortableError(f"kernel {function.__name__}: no kernel {name} says how long State is")
    integers = {p.name for p in signature_of(function).of(Kind.INT)}
    if unknown := [p.name for p in signature_of(words).parameters if p.name not in integers]:
        raise PortableError(f"kernel {name}: {function.__name__} has no integer {unknown[0]}")
    return words


def _kind(hint: Any) -> Kind | None:
    if hint is float:
        return Kind.FLOAT
    if hint is int:
        return Kind.INT
    alias = getattr(hint, "__value__", None)  # the right side of a type statement
    metadata = getattr(alias, "__metadata__", ())
    return metadata[0] if metadata and isinstance(metadata[0], Kind) else None
