"""``python -m tickfire.kernels.build``: build kernels.wasm and its TypeScript bindings.

Without arguments it builds the kernels of this package. Arguments are files or modules that
define portable kernels, which are then built instead.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Final

import click

from tickfire.kernels.compiler.emit import emit_object
from tickfire.kernels.compiler.indicators import indicators_typescript
from tickfire.kernels.compiler.link import link
from tickfire.kernels.compiler.typescript import typescript
from tickfire.kernels.families import families
from tickfire.kernels.portable import PortableError, portable_functions

PACKAGE: Final = Path(__file__).parent
REPOSITORY: Final = PACKAGE.parents[2]
MODULE_NAME: Final = "kernels.wasm"
BINDINGS_NAME: Final = "bindings.ts"
INDICATORS_NAME: Final = "indicators.ts"
GENERATED: Final = Path("client_js") / "src" / "compute" / "generated"


def build_module(kernels: Sequence[FunctionType]) -> bytes:
    """Compile kernels to a WebAssembly module; equal kernels give equal bytes.

    Raises
    ------
    PortableError
        If a kernel uses something that portable kernels may not use; the message names the kernel
        and the construct.
    """
    return link(emit_object(kernels), {kernel.__name__ for kernel in kernels})


def kernels_of(modules: Sequence[ModuleType]) -> list[FunctionType]:
    """Return the kernels that modules define, sorted by name.

    Raises
    ------
    PortableError
        If there is none, or two have the same name.
    """
    found: dict[str, FunctionType] = {}
    for module in modules:
        for kernel in portable_functions(module):
            if kernel.__name__ in found:
                raise PortableError(f"kernel {kernel.__name__}: there are two kernels of this name")
            found[kernel.__name__] = kernel
    if not found:
        raise PortableError("there are no kernels to build")
    return [found[name] for name in sorted(found)]


@click.command()
@click.argument("names", nargs=-1)
@click.option("--out", type=click.Path(path_type=Path), help="Path of the module to write.")
@click.option(
    "--js-out",
    type=click.Path(path_type=Path),
    help="Folder for the bindings and a copy of the module.",
)
def main(names: tuple[str, ...], out: Path | None, js_out: Path | None) -> None:
    """Build kernels.wasm and its TypeScript bindings."""
    try:
        modules = [_module(name) for name in names] or families()
        kernels = kernels_of(modules)
        data = build_module(kernels)
    except PortableError as error:
        raise SystemExit(f"tickfire: {error}.") from error
    out = out or (Path(MODULE_NAME) if names else PACKAGE / MODULE_NAME)
    js_out = js_out or (out.parent if names else REPOSITORY / GENERATED)
    _write(out, data)
    if names or js_out.parents[2].is_dir():  # absent where tickfire is installed from a wheel
        _write(js_out / MODULE_NAME, data)
        _write(js_out / BINDINGS_NAME, typescript(kernels).encode())
        if not names:
            _write(js_out / INDICATORS_NAME, indicators_typescript().encode())
    digest = hashlib.sha256(data).hexdigest()
    click.echo(f"{out}: {len(kernels)} kernels, {len(data)} bytes, sha256 {digest}")


def _module(name: str) -> ModuleType:
    if not name.endswith(".py"):
        try:
            return importlib.import_module(name)
        except ImportError as error:
            raise PortableError(f"there is no module {name}") from error
    path = Path(name)
    specification = importlib.util.spec_from_file_location(path.stem, path)
    if not path.is_file() or specification is None or specification.loader is None:
        raise PortableError(f"there is no file {name}")
    module = importlib.util.module_from_spec(specification)
    sys.modules[path.stem] = module
    specification.loader.exec_module(module)
    return module


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


if __name__ == "__main__":
    main()
