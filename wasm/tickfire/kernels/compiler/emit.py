"""Compilation of kernels into one WebAssembly object."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FunctionType
from typing import Any, Final

from llvmlite import binding as llvm
from numba.core import target_extension as _target_extension
from numba.core import types as _types
from numba.core.compiler_lock import global_compiler_lock
from numba.core.errors import NumbaError

from tickfire.kernels.compiler.abi import MAY_RAISE, add_wrapper, numba_types
from tickfire.kernels.compiler.check import check
from tickfire.kernels.compiler.target import NAME, Wasm32Target, wasm32
from tickfire.kernels.portable import Kind, PortableError, signature_of, words_function
from tickfire.kernels.rebind import Rebinder

types: Any = _types  # numba is not typed
target_extension: Any = _target_extension

INSTRUCTIONS: Final = frozenset({"sqrt", "fabs", "copysign"})
"""Functions of the C library that compile to WebAssembly instructions."""

PLACE: Final = re.compile(r'File "([^"]+)", line (\d+)')
WANTED: Final = re.compile(r">>> (.+)")

C_LIBRARY: Final = {
    "fmod": "the operator % or // between floats",
    "pow": "a power",
    "exp": "exp of the C library",
    "log": "log of the C library",
}


def emit_object(kernels: Sequence[FunctionType]) -> bytes:
    """Compile kernels to one position-independent object that defines no other visible symbol.

    Raises
    ------
    PortableError
        If a kernel uses something that portable kernels may not use; the message names the kernel
        and the construct.
    """
    for kernel in kernels:
        check(kernel)
        if signature_of(kernel).of(Kind.STATE):
            words_function(kernel)
    target = wasm32()
    with global_compiler_lock, target_extension.target_override(NAME):
        library = _compile(target, kernels)
    module = library._final_module
    _hide(module, {kernel.__name__ for kernel in kernels})
    passes, builder = target.context.codegen()._module_pass_manager()
    passes.run(module, builder)
    module.verify()
    for fault in _leftovers(module):
        raise PortableError(fault)
    return bytes(target.context.codegen()._tm.emit_object(module))


def _compile(target: Wasm32Target, kernels: Sequence[FunctionType]) -> Any:
    rebinder = Rebinder(target.helper)
    library = target.context.codegen().create_library("kernels.wasm")
    for kernel in kernels:
        signature = signature_of(kernel)
        try:
            result = target.compile(rebinder.copy(kernel), numba_types(signature))
        except NumbaError as error:
            raise PortableError(_explained(kernel, error)) from error
        if types.unliteral(result.signature.return_type) != types.int64:
            returned = result.signature.return_type
            raise PortableError(f"kernel {kernel.__name__}: returns {returned} instead of an int")
        library.add_linking_library(result.library)
        add_wrapper(target.context, library, signature, result.fndesc)
    library.finalize()
    return library


def _hide(module: Any, exported: set[str]) -> None:
    """Make every symbol but the exports internal, so that LLVM removes whatever is unused."""
    for value in [*module.functions, *module.global_variables]:
        if value.is_declaration and value.linkage == llvm.Linkage.external:
            continue
        if value.name not in exported:
            value.linkage = "internal"


def _leftovers(module: Any) -> Iterator[str]:
    """Yield an error message for each call of a function that the module does not define."""
    outside = [f.name for f in module.functions if f.is_declaration]
    wanted = [n for n in outside if not n.startswith("llvm.") and n not in INSTRUCTIONS]
    for function in module.functions:
        for block in function.blocks:
            for instruction in block.instructions:
                if instruction.opcode == "frem":  # compiles to a call of the C library's fmod
                    yield _leftover(function.name, "fmod")
                elif instruction.opcode == "call":
                    text = str(instruction)
                    for name in wanted:
                        if f"@{name}(" in text or f'@"{name}"(' in text:
                            yield _leftover(function.name, name)
    if wanted:
        yield f"the kernels call {', '.join(wanted)}, which WebAssembly does not provide"


def _leftover(kernel: str, name: str) -> str:
    if name.startswith(MAY_RAISE):
        return f"kernel {kernel}: it may raise an exception, or allocates memory"
    what = C_LIBRARY.get(name, f"{name} of the C library")
    return f"kernel {kernel}: {what} is not allowed"


def _explained(kernel: FunctionType, error: NumbaError) -> str:
    """Return the essence of numba's long message: the construct and its place."""
    text = str(error)
    places = PLACE.findall(text)
    place = f" ({Path(places[-1][0]).name}:{places[-1][1]})" if places else ""
    if wanted := WANTED.search(text):
        return f"kernel {kernel.__name__}{place}: {wanted[1].strip()} is not allowed"
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    telling = [line for line in lines if not line.startswith(("Failed in", "During", "File"))]
    return f"kernel {kernel.__name__}{place}: {telling[0] if telling else 'it does not compile'}"
