"""Values of the settings file, checked by the options that they set."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any, Final

import click

from tickfire.base.errors import UsageError, UserError
from tickfire.server.lifeline import SUPERVISED_VARIABLE
from tickfire.server.logs.setup import is_json, level_of
from tickfire.server.settings.file import PATH_VARIABLE, SettingsFile
from tickfire.server.settings.keys import (
    COMMON,
    WITHOUT_OPTION,
    key_of,
    options_of,
    section_of,
    settings_of,
)

PREFIX: Final = "TICKFIRE_"

type Load = Callable[[str], click.Command | None]
"""Function that imports the command of a name."""


def defaults_of(command: click.Command, name: str, file: SettingsFile) -> dict[str, Any]:
    """Return the ``default_map`` of a command, which the file sets.

    Raises
    ------
    UsageError
        A key of its section is unknown, or a value is not valid.
    """
    for problem in _problems_of_section(command, section_of(name), file, name):
        raise UsageError(problem)
    values = file.of_section(section_of(name))
    return _defaults(command, {key: value for key, (_, value) in values.items()}, file)


def problems(names: Iterable[str], load: Load, file: SettingsFile) -> Iterator[str]:
    """Yield each problem of the whole file as a sentence.

    Parameters
    ----------
    names : iterable of str
        Names of all commands.
    load : callable
    file : SettingsFile
    """
    names = list(names)
    yield from _problems_of_names(names, file)
    yield from _problems_of_common(names, load, file)
    alone = SettingsFile(file.path, {}, file.sections)
    for name in names:
        if section_of(name) == name and (command := load(name)) is not None:
            yield from _problems_of_section(command, name, alone, name)


def _problems_of_section(
    command: click.Command, section: str, file: SettingsFile, name: str
) -> Iterator[str]:
    """Yield the problems of a section, and of the common values that the command takes."""
    known = settings_of(command)
    for key in file.common.keys() & known.keys() & COMMON:
        where = f"{file.path}: {key}"
        yield from _problem_of_value(command, known[key], file.common[key], where, file)
    for key, value in file.sections.get(section, {}).items():
        where = f"{file.path}: [{section}] {key}"
        if key in known:
            yield from _problem_of_value(command, known[key], value, where, file)
        elif section != name:
            continue  # a setting of the process that the command works for
        elif key in {key_of(option) for option in options_of(command)}:
            yield f"{where} can be given on the command line alone, as --{key}."
        else:
            yield f"{file.path}: [{section}] has the unknown key {key}{_nearest(key, known)}."


def _problems_of_names(names: list[str], file: SettingsFile) -> Iterator[str]:
    """Yield the problems of sections and of the settings that belong to no option."""
    owners = [name for name in names if section_of(name) == name]
    for section in file.sections:
        if section not in names:
            yield f"{file.path} has the unknown section [{section}]{_nearest(section, owners)}."
        elif section not in owners:
            owner = section_of(section)
            yield f"{file.path} has a section [{section}], but that command reads [{owner}]."
    for key in WITHOUT_OPTION.keys() & file.common.keys():
        if not isinstance(file.common[key], str):
            yield f"{file.path}: {key} must be text in quotes, and is {_kind(file.common[key])}."
    for key, parse in (("log", level_of), ("log-format", is_json)):
        try:
            parse({WITHOUT_OPTION[key]: str(file.common.get(key, ""))})
        except UsageError as error:
            yield f"{file.path}: {key}: {error}"


def _problems_of_common(names: list[str], load: Load, file: SettingsFile) -> Iterator[str]:
    commands = {name: command for name in names if (command := load(name)) is not None}
    for key, value in file.common.items():
        if key in WITHOUT_OPTION:
            continue
        having = [name for name, command in commands.items() if key in settings_of(command)]
        if key not in COMMON:
            sections = dict.fromkeys(f"[{section_of(name)}]" for name in having)
            known = [*COMMON, *WITHOUT_OPTION]
            yield (
                f"{file.path}: {key} belongs in a section: {' or '.join(sections)}."
                if sections
                else f"{file.path} has the unknown key {key}{_nearest(key, known)}."
            )
        elif having:
            command = commands[having[0]]
            where = f"{file.path}: {key}"
            yield from _problem_of_value(command, settings_of(command)[key], value, where, file)


def check_common(names: Iterable[str], load: Load, file: SettingsFile) -> None:
    """Check the names of sections and of common keys; import commands only to explain an error.

    Raises
    ------
    UsageError
        A name is unknown.
    """
    names = list(names)
    for problem in _problems_of_names(names, file):
        raise UsageError(problem)
    if set(file.common) - COMMON - set(WITHOUT_OPTION):
        for problem in _problems_of_common(names, load, file):
            raise UsageError(problem)


def strange_variables(commands: Iterable[click.Command], environ: Iterable[str]) -> Iterator[str]:
    """Yield a sentence for each variable that looks like a setting and is none."""
    known = {*WITHOUT_OPTION.values(), PATH_VARIABLE, SUPERVISED_VARIABLE}
    for option in itertools.chain.from_iterable(map(options_of, commands)):
        known |= {option.envvar} if isinstance(option.envvar, str) else {*(option.envvar or ())}
    for name in sorted(set(environ) - known):
        if name.startswith(PREFIX):
            found = get_close_matches(name, known, 1)
            hint = f"; perhaps you mean {found[0]}" if found else ""
            yield f"the variable {name} is no setting, and has no effect{hint}."


def _nearest(key: str, known: Iterable[str]) -> str:
    found = get_close_matches(key.replace("_", "-").lower(), known, 1)
    return f"; perhaps you mean {found[0]}" if found else ""


# --- values
def _problem_of_value(
    command: click.Command, option: click.Option, value: object, where: str, file: SettingsFile
) -> Iterator[str]:
    wanted = _wanted(option)
    values = value if option.multiple and isinstance(value, list) else [value]
    if not all(_fits(option, each) for each in values):
        yield f"{where} must be {wanted}, and is {_kind(value)}."
        return
    context = click.Context(command, info_name=command.name)
    try:
        option.process_value(context, _converted(option, value, file))
    except click.ClickException as error:
        yield f"{where}: {_unframed(error)}"
    except UserError as error:
        yield f"{where}: {error}"


def _unframed(error: click.ClickException) -> str:
    return error.message if isinstance(error, click.BadParameter) else error.format_message()


def _fits(option: click.Option, value: object) -> bool:
    match option.type:
        case click.types.BoolParamType():
            return isinstance(value, bool)
        case click.types.FloatParamType():
            return isinstance(value, int | float) and not isinstance(value, bool)
        case click.types.IntParamType():
            return isinstance(value, int) and not isinstance(value, bool)
        case _:
            return isinstance(value, str)


def _wanted(option: click.Option) -> str:
    match option.type:
        case click.types.BoolParamType():
            one = "true or false"
        case click.types.FloatParamType():
            one = "a number"
        case click.types.IntParamType():
            one = "a whole number"
        case _:
            one = "text in quotes"
    return f"{one}, or a list of such" if option.multiple else one


def _kind(value: object) -> str:
    kinds: Mapping[type, str] = {
        bool: "true or false",
        int: "a whole number",
        float: "a number",
        str: "text",
        list: "a list",
        dict: "a table",
    }
    return kinds.get(type(value), "a date or time")


def _converted(option: click.Option, value: Any, file: SettingsFile) -> Any:
    """Return a value as click takes it: paths are relative to the folder of the file."""
    values = value if isinstance(value, list) else [value]
    if isinstance(option.type, click.Path):
        values = [file.resolved(each) for each in values]
    return tuple(values) if option.multiple else values[0]


def _defaults(
    command: click.Command, values: Mapping[str, Any], file: SettingsFile
) -> dict[str, Any]:
    found: dict[str, Any] = {
        str(option.name): _converted(option, values[key_of(option)], file)
        for option in command.params
        if isinstance(option, click.Option) and option.envvar and key_of(option) in values
    }
    if isinstance(command, click.Group):
        for name, subcommand in command.commands.items():
            found[name] = _defaults(subcommand, values, file)
    return found
