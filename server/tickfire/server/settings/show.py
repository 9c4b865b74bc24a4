"""The settings that are in force, with where each comes from, as TOML."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from tickfire.server.settings.check import defaults_of
from tickfire.server.settings.file import SettingsFile
from tickfire.server.settings.keys import key_of, section_of, settings_of, variable_of
from tickfire.server.settings.secrets import shown


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting in force.

    Attributes
    ----------
    key : str
    value : object
        None if it is not set.
    origin : str
        ``default``, ``flag``, ``env NAME`` or ``file PATH``.
    variable : str
        The environment variable that sets it.
    """

    key: str
    value: Any
    origin: str
    variable: str


def settings_in_force(
    command: click.Command, name: str, arguments: Sequence[str], file: SettingsFile
) -> Iterator[Setting]:
    """Yield the settings of a command, in the order of its options.

    Raises
    ------
    click.ClickException, UserError
        A value is not valid.
    """
    default_map = defaults_of(command, name, file)
    context = command.make_context(name, list(arguments), default_map=default_map)
    given, _, _ = command.make_parser(context).parse_args(args=list(arguments))
    values = file.of_section(section_of(name))
    for key, option in settings_of(command).items():
        value, source = option.consume_value(context, given)
        variable = variable_of(option) or ""
        origin = {
            ParameterSource.COMMANDLINE: "flag",
            ParameterSource.ENVIRONMENT: f"env {variable}",
            ParameterSource.DEFAULT_MAP: f"file {file.path}{_section(values, key)}",
        }.get(source, "default")
        plain = _plain(value)
        typed = None if plain is None else _plain(option.type_cast_value(context, value))
        yield Setting(key, typed, origin, variable)


def _section(values: dict[str, tuple[str, Any]], key: str) -> str:
    section = values.get(key, ("", None))[0]
    return f" [{section}]" if section else ""


def _plain(value: Any) -> Any:
    """Return a value as TOML has it; None for one that is not set."""
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value] or None
    return value if isinstance(value, bool | int | float | str) else None


def lines_of(settings: Sequence[Setting]) -> Iterator[str]:
    """Yield the settings as lines of TOML, secrets hidden, each with its origin as a comment."""
    lines = [
        f"# {setting.key}" if setting.value is None else f"{setting.key} = {_toml(setting)}"
        for setting in settings
    ]
    width = min(48, max(map(len, lines), default=0))
    for line, setting in zip(lines, settings, strict=True):
        origin = "not set" if setting.value is None else setting.origin
        yield f"{line:<{width}}  # {origin}"


def _toml(setting: Setting) -> str:
    return json.dumps(shown(setting.key, setting.value), ensure_ascii=False)


def template_of(command: click.Command) -> Iterator[str]:
    """Yield all settings of a command as commented lines of TOML, each after its help."""
    context = click.Context(command, info_name=command.name)
    for key, option in settings_of(command).items():
        if option.hidden:
            continue
        yield f"# {key_of(option)}: {' '.join((option.help or '').split())} [{variable_of(option)}]"
        value = _plain(option.get_default(context))
        yield f"#{key} = {json.dumps('' if value is None else value, ensure_ascii=False)}"
