"""Objects of the user's own modules, named on the command line."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tickfire.base.errors import UsageError


def load_callable(name: str, setting: str) -> Callable[..., Any]:
    """Import the callable named ``module:callable``, also from the working directory.

    Parameters
    ----------
    name : str
    setting : str
        The option or environment variable that names it, for error messages.

    Raises
    ------
    UsageError
        If there is no such module or attribute, or it is not callable.
    """
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    module, _, attribute = name.partition(":")
    try:
        found = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise UsageError(
            f"{setting}={name} cannot be loaded ({error}); set it to module:callable."
        ) from error
    if not callable(found):
        raise UsageError(f"{setting}={name} is not callable; name a function.")
    loaded: Callable[..., Any] = found
    return loaded
