"""The linker over small objects of its own: data, names, and refused objects."""

from __future__ import annotations

from typing import Any

import pytest
import wasmtime
from hypothesis import given
from hypothesis import strategies as st
from llvmlite import binding as llvm

from tickfire.kernels.compiler.binary import Reader, sleb, uleb
from tickfire.kernels.compiler.link import link
from tickfire.kernels.portable import PortableError

TRIPLE = "wasm32-unknown-unknown"


def object_of(text: str) -> bytes:
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    module = llvm.parse_assembly(f'target triple = "{TRIPLE}"\n{text}')
    machine: Any = llvm.Target.from_triple(TRIPLE).create_target_machine(
        opt=2, reloc="pic", codemodel="default"
    )
    return bytes(machine.emit_object(module))


DATA = """
@first = internal constant [3 x i32] [i32 10, i32 20, i32 30], align 16
@second = internal constant [2 x i32] [i32 7, i32 9], align 16
define i32 @pick(i32 %i) {
  %p = getelementptr [3 x i32], ptr @first, i32 0, i32 %i
  %a = load i32, ptr %p
  %q = getelementptr [2 x i32], ptr @second, i32 0, i32 1
  %r = load volatile i32, ptr %q
  %s = add i32 %a, %r
  ret i32 %s
}
define i32 @hidden() { ret i32 1 }
"""


@pytest.mark.parametrize("base", [0, 4_096])
def test_data_lies_wherever_the_loader_puts_it(base: int) -> None:
    module_bytes = link(object_of(DATA), {"pick"})
    engine = wasmtime.Engine()
    store = wasmtime.Store(engine)
    module = wasmtime.Module(engine, module_bytes)
    memory = wasmtime.Memory(store, wasmtime.MemoryType(wasmtime.Limits(1, None)))
    kind = wasmtime.GlobalType(wasmtime.ValType.i32(), False)
    given_imports: dict[str | None, Any] = {
        "memory": memory,
        "__memory_base": wasmtime.Global(store, kind, wasmtime.Val.i32(base)),
    }
    instance = wasmtime.Instance(store, module, [given_imports[i.name] for i in module.imports])
    exports = instance.exports(store)
    assert {e.name for e in module.exports} == {"pick"}
    pick: Any = exports["pick"]
    assert [pick(store, i) for i in range(3)] == [19, 29, 39]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("declare double @exp(double)\ndefine double @f(double %x) {\n"
         "  %y = call double @exp(double %x)\n  ret double %y\n}", "exp"),
        ("@outside = external global i32\ndefine i32 @f() {\n"
         "  %y = load i32, ptr @outside\n  ret i32 %y\n}", "outside"),
    ],
)  # fmt: skip
def test_refuses_what_is_not_in_the_module(text: str, what: str) -> None:
    with pytest.raises(PortableError, match=f"the kernels need .*{what}"):
        link(object_of(text), {"f"})


def test_refuses_an_export_that_is_not_there() -> None:
    with pytest.raises(PortableError, match="kernel gone is not in the object"):
        link(object_of(DATA), {"gone"})


def test_refuses_data_that_holds_addresses() -> None:
    text = (
        "@a = internal global i32 5\n@p = internal global ptr @a\ndefine i32 @f() {\n"
        "  %q = load volatile ptr, ptr @p\n  %y = load i32, ptr %q\n  ret i32 %y\n}"
    )
    with pytest.raises(PortableError, match="constants that hold addresses"):
        link(object_of(text), {"f"})


@given(st.integers(0, 2**64))
def test_unsigned_numbers_come_back(value: int) -> None:
    assert Reader(uleb(value)).uleb() == value


@given(st.integers(-(2**63), 2**63))
def test_signed_numbers_come_back(value: int) -> None:
    assert Reader(sleb(value)).sleb() == value
