"""The command-line option for trading hours."""

from __future__ import annotations

from pathlib import Path

import click

from tickfire.base.calendar.sessions import Sessions, read_sessions


def _read(_ctx: click.Context, _param: click.Parameter, path: Path | None) -> Sessions:
    return Sessions() if path is None else read_sessions(path)


sessions_option = click.option(
    "--sessions",
    envvar="TICKFIRE_SESSIONS",
    show_envvar=True,
    metavar="FILE",
    type=click.Path(path_type=Path),
    callback=_read,
    help="TOML file of trading hours, which bound days and weeks. Default: those of the venues.",
)
