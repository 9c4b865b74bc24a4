"""Programs of the machine that some tests drive."""

from __future__ import annotations

import os
import shutil

import pytest

PLACES = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"


def tool(name: str, package: str) -> str:
    """Return the path of a program; skip the test, and say what to install, if there is none."""
    found = shutil.which(name, path=PLACES)
    if found is None:
        pytest.skip(f"{name} is not installed (apt-get install {package})")
    return found
