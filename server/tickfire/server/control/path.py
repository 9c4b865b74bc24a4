"""The path of a control socket, by the port of its server."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path

import click

from tickfire.base.errors import UserError

control_option = click.option(
    "--control",
    envvar="TICKFIRE_CONTROL",
    show_envvar=True,
    metavar="PATH",
    type=click.Path(path_type=Path),
    help="Unix socket by which `tickfire reload` and `tickfire drain` reach the server. By default "
    "serve-PORT.sock in $XDG_RUNTIME_DIR/tickfire, or else in tickfire-UID among temporary files.",
)


def control_path(port: int, environ: Mapping[str, str] = os.environ) -> Path:
    """Return the default path, in a folder that belongs to this user alone; make the folder.

    Raises
    ------
    UserError
        Others can write to the folder, or it cannot be made.
    """
    folder = _folder(environ)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.lstat()
    except OSError as error:
        raise UserError(f"the folder {folder} cannot be made: {error.strerror}.") from error
    is_ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid()
    if not is_ours or found.st_mode & 0o077:
        raise UserError(
            f"{folder} must be a folder that belongs to you alone (mode 0700); remove it, or set "
            "--control to another path."
        )
    return folder / f"serve-{port}.sock"


def _folder(environ: Mapping[str, str]) -> Path:
    if runtime := environ.get("XDG_RUNTIME_DIR"):
        return Path(runtime) / "tickfire"
    return Path(tempfile.gettempdir()) / f"tickfire-{os.getuid()}"
