"""``tickfire chart``: a picture of a file's bars, or of those of a market in Redis."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Final

import click

from tickfire.base.calendar.option import sessions_option
from tickfire.base.calendar.sessions import Sessions
from tickfire.base.errors import UsageError
from tickfire.base.extras import require_extra
from tickfire.base.finite import FiniteRange
from tickfire.store.options import redis_url_option
from tickfire.store.schema import INTERVALS_S

OUTPUT: Final = "chart.png"
LONG_FILE: Final = 20_000_000
"""Size, in bytes, from which on a file takes a while to read."""
SUFFIXES: Final = (".dbn", ".zst")


@click.command()
@click.argument("source", metavar="FILE|SYMBOL")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), default=OUTPUT, show_default=True,
    help="PNG file to write.",
)  # fmt: skip
@click.option("--symbol", help="Instrument of the FILE to draw. Default: the most traded one.")
@click.option(
    "--interval", default="1m", show_default=True, type=click.Choice(list(INTERVALS_S)),
    help="Length of a bar.",
)  # fmt: skip
@click.option("--bars", default=200, show_default=True, help="Number of newest bars to show.")
@click.option("--width", default=1280, show_default=True, help="Width in CSS pixels.")
@click.option("--height", default=720, show_default=True, help="Height in CSS pixels.")
@click.option(
    "--scale", default=1.0, show_default=True, type=FiniteRange(min=0, min_open=True),
    help="Device pixels in a CSS pixel.",
)  # fmt: skip
@click.option(
    "--theme", default="dark", show_default=True, type=click.Choice(["dark", "light"]),
    help="Colours.",
)  # fmt: skip
@click.option(
    "--indicators", default="", metavar="LIST",
    help="Indicators, separated by commas, such as ema(20),macd(12,26,9).",
)  # fmt: skip
@click.option(
    "--zone", default="UTC", show_default=True, metavar="NAME",
    help="Time zone of the labels, such as Europe/Berlin.",
)  # fmt: skip
@click.option(
    "--price-scale", default="linear", show_default=True,
    type=click.Choice(["linear", "log", "percent"]),
    help="Scale of the prices: even distances, equal ratios, or percent from the first close.",
)  # fmt: skip
@click.option(
    "--lines", default="", metavar="LIST",
    help="Prices at which to draw horizontal lines, separated by commas.",
)  # fmt: skip
@sessions_option
@redis_url_option
def chart(
    source: str,
    output: Path,
    symbol: str | None,
    interval: str,
    bars: int,
    width: int,
    height: int,
    scale: float,
    theme: str,
    indicators: str,
    zone: str,
    price_scale: str,
    lines: str,
    sessions: Sessions,
    redis_url: str,
) -> None:
    """Draw a chart as a PNG.

    FILE is a DBN file, compressed or not; its trades make the bars. SYMBOL is an instrument of a
    running market, whose bars are read from Redis.
    """
    require_extra("render", "tickfire chart")
    from tickfire.render.options import Options
    from tickfire.render.worker.client import RenderProcess
    from tickfire.server.pictures import sources
    from tickfire.server.pictures.params import parse_lines, picture_request

    options = Options(
        width, height, scale, theme, indicators, zone, price_scale, parse_lines(lines)
    )
    wanted = picture_request(symbol or source, interval, bars, options)
    _check_output(output)
    if _is_file(source):
        if os.path.exists(source) and os.path.getsize(source) > LONG_FILE:
            click.echo(f"reading {source}", err=True)
        name, given = sources.bars_of_file(source, symbol, interval, sessions)
        wanted = picture_request(name, interval, bars, options)
    elif symbol is not None:
        raise UsageError(f"--symbol chooses from a file, and there is no file {source}.")
    else:
        given = asyncio.run(sources.bars_of_market(redis_url, source, interval, sessions))
    process = RenderProcess()
    try:
        png = process.draw(wanted.picture, given)
    finally:
        process.close()
    _write(output, png)
    shown = min(len(given), bars)
    click.echo(f"{output}: {wanted.symbol}, {shown} bars of {interval}")


def _is_file(source: str) -> bool:
    return os.path.exists(source) or source.endswith(SUFFIXES)


def _check_output(output: Path) -> None:
    if output.is_dir():
        raise UsageError(f"{output} is a folder; name a file to write.")
    if not output.parent.is_dir():
        raise UsageError(f"{output} cannot be written: there is no folder {output.parent}.")


def _write(output: Path, png: bytes) -> None:
    try:
        output.write_bytes(png)
    except OSError as error:
        raise UsageError(f"{output} cannot be written: {error.strerror}.") from error
