"""Folders that need not exist yet."""

from __future__ import annotations

import os
from pathlib import Path


def nearest(folder: Path) -> Path:
    """Return a folder, or the nearest of its parents that exists."""
    return next(each for each in (folder, *folder.parents) if each.exists())


def may_write(folder: Path) -> bool:
    """Return whether files may be written in a folder, or the folder may be made."""
    near = nearest(folder)
    return near.is_dir() and os.access(near, os.W_OK | os.X_OK)
