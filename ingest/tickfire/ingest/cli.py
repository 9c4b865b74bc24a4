"""Commands ``tickfire ingest``, ``bars``, ``bench`` and ``warm``."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import click

from tickfire.base.calendar.option import sessions_option
from tickfire.base.calendar.sessions import Sessions
from tickfire.base.endpoint import endpoint_of, endpoint_options
from tickfire.base.errors import UsageError
from tickfire.base.finite import FiniteRange
from tickfire.ingest.lsg.lines import ALL_SYMBOLS
from tickfire.ingest.lsg.schemas import DEFAULT_SCHEMAS
from tickfire.store.limits import HISTORY_BARS, HISTORY_TICKS, KEEP_WRITTEN_MIB, MAX_INSTRUMENTS
from tickfire.store.options import redis_url_option, shards_option
from tickfire.store.schema import MAX_FEED


class _Listed(click.types.StringParamType):
    """Text of an option that may be repeated; in a variable, a semicolon stands between."""

    envvar_list_splitter = ";"


@click.command()
@click.option(
    "--adapter", envvar="TICKFIRE_ADAPTER", default="databento", show_default=True,
    show_envvar=True,
    help="Source of the data: databento, binance, file, or module:callable; see docs/feeds.md.",
)  # fmt: skip
@click.option(
    "--file", "files", envvar="TICKFIRE_INGEST_FILE", show_envvar=True,
    type=click.Path(path_type=Path), multiple=True, metavar="FILE",
    help="DBN file to read at once, instead of a live feed. Repeatable.",
)  # fmt: skip
@click.option(
    "--gateway", "gateways", envvar="TICKFIRE_GATEWAY", show_envvar=True, metavar="HOST:PORT",
    multiple=True, type=_Listed(),
    help="Live gateway. Default: that of Databento. Repeatable.",
)  # fmt: skip
@click.option(
    "--url", envvar="TICKFIRE_INGEST_URL", show_envvar=True, default="",
    help="Address of the streams of another adapter.",
)  # fmt: skip
@click.option(
    "--rest-url", envvar="TICKFIRE_REST_URL", show_envvar=True, default="",
    help="Address of its REST interface.",
)  # fmt: skip
@click.option(
    "--key", envvar="DATABENTO_API_KEY", show_envvar=True, help="API key for the gateway."
)
@click.option(
    "--dataset", "datasets", envvar="TICKFIRE_DATASET", default=("GLBX.MDP3",), show_default=True,
    show_envvar=True, multiple=True, type=_Listed(),
    help="Databento dataset. Repeatable: each is a feed of its own, numbered on from --feed, and"
    " takes the n-th of the repeatable options.",
)  # fmt: skip
@click.option(
    "--schemas", envvar="TICKFIRE_SCHEMAS", default=(",".join(DEFAULT_SCHEMAS),), show_default=True,
    show_envvar=True, multiple=True, type=_Listed(),
    help="Databento schemas, separated by commas. Repeatable.",
)  # fmt: skip
@click.option(
    "--symbols", envvar="TICKFIRE_SYMBOLS", default=("ALL_SYMBOLS",), show_default=True,
    show_envvar=True, multiple=True, type=_Listed(),
    help="Symbols, separated by commas. Repeatable.",
)  # fmt: skip
@click.option(
    "--stype-in", "stypes_in", envvar="TICKFIRE_STYPE_IN", default=("raw_symbol",),
    show_default=True, show_envvar=True, multiple=True, type=_Listed(),
    help="Databento symbology type of the symbols. Repeatable.",
)  # fmt: skip
@click.option(
    "--feed", envvar="TICKFIRE_INGEST_FEED", show_envvar=True, default=1,
    type=click.IntRange(0, MAX_FEED), show_default=True,
    help="Number of the feed, or of the first.",
)  # fmt: skip
@redis_url_option
@shards_option
@click.option(
    "--history-ticks", envvar="HISTORY_TICKS", default=HISTORY_TICKS, type=click.IntRange(min=1000),
    show_default=True, show_envvar=True, help="Ticks that the stream of each shard keeps.",
)  # fmt: skip
@click.option(
    "--history-bars", envvar="HISTORY_BARS", default=HISTORY_BARS, type=click.IntRange(min=1000),
    show_default=True, show_envvar=True,
    help="Entries that the stream of each shard's bars keeps; one holds up to 256 bars.",
)  # fmt: skip
@click.option(
    "--max-instruments", envvar="TICKFIRE_MAX_INSTRUMENTS", default=MAX_INSTRUMENTS,
    type=click.IntRange(min=1), show_default=True, show_envvar=True,
    help="Instruments of a feed; the records of others are skipped, counted and logged.",
)  # fmt: skip
@click.option(
    "--backfill", envvar="TICKFIRE_BACKFILL", show_envvar=True, default=900.0,
    type=FiniteRange(min=0), show_default=True,
    help="Seconds of the past to request from the gateway while no data is stored.",
)  # fmt: skip
@click.option(
    "--history", envvar="TICKFIRE_INGEST_HISTORY", show_envvar=True, metavar="DURATION",
    help="History to buy from Databento while no data is stored, such as 2d.",
)  # fmt: skip
@click.option(
    "--max-cost", envvar="TICKFIRE_MAX_COST", show_envvar=True, type=FiniteRange(min=0),
    default=0.0, metavar="USD", show_default=True,
    help="Most that the history of a feed may cost.",
)  # fmt: skip
@click.option(
    "--book-hz", envvar="TICKFIRE_BOOK_HZ", show_envvar=True, default=10.0,
    type=FiniteRange(min=0.1, max=100), show_default=True,
    help="Times a second that an order book is written, at most.",
)  # fmt: skip
@click.option(
    "--keep-written", envvar="TICKFIRE_KEEP_WRITTEN", show_envvar=True, default=KEEP_WRITTEN_MIB,
    type=click.IntRange(min=0), show_default=True,
    metavar="MIB", help="MiB of written data to keep, to write it again if a failover loses it.",
)  # fmt: skip
@click.option(
    "--standby/--no-standby",
    envvar="TICKFIRE_INGEST_STANDBY",
    default=True,
    show_default=True,
    show_envvar=True,
    help="Wait while another ingest writes this feed, and take over when it ends; or exit.",
)
@click.option(
    "--reshard", is_flag=True,
    help="Delete the stored data of this feed if its number of shards is not SHARDS.",
)  # fmt: skip
@click.option(
    "--stale-after", envvar="TICKFIRE_INGEST_STALE_AFTER", show_envvar=True, default=60.0,
    type=FiniteRange(min=0), show_default=True,
    metavar="SECONDS", help="Time without data after which a feed is stale while its market is"
    " open; 0 for never.",
)  # fmt: skip
@click.option(
    "--dense", envvar="TICKFIRE_DENSE", show_envvar=True, default="none",
    type=click.Choice(["none", "channel", "instrument"]),
    show_default=True, help="Where the venue's sequence numbers have no natural holes, so that each"
    " hole is a gap; see docs/formats.md.",
)  # fmt: skip
@sessions_option
@endpoint_options("ingest")
def ingest(
    adapter: str,
    files: tuple[Path, ...],
    gateways: tuple[str, ...],
    url: str,
    rest_url: str,
    key: str | None,
    datasets: tuple[str, ...],
    schemas: tuple[str, ...],
    symbols: tuple[str, ...],
    stypes_in: tuple[str, ...],
    feed: int,
    redis_url: str,
    shards: int,
    history_ticks: int,
    history_bars: int,
    max_instruments: int,
    backfill: float,
    history: str | None,
    max_cost: float,
    book_hz: float,
    keep_written: int,
    standby: bool,
    reshard: bool,
    stale_after: float,
    dense: str,
    sessions: Sessions,
    metrics_port: int | None,
    metrics_host: str,
) -> None:
    """Write the data of feeds to Redis Streams."""
    from tickfire.base.run import run_loop
    from tickfire.ingest.adapter.options import AdapterOptions
    from tickfire.ingest.backfill.startup import StartupHistory
    from tickfire.ingest.historical.request import duration_s
    from tickfire.ingest.kernel.intake_context import DENSE
    from tickfire.ingest.sources import make_adapter
    from tickfire.ingest.writer.config import IngestConfig
    from tickfire.ingest.writer.service import Feed, run

    name = "file" if files else adapter
    count = {"databento": len(datasets), "file": max(1, len(files))}.get(name, 1)
    if feed + count - 1 > MAX_FEED:
        raise UsageError(
            f"there are no numbers for {count} feeds from {feed} on, up to {MAX_FEED}."
        )
    feeds = []
    for at in range(count):
        asked = _names(_nth(symbols, at))
        options = AdapterOptions(
            symbols=() if ALL_SYMBOLS in asked else asked,
            schemas=_names(_nth(schemas, at)),
            dataset=_nth(datasets, at),
            stype_in=_nth(stypes_in, at),
            key=key or "",
            url=_nth(gateways, at) if gateways else url,
            rest_url=rest_url,
            file=files[at] if files else None,
        )
        config = IngestConfig(
            make_adapter(name, options),
            feed + at,
            shards,
            history_ticks=history_ticks,
            history_bars=history_bars,
            keep_bytes=keep_written << 20,
            book_hz=book_hz,
            backfill_s=backfill,
            standby=standby,
            reshard=reshard,
            stale_s=stale_after,
            dense=DENSE[dense],
            max_instruments=max_instruments,
            sessions=sessions,
        )
        past = StartupHistory(options, duration_s(history), max_cost) if history else None
        feeds.append(Feed(config, past))
    run_loop(run(feeds, redis_url, endpoint_of(metrics_host, metrics_port)))


def _nth(values: tuple[str, ...], at: int) -> str:
    """Return the value of a repeatable option for a feed: the last one holds for all others."""
    return values[min(at, len(values) - 1)]


def _names(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    if not names:
        raise UsageError(f"{text!r} holds no names; write them with commas between.")
    return names


@click.command()
@click.argument("file", type=click.Path())
@click.option(
    "--interval", type=click.Choice(["1s", "1m", "5m", "15m", "1h", "1d", "1w"]),
    help="Interval of the bars. Default: that of the bars in FILE, or 1m.",
)  # fmt: skip
@sessions_option
def bars(file: str, interval: str | None, sessions: Sessions) -> None:
    """Print the bars of a DBN FILE as JSON, one a line, in order of time.

    FILE may be a folder of `tickfire record`, or its address.

    They are made from its trades or, where it has none, from the bars that it holds. Days and weeks
    are those of trading hours; `ts` of such a bar is midnight UTC of its trade date or Monday.
    """
    from tickfire.ingest.archived.dbn import dbn_of, is_archive
    from tickfire.ingest.kernel.bars import file_bars

    write = sys.stdout.write
    path = dbn_of(file) if is_archive(file) else file
    if path is not file:
        interval = interval or "1m"
    for row in file_bars(path, interval, sessions):
        write(json.dumps(row) + "\n")


@click.group()
def bench() -> None:
    """Measure speed beside that of other software."""


@bench.command()
@click.argument("file", type=click.Path())
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def parse(file: str, as_json: bool) -> None:
    """Measure the parse kernel on a DBN FILE, beside Databento's decoder."""
    from tickfire.ingest.kernel.measure import measure_parse

    result = measure_parse(file)
    if as_json:
        click.echo(json.dumps(result))
        return
    click.echo(f"{result['records']:,} records")
    click.echo(f"kernel           {result['ns_per_record']:8.1f} ns per record")
    for name, ns in result["peers"].items():
        click.echo(f"{name:16} {ns:8.1f} ns per record, {ns / result['ns_per_record']:.1f} x")
    click.echo(f"one record alone {result['single_call_ns']:8.1f} ns")


@click.command()
def warm() -> None:
    """Compile the kernels into the cache."""
    from tickfire.kernels.warm import warm as compile_kernels

    began = time.monotonic()
    for name in compile_kernels():
        click.echo(f"kernels: {name} ({time.monotonic() - began:.1f} s)", err=True)
