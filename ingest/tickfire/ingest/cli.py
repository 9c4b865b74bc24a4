"""Commands ``tickfire ingest``, ``bars``, ``bench`` and ``warm``."""

from __future__ import annotations

import json
import sys
import time

import click

from tickfire.base.calendar.option import sessions_option
from tickfire.base.calendar.sessions import Sessions
from tickfire.base.errors import UsageError
from tickfire.ingest.lsg.lines import DEFAULT_PORT
from tickfire.store.limits import HISTORY_TICKS, KEEP_WRITTEN_MIB
from tickfire.store.options import redis_url_option, shards_option


@click.command()
@click.option("--gateway", metavar="HOST:PORT", help="Live gateway. Default: that of Databento.")
@click.option(
    "--key", envvar="DATABENTO_API_KEY", show_envvar=True, help="API key for the gateway."
)
@click.option(
    "--dataset", envvar="TICKFIRE_DATASET", default="GLBX.MDP3", show_default=True,
    show_envvar=True, help="Databento dataset.",
)  # fmt: skip
@click.option(
    "--schemas", envvar="TICKFIRE_SCHEMAS", default="mbp-1,definition", show_default=True,
    show_envvar=True, help="Databento schemas, separated by commas.",
)  # fmt: skip
@click.option(
    "--symbols", envvar="TICKFIRE_SYMBOLS", default="ALL_SYMBOLS", show_default=True,
    show_envvar=True, help="Symbols, separated by commas.",
)  # fmt: skip
@click.option(
    "--stype-in", envvar="TICKFIRE_STYPE_IN", default="raw_symbol", show_default=True,
    show_envvar=True, help="Databento symbology type of the symbols.",
)  # fmt: skip
@click.option(
    "--feed", default=1, type=click.IntRange(0, 255), show_default=True,
    help="Number of the feed.",
)  # fmt: skip
@redis_url_option
@shards_option
@click.option(
    "--history-ticks", envvar="HISTORY_TICKS", default=HISTORY_TICKS, type=click.IntRange(min=1000),
    show_default=True, show_envvar=True, help="Ticks that the stream of each shard keeps.",
)  # fmt: skip
@click.option(
    "--backfill", default=900.0, type=click.FloatRange(min=0), show_default=True,
    help="Seconds of the past to request while no data is stored.",
)  # fmt: skip
@click.option(
    "--book-hz", default=10.0, type=click.FloatRange(min=0.1, max=100), show_default=True,
    help="Times a second that an order book is written, at most.",
)  # fmt: skip
@click.option(
    "--keep-written", default=KEEP_WRITTEN_MIB, type=click.IntRange(min=0), show_default=True,
    metavar="MIB", help="MiB of written data to keep, to write it again if a failover loses it.",
)  # fmt: skip
@click.option(
    "--standby/--no-standby",
    default=True,
    show_default=True,
    help="Wait while another ingest writes this feed, and take over when it ends; or exit.",
)
@click.option(
    "--reshard", is_flag=True,
    help="Delete the stored data of this feed if its number of shards is not SHARDS.",
)  # fmt: skip
def ingest(
    gateway: str | None,
    key: str | None,
    dataset: str,
    schemas: str,
    symbols: str,
    stype_in: str,
    feed: int,
    redis_url: str,
    shards: int,
    history_ticks: int,
    backfill: float,
    book_hz: float,
    keep_written: int,
    standby: bool,
    reshard: bool,
) -> None:
    """Write the data of a live gateway to Redis Streams."""
    from tickfire.base.run import run_loop
    from tickfire.ingest.lsg.client import LiveSubscription
    from tickfire.ingest.writer.config import IngestConfig
    from tickfire.ingest.writer.service import run

    if not key:
        raise UsageError("there is no API key; give --key or set DATABENTO_API_KEY.")
    host, port = _address(gateway) if gateway else (_databento_host(dataset), DEFAULT_PORT)
    ask = LiveSubscription(dataset, _names(schemas), _names(symbols), stype_in)
    config = IngestConfig(
        host,
        port,
        key,
        ask,
        feed,
        shards,
        history_ticks=history_ticks,
        keep_bytes=keep_written << 20,
        book_hz=book_hz,
        backfill_s=backfill,
        standby=standby,
        reshard=reshard,
    )
    run_loop(run(config, redis_url))


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit():
        raise UsageError(f"{text!r} is not the address of a gateway; write HOST:PORT.")
    return host, int(port)


def _databento_host(dataset: str) -> str:
    return f"{dataset.lower().replace('.', '-')}.lsg.databento.com"


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

    They are made from its trades or, where it has none, from the bars that it holds. Days and weeks
    are those of trading hours; `ts` of such a bar is midnight UTC of its trade date or Monday.
    """
    from tickfire.ingest.kernel.bars import file_bars

    write = sys.stdout.write
    for row in file_bars(file, interval, sessions):
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
