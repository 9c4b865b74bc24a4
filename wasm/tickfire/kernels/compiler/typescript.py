"""Generator of the TypeScript bindings: types and a class, from the kernels' signatures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import FunctionType
from typing import Final

from tickfire.kernels.portable import (
    WORDS_SUFFIX,
    WRONG_LENGTH,
    Kind,
    Parameter,
    Signature,
    signature_of,
    words_function,
)

HEAD: Final = f"""\
// Generated from the kernels' signatures by `python -m tickfire.kernels.build`: do not edit.

/** Result of a kernel if array lengths do not match; the methods below throw a RangeError. */
const WRONG_LENGTH = {WRONG_LENGTH};
"""

LOAD: Final = """\
/** Instantiate a compiled kernels.wasm over the memory that holds all arrays passed to it. */
export function bindKernels(module: WebAssembly.Module, memory: WebAssembly.Memory): Kernels {
  const instance = new WebAssembly.Instance(module, { env: { memory } });
  return new Kernels(instance.exports as unknown as KernelExports, memory);
}

/**
 * The kernels, on typed arrays that are views of the memory and do not overlap.
 * A fresh state is all zeros; the method `...Words` returns its length.
 */
export class Kernels {
  constructor(
    readonly exports: KernelExports,
    readonly memory: WebAssembly.Memory,
  ) {}
"""

TAIL: Final = """\
  private at(view: Float64Array | BigInt64Array): number {
    if (view.buffer !== this.memory.buffer) throw new TypeError("an array outside the memory");
    return view.byteOffset;
  }
}

function int32(value: number): number {
  if ((value | 0) !== value) throw new RangeError(`${value} is not a 32-bit integer`);
  return value;
}

function fitting(kernel: string, result: number): number {
  if (result === WRONG_LENGTH) throw new RangeError(`${kernel}: the arrays differ in length`);
  return result;
}
"""

ROLES: Final = {
    Kind.IN: "in",
    Kind.OUT: "out",
    Kind.STORE: "store",
    Kind.STATE: "state",
    Kind.LONG_IN: "longIn",
    Kind.LONG_OUT: "longOut",
    Kind.LONG_STORE: "longStore",
    Kind.FLOAT: "float",
    Kind.INT: "int",
    Kind.LONG: "long",
}


def typescript(kernels: Sequence[FunctionType]) -> str:
    """Return the source of a TypeScript module that binds kernels."""
    ordered = sorted(kernels, key=lambda kernel: kernel.__name__)
    computing = [kernel for kernel in ordered if not kernel.__name__.endswith(WORDS_SUFFIX)]
    signatures = [signature_of(kernel) for kernel in ordered]
    parts = [
        HEAD,
        _lines("export interface KernelExports {", map(_export, signatures)),
        _lines("export const SIGNATURES = {", map(_entry, computing), "} as const;"),
        _lines("export type KernelName = keyof typeof SIGNATURES;", (), ""),
        LOAD,
        "\n".join(_method(signature) for signature in signatures),
        TAIL,
    ]
    return "\n".join(parts)


def _lines(head: str, body: Iterator[str] | tuple[()], foot: str = "}") -> str:
    return "\n".join([head, *body, foot]).rstrip("\n") + "\n"


def _export(signature: Signature) -> str:
    faces: list[str] = []
    for parameter in signature.parameters:
        name = camel(parameter.name)
        if parameter.kind.is_array:
            faces += [f"{name}: number", f"{name}Length: number"]
        else:
            faces.append(f"{name}: {_scalar(parameter)}")
    return f"  {signature.name}({', '.join(faces)}): number;"


def _entry(kernel: FunctionType) -> str:
    signature = signature_of(kernel)
    parameters = ", ".join(f'["{camel(p.name)}", "{ROLES[p.kind]}"]' for p in signature.parameters)
    words = ""
    if signature.of(Kind.STATE):
        function = signature_of(words_function(kernel))
        names = ", ".join(f'"{camel(p.name)}"' for p in function.parameters)
        words = f', words: "{camel(function.name)}", wordsOf: [{names}]'
    return f"  {camel(signature.name)}: {{ parameters: [{parameters}]{words} }},"


def _method(signature: Signature) -> str:
    taken = ", ".join(f"{camel(p.name)}: {_view(p)}" for p in signature.parameters)
    call = f"this.exports.{signature.name}({', '.join(_given(signature.parameters))})"
    name = camel(signature.name)
    result = call if name.endswith("Words") else f'fitting("{name}", {call})'
    return (
        f"  /** {signature.summary} */\n  {name}({taken}): number {{\n    return {result};\n  }}\n"
    )


def _given(parameters: Sequence[Parameter]) -> Iterator[str]:
    for parameter in parameters:
        name = camel(parameter.name)
        if parameter.kind.is_array:
            yield f"this.at({name})"
            yield f"{name}.length"
        elif parameter.kind is Kind.INT:
            yield f"int32({name})"
        else:
            yield name


def _view(parameter: Parameter) -> str:
    if not parameter.kind.is_array:
        return _scalar(parameter)
    return "BigInt64Array" if parameter.kind.is_long else "Float64Array"


def _scalar(parameter: Parameter) -> str:
    return "bigint" if parameter.kind is Kind.LONG else "number"


def camel(name: str) -> str:
    """Convert a name to camel case, such as ``log_returns`` to ``logReturns``."""
    first, *others = name.split("_")
    return first + "".join(part.capitalize() for part in others)
