"""Import every module of the installed `tickfire`, and read every file that it ships."""

from __future__ import annotations

import importlib
import pathlib
import pkgutil
import sys

import tickfire

PACKAGES = {
    "archive",
    "base",
    "client",
    "ingest",
    "kernels",
    "models",
    "phoenix",
    "render",
    "server",
    "store",
}
FILES = {
    "candles.wgsl",
    "chart.js",
    "colors.json",
    "index.html",
    "kernels.wasm",
    "py.typed",
    "sentiment.json",
    "sentiment.npz",
}
# Of extras that are not installed here, and the modules that need them.
MISSING: dict[str, str | tuple[str, ...]] = {
    "sklearn": "tickfire.models.",
    "scipy": "tickfire.models.",
    "matplotlib": "tickfire.models.",
    "anywidget": "tickfire.client.notebook",
    "duckdb": "tickfire.archive.",
    "fsspec": "tickfire.archive.",
    "pyarrow": ("tickfire.archive.", "tickfire.server.rest."),
}


def import_module(name: str) -> None:
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as error:
        missing = str(error.name).split(".")[0]
        assert missing in MISSING, name
        assert name.startswith(MISSING[missing]), name
    except ImportError as error:  # of the extra `render`
        assert "pip install 'tickfire[render]'" in str(error), error
        assert name.startswith(("tickfire.render", "tickfire.server.pictures.")), name


def read_files(roots: list[pathlib.Path]) -> list[pathlib.Path]:
    """Return the files that are not Python; all but py.typed hold something."""
    files = [
        path
        for root in roots
        for path in root.rglob("*")
        if path.is_file()
        and path.suffix not in (".py", ".pyc", ".pyi")
        and "__pycache__" not in path.parts
    ]
    for path in files:
        assert path.read_bytes() or path.name == "py.typed", f"{path} is empty"
    return files


def main() -> None:
    names = [module.name for module in pkgutil.walk_packages(tickfire.__path__, "tickfire.")]
    for name in names:
        if not name.endswith("__main__"):
            import_module(name)
    roots = [pathlib.Path(path) for path in tickfire.__path__]
    assert all(root.is_relative_to(sys.prefix) for root in roots), roots
    packages = {name.split(".")[1] for name in names}
    assert packages == PACKAGES, packages
    files = read_files(roots)
    shipped = {path.name for path in files}
    assert shipped >= FILES, FILES - shipped
    sys.stdout.write(f"{len(names)} modules imported, {len(files)} data files read\n")


if __name__ == "__main__":
    main()
