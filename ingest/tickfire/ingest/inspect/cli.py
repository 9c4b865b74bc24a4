"""Command ``tickfire inspect``."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import msgspec

from tickfire.base.errors import UserError
from tickfire.base.finite import FiniteRange
from tickfire.base.printable import printable
from tickfire.ingest.dbn.errors import DbnError
from tickfire.ingest.inspect.summary import DEFAULT_SILENCE_S, Summary, summarize
from tickfire.ingest.inspect.text import lines_of


@click.command()
@click.argument(
    "files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path)
)
@click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object for each file, one a line."
)
@click.option(
    "--gap", "silence_s", default=DEFAULT_SILENCE_S, show_default=True, metavar="SECONDS",
    type=FiniteRange(min=0, max=1e9),
    help="Longest time without records that is no hole. Between bars, at least their interval.",
)  # fmt: skip
def inspect(files: tuple[Path, ...], as_json: bool, silence_s: float) -> None:
    """Report what DBN FILEs hold, and what is missing in them.

    Of each file: its metadata; its records by type, publisher and symbol, with the times of the
    first and the last; holes, repeats and restarts of the sequence numbers of each publisher and
    channel; and times without records. Schemas such as trades hold only a part of the messages
    that a channel numbers, so that holes are normal in them.

    A file that cannot be read to its end is reported up to there, and the exit code is 1.
    """
    errors = []
    for number, file in enumerate(files):
        try:
            with _progress(file) as on_read:
                summary = summarize(file, silence_s, on_read)
        except DbnError as error:
            errors.append(str(error))
            continue
        if summary.error:
            errors.append(summary.error)
        _print(summary, as_json, is_first=number == 0)
    if errors:
        raise UserError("; ".join(errors))


def _print(summary: Summary, as_json: bool, *, is_first: bool) -> None:
    if as_json:
        click.echo(msgspec.json.encode(summary))
        return
    if not is_first:
        click.echo()
    for line in lines_of(summary):
        click.echo(printable(line))


@contextlib.contextmanager
def _progress(file: Path) -> Iterator[Callable[[int], None] | None]:
    """Show a progress bar on standard error if that is a terminal."""
    try:
        size = file.stat().st_size
    except OSError:
        size = 0
    if not size or not sys.stderr.isatty():
        yield None
        return
    with click.progressbar(length=size, label=file.name, file=sys.stderr) as bar:
        yield lambda read: bar.update(read - bar.pos)
