"""WebAssembly target for numba.

It is numba's CPU target with another LLVM target machine. Integers stay 64 bits wide, as on the
server, and addresses are those of wasm32. Floating point is IEEE 754 without contraction or
reassociation, as in numba without fastmath, so results have the same bits.

This module uses numba's internals, which is why numba's release is pinned.
"""

from __future__ import annotations

from functools import cache
from types import FunctionType
from typing import Any, Final

from llvmlite import binding as llvm
from llvmlite import ir
from numba.core import cgutils as _cgutils
from numba.core import codegen as _codegen
from numba.core import cpu as _cpu
from numba.core import dispatcher as _dispatcher
from numba.core import target_extension
from numba.core import typing as _typing
from numba.core.descriptors import TargetDescriptor as _TargetDescriptor

from tickfire.kernels.compiler.instructions import instruction_for

# numba is not typed.
cgutils: Any = _cgutils
codegen: Any = _codegen
cpu: Any = _cpu
dispatcher: Any = _dispatcher
typing: Any = _typing
TargetDescriptor: Any = _TargetDescriptor

NAME: Final = "wasm32"
TRIPLE: Final = "wasm32-unknown-unknown"
FEATURES: Final = "+simd128,+bulk-memory,+nontrapping-fptoint,+sign-ext,+mutable-globals"

OPTIONS: Final = {
    "nopython": True,
    "error_model": "numpy",
    "boundscheck": False,
    "_nrt": False,
    "no_cpython_wrapper": True,
    "no_cfunc_wrapper": True,
}


class Wasm32(target_extension.CPU):
    """Entry in numba's hierarchy of targets; it inherits every implementation for CPUs."""


class _Codegen(codegen.AOTCPUCodegen):  # type: ignore[misc]
    def _init(self, module: Any) -> None:
        llvm.initialize_all_targets()
        llvm.initialize_all_asmprinters()
        self._tm_features = FEATURES
        self._tm = llvm.Target.from_triple(TRIPLE).create_target_machine(
            cpu="generic", features=FEATURES, opt=3, reloc="pic", codemodel="default"
        )
        self._target_data = self._tm.target_data
        self._data_layout = str(self._target_data)
        self._loopvect, self._opt_level = (
            False,
            0,
        )  # numba's cheap pass, which precedes the full one

    def _create_empty_module(self, name: str) -> ir.Module:
        module = ir.Module(cgutils.normalize_ir_text(name))
        module.triple = TRIPLE
        if self._data_layout:
            module.data_layout = self._data_layout
        return module


class _Context(cpu.CPUContext):  # type: ignore[misc]
    def init(self) -> None:
        self.is32bit = False  # WebAssembly has 64-bit integers
        self._internal_codegen = _Codegen("wasm")

    def get_executable(self, library: Any, fndesc: Any, env: Any) -> object:
        return object()  # numba needs a distinct key per function; it is never called


class _Descriptor(TargetDescriptor):  # type: ignore[misc]
    options = cpu.CPUTargetOptions

    def __init__(self) -> None:
        super().__init__(NAME)
        self._typing = typing.Context()
        self._context = _Context(self._typing, NAME)

    @property
    def typing_context(self) -> Any:
        return self._typing

    @property
    def target_context(self) -> Any:
        return self._context


@cache
def wasm32() -> Wasm32Target:
    """Return the process's only target: numba registers targets by name."""
    return Wasm32Target()


class Wasm32Target:
    """Target registered with numba: its context, and the dispatchers that compile for it."""

    def __init__(self) -> None:
        target_extension.target_registry[NAME] = Wasm32
        descriptor = _Descriptor()

        class Dispatcher(dispatcher.Dispatcher):  # type: ignore[misc]
            targetdescr = descriptor

            def add_overload(self, cres: Any) -> None:
                self.overloads[tuple(cres.signature.args)] = (
                    cres  # nothing to load: this process cannot run WebAssembly
                )

        self.context = descriptor.target_context
        self._dispatcher = Dispatcher
        target_extension.dispatcher_registry[Wasm32] = Dispatcher
        target_extension.jit_registry[Wasm32] = self._jit

    def helper(self, function: FunctionType) -> Any:
        """Return the inlined form of a helper, for its callers in kernels."""
        if instruction := instruction_for(function):
            return instruction
        return self._dispatcher(function, {}, OPTIONS | {"forceinline": True})

    def compile(self, function: FunctionType, arguments: tuple[Any, ...]) -> Any:
        """Compile a kernel for argument types of numba's; return numba's compile result."""
        compiled = self._dispatcher(function, {}, OPTIONS)
        compiled.compile(arguments)
        return compiled.overloads[arguments]

    def _jit(self, function: Any = None, **options: Any) -> Any:
        def decorate(function: FunctionType) -> Any:
            return self._dispatcher(function, {}, options | OPTIONS)

        return decorate if function is None else decorate(function)
