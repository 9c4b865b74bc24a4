"""``tickfire doctor``: the command."""

from __future__ import annotations

import asyncio
import json
import logging
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any, Final

import click

from tickfire.archive.cli import record
from tickfire.base.finite import FiniteRange
from tickfire.ingest.cli import ingest
from tickfire.ingest.news.cli import news
from tickfire.models.infer.cli import infer
from tickfire.server.doctor.build import examine_adapter, examine_cache, examine_page, slow_adapter
from tickfire.server.doctor.check import Check, Examination, Examine, Status, run_checks
from tickfire.server.doctor.feed import examine_feed
from tickfire.server.doctor.machine import (
    examine_clock,
    examine_limits,
    examine_machine,
    examine_port,
)
from tickfire.server.doctor.redis import examine_embedded, examine_redis
from tickfire.server.doctor.settings import (
    examine_access,
    examine_archive,
    examine_shared_ports,
)
from tickfire.server.serve import access_of, serve
from tickfire.server.settings.check import defaults_of
from tickfire.server.settings.file import SettingsFile
from tickfire.store.options import own_redis_url_option

WIDTH: Final = 100
NAME_WIDTH: Final = 18
STATUS_WIDTH: Final = 8
_COLOURS: Final = {Status.OK: "green", Status.WARNING: "yellow", Status.FAILED: "red"}


@click.command()
@own_redis_url_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
@click.option(
    "--timeout",
    "timeout_s",
    type=FiniteRange(min=0.1),
    default=10.0,
    show_default=True,
    metavar="SECONDS",
    help="Time for each check; Redis, a feed or a port that takes longer has failed.",
)
@click.pass_context
def doctor(context: click.Context, redis_url: str | None, as_json: bool, timeout_s: float) -> None:
    """Check the machine, Redis and the feed, and say what to do.

    The settings are those with which the processes would start here: of the environment and of the
    settings file. Exits with code 1 if a check has failed.
    """
    file = context.find_root().meta[SettingsFile.__name__]
    commands = {"serve": serve, "ingest": ingest, "news": news, "infer": infer, "record": record}
    settings = {name: _settings(each, name, file) for name, each in commands.items()}
    examinations = _examinations(redis_url, settings)
    logging.getLogger("tickfire").setLevel(logging.ERROR)  # the table tells
    checks = asyncio.run(run_checks(examinations, timeout_s))
    if as_json:
        click.echo(json.dumps({"ok": not _any_failed(checks), "checks": [*map(asdict, checks)]}))
    else:
        click.echo("\n".join(_lines(checks)))
    if _any_failed(checks):
        context.exit(1)


def _settings(command: click.Command, name: str, file: SettingsFile) -> Mapping[str, Any]:
    """Return the values of the options with which a command would start."""
    return command.make_context(name, [], default_map=defaults_of(command, name, file)).params


def _examinations(
    redis_url: str | None, settings: Mapping[str, Mapping[str, Any]]
) -> list[Examination]:
    serving, ingesting = settings["serve"], settings["ingest"]
    redis: Examine = examine_embedded if redis_url is None else partial(examine_redis, redis_url)
    server = partial(
        examine_port, "port", serving["host"], serving["port"],
        "Stop the program that uses it, or set PORT to another.",
    )  # fmt: skip
    gateways, datasets = ingesting["gateways"], ingesting["datasets"]
    feeds = [
        partial(examine_feed, ingesting["key"], gateways[at] if at < len(gateways) else "", dataset)
        for at, dataset in enumerate(datasets)
    ]
    return [
        Examination("machine", examine_machine),
        Examination("open files", examine_limits),
        Examination("clock", examine_clock),
        Examination("Redis", redis),
        Examination("port", server),
        *(
            Examination(f"metrics port of {name}", partial(
                examine_port, f"metrics of {name}", given["metrics_host"], given["metrics_port"],
                f"Stop the program that uses it, or set {name.upper()}_METRICS_PORT to another.",
            ))
            for name, given in settings.items()
            if given["metrics_port"]
        ),
        Examination("ports", partial(examine_shared_ports, _ports(settings))),
        Examination("clients", partial(examine_access, access_of(serving))),
        *(
            Examination("archive", partial(examine_archive, archive))
            for archive in _archives(settings)
        ),
        *(Examination("feed", feed) for feed in feeds),
        Examination("GPU", examine_adapter, slow_adapter),
        Examination("page", examine_page),
        Examination("kernel cache", examine_cache),
    ]  # fmt: skip


def _ports(settings: Mapping[str, Mapping[str, Any]]) -> dict[str, int | None]:
    """Return the ports of processes by the variables that set them."""
    metrics = {
        f"{name.upper()}_METRICS_PORT": each["metrics_port"] for name, each in settings.items()
    }
    return {"PORT": settings["serve"]["port"], **metrics}


def _archives(settings: Mapping[str, Mapping[str, Any]]) -> list[str]:
    named = (settings[name]["archive"] for name in ("record", "serve"))
    return list(dict.fromkeys(each for each in named if each))


def _any_failed(checks: Sequence[Check]) -> bool:
    return any(check.status is Status.FAILED for check in checks)


def _lines(checks: Sequence[Check]) -> Iterator[str]:
    """Return a table with one row for each check, and the advice below its row."""
    indent = " " * (STATUS_WIDTH + NAME_WIDTH)
    for check in checks:
        status = click.style(f"{check.status:<{STATUS_WIDTH}}", fg=_COLOURS[check.status])
        found, *more = textwrap.wrap(check.found, WIDTH - len(indent)) or [""]
        yield f"{status}{check.name:<{NAME_WIDTH}}{found}"
        yield from (f"{indent}{line}" for line in more)
        wrapped = textwrap.wrap(check.advice, WIDTH - len(indent) - 2)
        yield from (f"{indent}{'> ' if not at else '  '}{line}" for at, line in enumerate(wrapped))
    ok, warned, failed = (sum(one.status is status for one in checks) for status in Status)
    yield f"{ok} ok, {warned} warning{'' if warned == 1 else 's'}, {failed} failed"
