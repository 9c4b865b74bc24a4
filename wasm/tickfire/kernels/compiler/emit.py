"""Compile kernels together into one WebAssembly object."""

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
"""Functions of the C library that are instructions of the machine."""

PLACE: Final = re.compile(r'File "([^"]+)", line (\d+)')
WANTED: Final = re.compile(r">>> (.+)")

C_LIBRARY: Final = {
    "fmod": "the operator % or // between floats",
    "pow": "a power",
    "exp": "exp of the C library",
    "log": "log of the C library",
}


def emit_object(kernels: Sequence[FunctionType]) -> bytes:
    """Return the object of some kernels, position independent, nothing but them visible.

    Raises
    ------
    PortableError
        If a kernel does what a portable kernel may not; it names the kernel and the construct.
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
    """Make all but the exports internal: what was inlined, and numba's own, then goes away."""
    for value in [*module.functions, *module.global_variables]:
        if value.is_declaration and value.linkage == llvm.Linkage.external:
            continue
        if value.name not in exported:
            value.linkage = "internal"


def _leftovers(module: Any) -> Iterator[str]:
    """Say which kernel calls what is not in the module."""
    outside = [f.name for f in module.functions if f.is_declaration]
    wanted = [n for n in outside if not n.startswith("llvm.") and n not in INSTRUCTIONS]
    for function in module.functions:
        for block in function.blocks:
            for instruction in block.instructions:
                if instruction.opcode == "frem":  # the C library's fmod, in the end
                    yield _leftover(function.name, "fmod")
                elif instruction.opcode == "call":
                    text = str(instruction)
                    for name in wanted:
                        if f"@{name}(" in text or f'@"{name}"(' in text:
                            yield _leftover(function.name, name)
    if wanted:
        yield f"the kernels need {', '.join(wanted)}, which no machine has alike"


def _leftover(kernel: str, name: str) -> str:
    if name.startswith(MAY_RAISE):
        return f"kernel {kernel}: it may raise an exception, or allocates memory"
    what = C_LIBRARY.get(name, f"{name} of the C library")
    return f"kernel {kernel}: {what} is not allowed"


def _explained(kernel: FunctionType, error: NumbaError) -> str:
    """Return what of numba's long message says what is wrong, and where."""
    text = str(error)
    places = PLACE.findall(text)
    place = f" ({Path(places[-1][0]).name}:{places[-1][1]})" if places else ""
    if wanted := WANTED.search(text):
        return f"kernel {kernel.__name__}{place}: {wanted[1].strip()} is not allowed"
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    telling = [line for line in lines if not line.startswith(("Failed in", "During", "File"))]
    return f"kernel {kernel.__name__}{place}: {telling[0] if telling else 'it does not compile'}"
