"""Command-line options for Redis that several commands share."""

from __future__ import annotations

import click

from tickfire.store.limits import MAX_SHARDS
from tickfire.store.url import DEFAULT_URL, RedisUrl


def _checked(_ctx: click.Context, _param: click.Parameter, url: str | None) -> str | None:
    if url is not None:
        RedisUrl.parse(url)
    return url


REDIS_URL_HELP = (
    "Redis or Valkey: redis://HOST:PORT/DB, rediss://, unix:///PATH, redis://HOST:PORT,HOST:PORT "
    "(nodes of a Cluster) or redis+sentinel://HOST:PORT,HOST:PORT/SERVICE/DB."
)

redis_url_option = click.option(
    "--redis-url",
    envvar="REDIS_URL",
    default=DEFAULT_URL,
    show_default=True,
    show_envvar=True,
    callback=_checked,
    help=REDIS_URL_HELP,
)

own_redis_url_option = click.option(
    "--redis-url",
    envvar="REDIS_URL",
    show_envvar=True,
    callback=_checked,
    help=f"{REDIS_URL_HELP} Default: the embedded Valkey server.",
)

shards_option = click.option(
    "--shards",
    envvar="SHARDS",
    type=click.IntRange(1, MAX_SHARDS),
    default=1,
    show_default=True,
    show_envvar=True,
    help="Number of shards to divide the instruments among.",
)
