"""The packages of the extra ``archive``, or a sentence that names it."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Final

from tickfire.base.errors import UserError

PACKAGES: Final = ("pyarrow", "duckdb", "fsspec")


def require_archive() -> None:
    """Check that the packages of the archive are installed.

    Raises
    ------
    UserError
        One of them is missing.
    """
    missing = [name for name in PACKAGES if find_spec(name) is None]
    if missing:
        raise UserError(
            f"the archive needs the package {missing[0]}; install it: pip install"
            " 'tickfire[archive]'."
        )
