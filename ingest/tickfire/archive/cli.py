"""Commands ``tickfire record`` and ``query``."""

from __future__ import annotations

import sys

import click
from click.core import ParameterSource

from tickfire.base.endpoint import endpoint_of, endpoint_options
from tickfire.base.errors import UsageError
from tickfire.base.extras import require_extra
from tickfire.base.finite import FiniteRange
from tickfire.store.options import redis_url_option

archive_option = click.option(
    "--archive", envvar="TICKFIRE_ARCHIVE", show_envvar=True, metavar="TARGET",
    help="The archive: a folder, or an address of fsspec such as s3://BUCKET/PATH.",
)  # fmt: skip

QUERY_EXAMPLES = """\b
Examples:
  tickfire query "DESCRIBE trades" --archive ./archive
  tickfire query "SELECT symbol, max(price) FROM trades
                  WHERE day = '2024-07-01' GROUP BY symbol" --archive ./archive
  tickfire query "SELECT * FROM bars WHERE symbol = 'ESU4' AND interval_s = 60
                  ORDER BY time" --archive s3://bucket/archive --format csv
"""


@click.command()
@click.argument("target", required=False)
@archive_option
@redis_url_option
@click.option(
    "--table", "tables", envvar="RECORD_TABLES", show_envvar=True, multiple=True,
    metavar="NAME",
    help="Table to record: ticks, bars, books, tops, news, sentiment or signals. Repeatable."
    " Default: all.",
)  # fmt: skip
@click.option(
    "--rotate-rows", envvar="RECORD_ROTATE_ROWS", show_envvar=True,
    default=500_000, type=click.IntRange(min=1), show_default=True,
    help="Rows of a stream after which they are written.",
)  # fmt: skip
@click.option(
    "--rotate-mib", envvar="RECORD_ROTATE_MIB", show_envvar=True,
    default=64, type=click.IntRange(min=1), show_default=True,
    help="MiB of a stream, uncompressed, after which they are written.",
)  # fmt: skip
@click.option(
    "--rotate-seconds", envvar="RECORD_ROTATE_SECONDS", show_envvar=True,
    default=300.0, type=FiniteRange(min=0.1), show_default=True,
    help="Seconds after which they are written in any case.",
)  # fmt: skip
@click.option(
    "--keep-days", envvar="RECORD_KEEP_DAYS", show_envvar=True,
    type=FiniteRange(min=0, min_open=True), metavar="DAYS",
    help="Remove files this long after they were written. Default: keep them.",
)  # fmt: skip
@click.option(
    "--compact-after", "compact_after_h", envvar="RECORD_COMPACT_AFTER", show_envvar=True,
    default=1.0, type=FiniteRange(min=0), show_default=True, metavar="HOURS",
    help="Merge the small files of a past day this long after its last row was written; 0 never.",
)  # fmt: skip
@endpoint_options("record")
@click.pass_context
def record(
    context: click.Context,
    /,
    target: str | None,
    archive: str | None,
    redis_url: str,
    tables: tuple[str, ...],
    rotate_rows: int,
    rotate_mib: int,
    rotate_seconds: float,
    keep_days: float | None,
    compact_after_h: float,
    metrics_port: int | None,
    metrics_host: str,
) -> None:
    """Keep the streams as Parquet files in TARGET, each entry exactly once.

    TARGET is that of --archive: a folder, or an address of fsspec such as s3://BUCKET/PATH. A
    recorder that was stopped or killed goes on where its files end. While TARGET is full,
    recording is paused. The many files of a past day are merged into few, with the same rows. All
    users of the machine can see the command line, so an address with a password belongs in
    TICKFIRE_ARCHIVE or the settings file.
    """
    given = context.get_parameter_source("archive")
    if target and given is ParameterSource.COMMANDLINE:
        raise UsageError("the folder to record to is named twice; leave out --archive.")
    target = target or archive
    if not target:
        raise UsageError("name the folder to record to, or set TICKFIRE_ARCHIVE.")
    require_extra("archive", "tickfire record")
    from tickfire.archive.pending import Rotation
    from tickfire.archive.process import run
    from tickfire.archive.recorder import RecordConfig
    from tickfire.archive.tables import TABLES
    from tickfire.base.run import run_loop

    for name in tables:
        if name not in TABLES:
            raise UsageError(f"there is no table {name}; choose from {', '.join(TABLES)}.")
    config = RecordConfig(
        target,
        tables or TABLES,
        Rotation(rotate_rows, rotate_mib << 20, rotate_seconds),
        keep_days,
        compact_after_h * 3600 or None,
    )
    run_loop(run(config, redis_url, endpoint_of(metrics_host, metrics_port)))


@click.command(epilog=QUERY_EXAMPLES)
@click.argument("sql")
@archive_option
@click.option(
    "--format", "form", type=click.Choice(["table", "csv", "json", "arrow"]), default="table",
    show_default=True, help="Form of the rows; json is one object a line, arrow an IPC stream.",
)  # fmt: skip
@click.option(
    "--timeout", "timeout_s", type=FiniteRange(min=0), default=0.0, metavar="SECONDS",
    help="Time after which the query is given up. Default: none.",
)  # fmt: skip
def query(sql: str, archive: str | None, form: str, timeout_s: float) -> None:
    """Run the SQL query SQL on an archive, by DuckDB; - reads it from standard input.

    Its views are ticks, trades, quotes, bars, books, tops, news, sentiment and signals, with times
    as timestamps of UTC and prices as numbers, and gaps: what could not be recorded. DESCRIBE lists
    the columns of one. A condition on day or symbol reads the files of these alone.
    """
    if sql == "-":
        sql = sys.stdin.read()
    if not archive:
        raise UsageError("name the archive with --archive, or set TICKFIRE_ARCHIVE.")
    require_extra("archive", "tickfire query")
    from tickfire.archive.query import print_query

    print_query(archive, sql, form, timeout_s)
