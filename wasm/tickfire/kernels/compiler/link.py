"""Linker of one position-independent object into a module that loads alone or beside others.

A single such object is almost a module: its function indices are final and its data addresses are
relative to ``__memory_base``. The linker adds the public name of the memory, an export section,
a single data segment, and the ``dylink.0`` section that tells Emscripten's loader (and so Pyodide's
ctypes) how much memory the module needs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from tickfire.kernels.compiler.binary import (
    MAGIC,
    Reader,
    Section,
    name,
    section,
    sections,
    uleb,
    vector,
)
from tickfire.kernels.portable import PortableError

IMPORTS: Final = {
    "__linear_memory": "memory",
    "__memory_base": "__memory_base",
    "__stack_pointer": "__stack_pointer",
}
"""Imports that an object may have, and their names in the module."""

FUNCTION, TABLE, MEMORY, GLOBAL, TAG = range(5)
SYMBOL_TABLE: Final = 8
SYMBOL_FUNCTION, SYMBOL_DATA, SYMBOL_GLOBAL, SYMBOL_SECTION, SYMBOL_TAG, SYMBOL_TABLE_ENTRY = range(
    6
)
UNDEFINED: Final = 0x10
EXPLICIT_NAME: Final = 0x40
LINKING_VERSION: Final = 2
DYLINK_MEMORY: Final = 1
ALIGNMENT_LOG2: Final = 4

ORDER: Final = (
    Section.TYPE,
    Section.IMPORT,
    Section.FUNCTION,
    Section.TABLE,
    Section.MEMORY,
    Section.GLOBAL,
    Section.EXPORT,
    Section.ELEMENT,
    Section.DATA_COUNT,
    Section.CODE,
    Section.DATA,
)


@dataclass
class _Object:
    """Sections of an object: standard ones by id, custom ones by name."""

    plain: dict[Section, bytes] = field(default_factory=dict)
    custom: dict[str, bytes] = field(default_factory=dict)


def link(data: bytes, exported: set[str]) -> bytes:
    """Link an object into a module.

    Parameters
    ----------
    data : bytes
        Relocatable, position-independent object, as LLVM writes it.
    exported : set of str
        Names of the functions to export.

    Returns
    -------
    bytes
        The module.

    Raises
    ------
    PortableError
        If the object needs a symbol that it does not define, lacks an export, or holds data that
        only a full linker can relocate.
    """
    parts = _take_apart(data)
    if "reloc.DATA" in parts.custom:
        raise PortableError("the kernels have constants that hold addresses")
    functions = _functions(parts.custom["linking"])
    if missing := exported - functions.keys():
        raise PortableError(f"kernel {min(missing)} is not in the object")
    imports, memory_base = _imports(parts.plain[Section.IMPORT])
    parts.plain[Section.IMPORT] = imports
    size = 0
    if Section.DATA in parts.plain:
        segment = _segment(parts.plain[Section.DATA])
        size = len(segment)
        parts.plain[Section.DATA] = _active_segment(memory_base, segment)
        parts.plain[Section.DATA_COUNT] = uleb(1)
    parts.plain[Section.EXPORT] = vector(
        [name(n) + bytes([FUNCTION]) + uleb(functions[n]) for n in sorted(exported)]
    )
    body = b"".join(section(kind, parts.plain[kind]) for kind in ORDER if kind in parts.plain)
    return MAGIC + section(Section.CUSTOM, _dylink(size)) + body


def _take_apart(data: bytes) -> _Object:
    parts = _Object()
    for kind, body in sections(data):
        if kind is Section.CUSTOM:
            reader = Reader(body)
            title = reader.name()
            parts.custom[title] = reader.rest()
        else:
            parts.plain[kind] = body
    return parts


def _functions(linking: bytes) -> dict[str, int]:
    """Return the indices, by name, of the functions that the symbol table defines."""
    reader = Reader(linking)
    if (version := reader.uleb()) != LINKING_VERSION:
        raise PortableError(
            f"the object has linking metadata of version {version}, not {LINKING_VERSION}"
        )
    found: dict[str, int] = {}
    while reader:
        kind = reader.byte()
        body = reader.sized()
        if kind == SYMBOL_TABLE:
            for _ in range(body.uleb()):
                _symbol(body, found)
    return found


def _symbol(reader: Reader, found: dict[str, int]) -> None:
    kind = reader.byte()
    flags = reader.uleb()
    defined = not flags & UNDEFINED
    if kind == SYMBOL_SECTION:
        reader.uleb()
    elif kind == SYMBOL_DATA:
        symbol = reader.name()
        if not defined:
            raise PortableError(f"the kernels need {symbol}, which is not in the module")
        for _ in range(3):  # segment, offset, size
            reader.uleb()
    else:
        index = reader.uleb()
        if defined or flags & EXPLICIT_NAME:
            symbol = reader.name()
            if kind == SYMBOL_FUNCTION and defined:
                found[symbol] = index


def _imports(body: bytes) -> tuple[bytes, int]:
    """Return the import section with public names, and the global index of ``__memory_base``."""
    reader = Reader(body)
    kept: list[bytes] = []
    globals_seen = 0
    memory_base = -1
    for _ in range(reader.uleb()):
        module, field_name = reader.name(), reader.name()
        start = reader.at
        kind = reader.byte()
        if kind == FUNCTION or (field_name not in IMPORTS and kind != TABLE):
            raise PortableError(f"the kernels need {field_name}, which is not in the module")
        _skip_import(reader, kind)
        if kind == TABLE:
            continue  # no kernel makes indirect calls
        if kind == GLOBAL:
            if field_name == "__memory_base":
                memory_base = globals_seen
            globals_seen += 1
        kept.append(name(module) + name(IMPORTS[field_name]) + reader.since(start))
    return vector(kept), memory_base


def _skip_import(reader: Reader, kind: int) -> None:
    if kind == GLOBAL:
        reader.take(2)
        return
    if kind == TABLE:
        reader.byte()
    has_maximum = reader.uleb() & 1
    reader.uleb()
    if has_maximum:
        reader.uleb()


def _segment(body: bytes) -> bytes:
    """Join the data segments of an object, each at a constant address, into one."""
    reader = Reader(body)
    out = bytearray()
    for _ in range(reader.uleb()):
        if reader.take(2) != b"\x00\x41":
            raise PortableError("the object has data that is not at a constant address")
        offset = reader.sleb()
        reader.byte()
        out += bytes(offset - len(out)) + reader.take(reader.uleb())
    return bytes(out)


def _active_segment(memory_base: int, data: bytes) -> bytes:
    where = b"\x23" + uleb(memory_base) + b"\x0b"  # global.get, end
    return uleb(1) + b"\x00" + where + uleb(len(data)) + data


def _dylink(size: int) -> bytes:
    memory = uleb(size) + uleb(ALIGNMENT_LOG2 if size else 0) + uleb(0) + uleb(0)
    return name("dylink.0") + bytes([DYLINK_MEMORY]) + uleb(len(memory)) + memory
