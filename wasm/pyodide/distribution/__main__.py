"""``python -m pyodide.distribution``: build Python for the browser into the static files.

It needs ``client_js/node_modules`` for the npm package pyodide, and node for the snapshot.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import click

from pyodide.distribution.audit import AuditError, audit_wheel
from pyodide.distribution.files import Distribution, MissingCoreError, check_core
from pyodide.distribution.lock import write_lock
from pyodide.distribution.snapshot import SnapshotError, found_snapshot, make_snapshot
from pyodide.distribution.wheel import build_wheel
from tickfire.kernels.build import MODULE_NAME
from tickfire.kernels.portable import PortableError

REPOSITORY: Final = Path(__file__).parents[3]
KERNELS: Final = REPOSITORY / "wasm" / "tickfire" / "kernels"
CORE: Final = REPOSITORY / "client_js" / "node_modules" / "pyodide"
OUT: Final = REPOSITORY / "server" / "tickfire" / "server" / "static" / "pyodide"


@click.command()
@click.option(
    "--core",
    type=click.Path(path_type=Path),
    default=CORE,
    help="The npm package.",
)
@click.option("--out", type=click.Path(path_type=Path), default=OUT, help="Where to write.")
@click.option("--snapshot/--no-snapshot", default=True, help="Make a memory snapshot.")
def main(core: Path, out: Path, snapshot: bool) -> None:
    """Build the wheel, its lock file and the folder that serves Python to browsers."""
    try:
        check_core(core)
        with TemporaryDirectory() as folder:
            _build(core, out, snapshot, Path(folder))
    except (PortableError, AuditError, MissingCoreError) as error:
        raise SystemExit(f"tickfire: {error}.") from error


def _build(core: Path, out: Path, wanted: bool, work: Path) -> None:
    staged, made = work / "staged", work / "made"
    staged.mkdir()
    made.mkdir()
    wheel = build_wheel(staged, made, _module())
    audit_wheel(wheel)
    lock = write_lock(core, wheel, made)
    distribution = Distribution(core, [wheel, lock])
    for path, digest in distribution.digests([wheel, lock]):
        click.echo(f"{path.name}: {path.stat().st_size} bytes, sha256 {digest}")
    folder = distribution.write(out)
    kept = _snapshot(folder, wheel) if wanted else None
    distribution.publish(out, kept)
    click.echo(f"{folder}: Python for the browser, {'with' if kept else 'without'} a snapshot")


def _snapshot(folder: Path, wheel: Path) -> str | None:
    found = found_snapshot(folder)
    if found is not None:
        return found
    try:
        return make_snapshot(folder, wheel.name)
    except SnapshotError as error:
        click.echo(f"tickfire: no snapshot, so workers start cold: {error}.", err=True)
        return None


def _module() -> bytes:
    path = KERNELS / MODULE_NAME
    if not path.is_file():
        raise AuditError(f"there is no {path}; run python -m tickfire.kernels.build")
    return path.read_bytes()


if __name__ == "__main__":
    main()
