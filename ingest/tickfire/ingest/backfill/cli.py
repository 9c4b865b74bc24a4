"""Command ``tickfire backfill``."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click

from tickfire.base.errors import UsageError, UserError
from tickfire.base.finite import FiniteRange
from tickfire.ingest.historical.request import (
    DEFAULT_SCHEMA,
    MINUTE_NS,
    SCHEMAS,
    HistoryRequest,
    moment,
    time_text,
)
from tickfire.store.options import redis_url_option, shards_option

MIB: Final = 1 << 20

logger = logging.getLogger(__name__)


@click.command()
@click.option("--symbols", required=True, help="Symbols, separated by commas.")
@click.option(
    "--schema", default=DEFAULT_SCHEMA, show_default=True, type=click.Choice(SCHEMAS),
    help="Databento schema from which the bars are made.",
)  # fmt: skip
@click.option(
    "--start", required=True, help="Begin of the history: a UTC date or time, or how long ago: 2d."
)
@click.option("--end", default="0s", help="Its end. Default: the newest that is available.")
@click.option(
    "--dataset", envvar="TICKFIRE_DATASET", default="GLBX.MDP3", show_default=True,
    show_envvar=True, help="Databento dataset.",
)  # fmt: skip
@click.option(
    "--stype-in", envvar="TICKFIRE_STYPE_IN", default="raw_symbol", show_default=True,
    show_envvar=True, help="Databento symbology type of the symbols.",
)  # fmt: skip
@click.option("--key", envvar="DATABENTO_API_KEY", show_envvar=True, help="API key.")
@click.option(
    "--feed", default=1, type=click.IntRange(0, 255), show_default=True,
    help="Number of the feed that the bars belong to.",
)  # fmt: skip
@click.option("--yes", is_flag=True, help="Buy without asking.")
@click.option(
    "--max-cost", type=FiniteRange(min=0), metavar="USD",
    help="Buy without asking up to this cost, and nothing beyond it.",
)  # fmt: skip
@click.option(
    "--cache", type=click.Path(path_type=Path), metavar="FOLDER",
    help="Folder of the cache. Default: tickfire/history in the user's folder of caches.",
)  # fmt: skip
@click.option("--download-only", is_flag=True, help="Fill the cache, and write nothing to Redis.")
@click.option("--url", hidden=True, help="Address of the historical service.")
@redis_url_option
@shards_option
def backfill(
    symbols: str,
    schema: str,
    start: str,
    end: str,
    dataset: str,
    stype_in: str,
    key: str | None,
    feed: int,
    yes: bool,
    max_cost: float | None,
    cache: Path | None,
    download_only: bool,
    url: str | None,
    redis_url: str,
    shards: int,
) -> None:
    """Buy history from Databento, and write its bars to Redis, so that charts show them.

    The cost is asked first, and shown. What was bought stays in a cache, and is not bought again.
    Bars that Redis already has are left as they are.
    """
    from tickfire.base.run import run_loop
    from tickfire.ingest.historical.cache import HistoryCache
    from tickfire.ingest.historical.fetch import download, make_offer
    from tickfire.ingest.historical.service import HistoricalService

    request = parse_request(symbols, schema, start, end, dataset, stype_in, time.time_ns())
    store = HistoryCache(cache)

    def service() -> HistoricalService:
        return HistoricalService(key, url)

    offer = make_offer(request, store, service)
    click.echo(f"{offer.request}", err=True)
    confirm_cost(offer.cost, ask=not yes, max_cost=max_cost)
    pieces = sum(1 for _ in offer.request.slices())
    paths = [path for _, path in progress(download(offer, store, service), pieces)]
    click.echo(f"{len(paths)} files, {_size(paths)}, in {store.folder}", err=True)
    if not download_only:
        from tickfire.ingest.backfill.put import put_history

        bars = run_loop(put_history(redis_url, feed, paths, shards))
        click.echo(f"{bars:,} bars", err=True)


def parse_request(
    symbols: str, schema: str, start: str, end: str, dataset: str, stype_in: str, now: int
) -> HistoryRequest:
    """Return the request that options describe; times are rounded down to the minute.

    Raises
    ------
    UsageError
        If an option is not valid.
    """
    names = tuple(dict.fromkeys(name.strip() for name in symbols.split(",") if name.strip()))
    if not names:
        raise UsageError(f"{symbols!r} holds no symbols; write them with commas between.")
    if not dataset.replace(".", "").isalnum():
        raise UsageError(f"{dataset!r} is not the name of a dataset, such as GLBX.MDP3.")
    begin, until = moment(start, now), min(moment(end, now), now)
    begin, until = begin - begin % MINUTE_NS, until - until % MINUTE_NS
    if begin >= until:
        raise UsageError(
            f"history ends after it begins, but --start is {time_text(begin)} and the end"
            f" {time_text(until)}."
        )
    return HistoryRequest(dataset, schema, names, stype_in, begin, until)


def confirm_cost(cost: float, *, ask: bool, max_cost: float | None) -> None:
    """Show the cost, and return if it is agreed to.

    Raises
    ------
    UserError
        If it is more than the most that may be spent, or nobody agrees.
    """
    if not cost:
        click.echo("nothing to pay", err=True)
        return
    click.echo(f"cost: {money(cost)}", err=True)
    if max_cost is not None:
        if cost > max_cost:
            raise UserError(
                f"the cost of {money(cost)} is more than --max-cost {money(max_cost)};"
                " nothing was bought."
            )
        return
    if not ask:
        return
    if not sys.stdin.isatty():
        raise UserError(
            f"the history costs {money(cost)}, and nobody can be asked; give --yes or"
            " --max-cost USD to buy it."
        )
    if not click.confirm("Buy it?", err=True):
        raise UserError("nothing was bought.")


def money(usd: float) -> str:
    """Return an amount of US dollars as text, with as many cents as matter."""
    return f"${usd:,.2f}" if usd >= 0.01 else f"${usd:.4f}"


def progress[T](items: Iterator[T], count: int) -> Iterator[T]:
    """Yield items with a progress bar on standard error if that is a terminal."""
    if not sys.stderr.isatty():
        yield from items
        return
    with click.progressbar(items, length=count, label="history", file=sys.stderr) as shown:
        yield from shown


def _size(paths: list[Path]) -> str:
    size = sum(path.stat().st_size for path in paths)
    return f"{size / MIB:.1f} MiB" if size >= MIB else f"{size / 1024:.1f} KiB"
