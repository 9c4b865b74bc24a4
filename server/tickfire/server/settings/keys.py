"""Keys of the settings file, by the options of the commands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import click

from tickfire.server.logs.setup import FORMAT_VARIABLE, LEVEL_VARIABLE

COMMON: Final = frozenset(
    {
        "archive",
        "control",
        "dataset",
        "redis-url",
        "secret-key-base",
        "sessions",
        "shards",
        "stype-in",
        "token-salt",
        "workers",
    }
)
"""Keys that several commands share, which may stand above all sections."""

WITHOUT_OPTION: Final[Mapping[str, str]] = {
    "log": LEVEL_VARIABLE,
    "log-format": FORMAT_VARIABLE,
    "cache": "TICKFIRE_CACHE",
    "rules": "TICKFIRE_RULES",
}
"""Variables by key of the settings that have no option."""

PATHS: Final = frozenset({"cache", "rules"})
"""Those of them that are paths."""

_OWNERS: Final[Mapping[str, str]] = {
    "backfill": "ingest",
    "drain": "serve",
    "keys": "serve",
    "reload": "serve",
    "token": "serve",
}


def section_of(name: str) -> str:
    """Return the section that a command reads: its own, or that of the process it works for."""
    return _OWNERS.get(name, name)


def key_of(option: click.Parameter) -> str:
    """Return the key of an option: its longest name, without the dashes before it."""
    names = (name for name in option.opts if name.startswith("--"))
    return max(names, key=len, default="").removeprefix("--")


def variable_of(option: click.Parameter) -> str | None:
    """Return the environment variable of an option, of several the first."""
    variable = option.envvar
    return variable if isinstance(variable, str) or variable is None else next(iter(variable))


def options_of(command: click.Command) -> Iterator[click.Option]:
    """Yield the options of a command and of its subcommands."""
    yield from (each for each in command.params if isinstance(each, click.Option))
    if isinstance(command, click.Group):
        for subcommand in command.commands.values():
            yield from options_of(subcommand)


def settings_of(command: click.Command) -> dict[str, click.Option]:
    """Return the options that the environment and the file may set, by key."""
    return {key_of(option): option for option in options_of(command) if option.envvar}
