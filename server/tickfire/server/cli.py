"""The command line: ``tickfire <command>``.

Each command is defined beside the code that it runs and is imported when it is called, so that
``tickfire --help`` responds at once and ``tickfire redis`` never loads a compiler.
"""

from __future__ import annotations

import importlib
import itertools
import logging
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NoReturn

import click

from tickfire.base.errors import UserError
from tickfire.base.printable import printable
from tickfire.server.lifeline import end_with_supervisor, is_supervised
from tickfire.server.logs.json_lines import USER_ERROR_LOGGER
from tickfire.server.logs.records import MAX_MESSAGE, USER_ERROR_PREFIX
from tickfire.server.logs.setup import is_json, set_up_logging
from tickfire.server.settings.check import check_common, defaults_of
from tickfire.server.settings.file import PATH_VARIABLE, SettingsFile, find
from tickfire.server.settings.keys import PATHS, WITHOUT_OPTION
from tickfire.server.signals import ignore_signals

INTERRUPTED_EXIT_CODE: Final = 130
FILE_OPTION: Final = "--config"


@dataclass(frozen=True, slots=True)
class Lazy:
    """A command that is imported when it is called.

    Attributes
    ----------
    target : str
        The command, as ``module:attribute``.
    help : str
        Its line in the list of commands.
    hidden : bool
        True if the list leaves it out.
    lasts : bool
        True if signals such as SIGHUP must not end it, not even while it is imported.
    """

    target: str
    help: str
    hidden: bool = False
    lasts: bool = False

    def load(self) -> click.Command:
        """Import the command."""
        if self.lasts:
            ignore_signals()
        module, _, attribute = self.target.partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command


COMMANDS: Final[Mapping[str, Lazy]] = {
    "dev": Lazy(
        "tickfire.server.supervisor.command:dev", "Run every process on this machine, supervised."
    ),
    "redis": Lazy("tickfire.ingest.redis.cli:redis", "Run the embedded Valkey server."),
    "gateway": Lazy(
        "tickfire.ingest.gateway.cli:gateway",
        "Run a local live gateway that replays a file or simulates a market.",
    ),
    "ingest": Lazy("tickfire.ingest.cli:ingest", "Write the data of feeds to Redis Streams."),
    "backfill": Lazy(
        "tickfire.ingest.backfill.cli:backfill",
        "Buy history from Databento, and write its bars to Redis.",
    ),
    "news": Lazy(
        "tickfire.ingest.news.cli:news", "Write news to Redis, from feeds or a simulated newswire."
    ),
    "infer": Lazy(
        "tickfire.models.infer.cli:infer",
        "Run the models: sentiment from news, signals from ticks.",
        lasts=True,
    ),
    "record": Lazy("tickfire.archive.cli:record", "Keep the streams as Parquet files."),
    "query": Lazy("tickfire.archive.cli:query", "Run an SQL query on recorded files."),
    "serve": Lazy("tickfire.server.serve:serve", "Serve WebSockets and the page.", lasts=True),
    "reload": Lazy(
        "tickfire.server.control.commands:reload",
        "Replace the workers of a running `serve` by new ones, unnoticed by clients.",
    ),
    "drain": Lazy(
        "tickfire.server.control.commands:drain",
        "Stop a running `serve` so that its clients move to other servers.",
    ),
    "token": Lazy(
        "tickfire.server.access.token_command:token",
        "Print a token with which a client may connect.",
    ),
    "keys": Lazy(
        "tickfire.server.access.keys_command:keys", "Make, list and revoke keys of clients."
    ),
    "doctor": Lazy(
        "tickfire.server.doctor.command:doctor",
        "Check the machine, Redis and the feed, and say what to do.",
    ),
    "config": Lazy(
        "tickfire.server.settings.command:config",
        "Show the settings in force, or check the settings file.",
    ),
    "chart": Lazy(
        "tickfire.server.pictures.command:chart",
        "Draw a chart of a file or of a running market as a PNG.",
    ),
    "train": Lazy(
        "tickfire.models.training.cli:train", "Train the models and report their accuracy."
    ),
    "bars": Lazy("tickfire.ingest.cli:bars", "Print the bars of a DBN file as JSON lines."),
    "inspect": Lazy(
        "tickfire.ingest.inspect.cli:inspect", "Report what DBN files hold, and what is missing."
    ),
    "bench": Lazy("tickfire.ingest.cli:bench", "Run a benchmark."),
    "warm": Lazy("tickfire.ingest.cli:warm", "Compile the kernels and cache them.", hidden=True),
}


class LazyGroup(click.Group):
    """Command group that imports a command only when it is called."""

    def __init__(self, *args: Any, lazy: Mapping[str, Lazy], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._lazy = lazy

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Take ``--config FILE`` also after the command, as its own options are given."""
        return super().parse_args(ctx, _with_file_first(args))

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands in the order of the table."""
        return list(self._lazy)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return a command, or return None if no command has that name."""
        entry = self._lazy.get(cmd_name)
        return None if entry is None else entry.load()

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands from the table: importing them all would take a second."""
        rows = [(name, entry.help) for name, entry in self._lazy.items() if not entry.hidden]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


def _with_file_first(args: Sequence[str]) -> list[str]:
    """Return arguments with the settings file before the command."""
    first, rest = list[str](), list[str]()
    left = iter(args)
    for arg in left:
        if arg == "--":
            rest += [arg, *left]
        elif arg == FILE_OPTION:
            first += [arg, *itertools.islice(left, 1)]
        elif arg.startswith(f"{FILE_OPTION}="):
            first.append(arg)
        else:
            rest.append(arg)
    return [*first, *rest]


def _print_version(ctx: click.Context, _param: click.Parameter, wanted: bool) -> None:
    if not wanted or ctx.resilient_parsing:
        return
    from importlib.metadata import version

    click.echo(f"tickfire {version('tickfire')}")
    ctx.exit()


@click.group(
    cls=LazyGroup,
    lazy=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option(
    "--version",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_print_version,
    help="Show the version and exit.",
)
@click.option(
    FILE_OPTION,
    "config_path",
    metavar="FILE",
    help=f"TOML file with settings [{PATH_VARIABLE}]. Default: tickfire.toml, if it is here.",
)
@click.pass_context
def tickfire(ctx: click.Context, config_path: str | None) -> None:
    """Realtime market data over Phoenix Channels.

    `tickfire dev` runs everything on this machine; the other commands run one process each.
    The environment variable TICKFIRE_LOG sets the log level: debug, info, warning or error;
    TICKFIRE_LOG_FORMAT=json writes the log as lines of JSON.
    """
    if is_supervised(os.environ):
        end_with_supervisor()
    file = find(config_path, os.environ)
    _apply(file, ctx)
    set_up_logging(ctx.invoked_subcommand or "tickfire")


def _apply(file: SettingsFile, ctx: click.Context) -> None:
    """Let the file set the defaults of the command, and of the processes that it starts."""
    ctx.meta[SettingsFile.__name__] = file
    if file.path is not None:
        os.environ[PATH_VARIABLE] = str(file.path)
    if ctx.invoked_subcommand == "config":
        return
    check_common(COMMANDS, lambda name: tickfire.get_command(ctx, name), file)
    for key, variable in WITHOUT_OPTION.items():
        if key in file.common and not os.environ.get(variable):
            value = file.common[key]
            os.environ[variable] = file.resolved(value) if key in PATHS else value
    name = ctx.invoked_subcommand
    command = None if name is None else tickfire.get_command(ctx, name)
    if name is not None and command is not None:
        ctx.default_map = {name: defaults_of(command, name, file)}


def _fail(sentence: str, exit_code: int) -> NoReturn:
    text = " ".join(sentence.split())
    if _logs_json():
        logging.getLogger(USER_ERROR_LOGGER).error("%s", text)
    else:
        print(f"{USER_ERROR_PREFIX}{printable(text, MAX_MESSAGE)}", file=sys.stderr)
    sys.exit(exit_code)


def _logs_json() -> bool:
    """Return whether the log is set up, and as JSON."""
    try:
        return bool(logging.getLogger().handlers) and is_json(os.environ)
    except UserError:
        return False


def main(args: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit.

    An error that the user can correct is printed as one sentence on standard error, with exit
    code 1, or 2 for an invalid option or environment variable. A traceback means a defect in
    tickfire.

    Parameters
    ----------
    args : sequence of str, optional
        The arguments after the program's name; those of the process by default.
    """
    try:
        result = tickfire.main(
            args=None if args is None else list(args), prog_name="tickfire", standalone_mode=False
        )
    except UserError as error:
        _fail(str(error), error.exit_code)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        sys.exit(error.exit_code)
    except click.ClickException as error:
        _fail(error.format_message(), error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(INTERRUPTED_EXIT_CODE)
    sys.exit(result if isinstance(result, int) else 0)
