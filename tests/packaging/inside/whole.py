"""Check that a distribution is installed whole: `python whole.py NAME MODULE...`."""

from __future__ import annotations

import importlib
import importlib.metadata
import sys
from pathlib import Path


def main() -> None:
    name, *modules = sys.argv[1:]
    files = importlib.metadata.files(name)
    assert files, f"{name} has no files"
    for file in files:
        path = Path(str(file.locate()))
        assert path.exists() or path.suffix == ".pyc", f"{path} of {name} is gone"
    for module in modules:
        importlib.import_module(module)
    sys.stdout.write(f"{name} is whole: {len(files)} files\n")


if __name__ == "__main__":
    main()
