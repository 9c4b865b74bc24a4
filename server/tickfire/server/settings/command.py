"""``tickfire config``: shows and checks the settings."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Final

import click

from tickfire.base.errors import UsageError, UserError
from tickfire.base.redaction import HIDDEN
from tickfire.server.settings.check import problems, strange_variables
from tickfire.server.settings.file import SettingsFile
from tickfire.server.settings.keys import section_of, settings_of
from tickfire.server.settings.secrets import shown
from tickfire.server.settings.show import lines_of, settings_in_force, template_of

PROCESSES: Final = ("serve", "ingest", "infer", "news", "record", "redis", "gateway", "dev")
"""Commands whose settings are shown if none is named, in this order."""


MODES: Final = ("--check", "--show", "--template")


class _Command(click.Command):
    """Command whose own options may follow the name and the arguments of another command."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        modes = [each for each in args if each in MODES]
        return super().parse_args(ctx, [*modes, *(each for each in args if each not in MODES)])


@click.command(
    cls=_Command,
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
)
@click.option("--check", "mode", flag_value="check", help="Check the whole settings file.")
@click.option(
    "--show",
    "mode",
    flag_value="show",
    default="show",
    help="Show the settings in force and where each comes from, secrets hidden. The default.",
)
@click.option(
    "--template", "mode", flag_value="template", help="Print a file with all settings, to fill in."
)
@click.argument("command", required=False)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def config(
    context: click.Context, mode: str, command: str | None, arguments: tuple[str, ...]
) -> None:
    """Show or check the settings of COMMAND, with its ARGUMENTS, or of every process.

    Settings come from the command line, the environment and a TOML file, in this order: the file
    that --config or TICKFIRE_CONFIG names, or tickfire.toml in the working folder.
    """
    group = context.find_root()
    file = group.meta[SettingsFile.__name__]
    if not isinstance(group.command, click.Group) or not isinstance(file, SettingsFile):
        raise TypeError("the command line has no settings file")
    names = group.command.list_commands(group)
    if command is not None and command not in names:
        raise UsageError(f"there is no command {command}; `tickfire --help` lists them.")
    chosen = PROCESSES if command is None else (command,)
    if mode == "check":
        _check(group, group.command, file, names)
    else:
        show = _show if mode == "show" else _template
        click.echo("\n".join(show(group, group.command, chosen, arguments, file)))


def _loaded(context: click.Context, group: click.Group, name: str) -> click.Command:
    command = group.get_command(context, name)
    if command is None:
        raise UsageError(f"there is no command {name}.")
    return command


def _check(
    context: click.Context, group: click.Group, file: SettingsFile, names: Sequence[str]
) -> None:
    found = list(problems(names, lambda name: group.get_command(context, name), file))
    commands = [_loaded(context, group, name) for name in names]
    for sentence in strange_variables(commands, os.environ):
        click.echo(f"warning: {sentence}", err=True)
    if not found and file.path is not None and _holds_secrets_for_all(file):
        warning = f"{file.path} holds secrets, and all users can read it (chmod 600)."
        click.echo(f"warning: {warning}", err=True)
    for name in PROCESSES if not found else ():
        try:
            list(settings_in_force(_loaded(context, group, name), name, (), file))
        except click.ClickException as error:
            found.append(f"{name}: {error.format_message()}")
        except UserError as error:
            found.append(f"{name}: {error}")
    for problem in found:
        click.echo(problem, err=True)
    if found:
        raise UsageError(f"{len(found)} setting{'' if len(found) == 1 else 's'} must be corrected.")
    if file.path is None:
        click.echo("There is no settings file; the environment is valid.")
        return
    count = len(file.common) + sum(map(len, file.sections.values()))
    click.echo(f"{file.path}: {count} settings, all valid, as is the environment.")


def _holds_secrets_for_all(file: SettingsFile) -> bool:
    tables = (file.common, *file.sections.values())
    secret = any(HIDDEN in str(shown(key, value)) for each in tables for key, value in each.items())
    return secret and file.path is not None and bool(file.path.stat().st_mode & 0o044)


def _show(
    context: click.Context,
    group: click.Group,
    names: Sequence[str],
    arguments: Sequence[str],
    file: SettingsFile,
) -> list[str]:
    lines = [f"# file: {file.path or 'none'}"]
    for name in names:
        settings = list(settings_in_force(_loaded(context, group, name), name, arguments, file))
        lines += ["", f"[{section_of(name)}]", *lines_of(settings)]
    return lines


def _template(
    context: click.Context,
    group: click.Group,
    names: Sequence[str],
    _arguments: Sequence[str],
    _file: SettingsFile,
) -> list[str]:
    lines = [
        "# Settings of tickfire. A variable of the environment, in brackets, wins over this file,",
        "# and an option of the command line over both. Paths are relative to this file's folder.",
        "",
        "# log: Level of the log: debug, info, warning or error. [TICKFIRE_LOG]",
        '#log = "info"',
        "# log-format: Format of the log: text or json. [TICKFIRE_LOG_FORMAT]",
        '#log-format = "text"',
    ]
    for name in names:
        command = _loaded(context, group, name)
        if settings_of(command):
            lines += ["", f"[{section_of(name)}]", *template_of(command)]
    return lines
