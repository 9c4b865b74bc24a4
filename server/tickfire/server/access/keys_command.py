"""``tickfire keys``: makes, lists and revokes keys, and signs users out."""

from __future__ import annotations

import asyncio
import getpass
import json
import os
import socket
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import click

from tickfire.base.columns import columns
from tickfire.base.errors import UsageError, UserError
from tickfire.base.listed import listed
from tickfire.base.printable import printable
from tickfire.server.access.audit import Audited, read_audit
from tickfire.server.access.claims import MAX_TEXT, ClaimsError, grant_from
from tickfire.server.access.key import Key, make_key
from tickfire.server.access.key_store import KeyStore
from tickfire.server.access.times import Expiry, as_text
from tickfire.store.options import redis_url_option
from tickfire.store.requests import RedisUnavailable
from tickfire.store.store import Store

HEADINGS: Final = ("ID", "NAME", "TOPICS", "LIMITS", "CREATED", "EXPIRES", "LAST USED")

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def keys() -> None:
    """Make, list and revoke keys by which clients connect.

    A key is a secret that a client sends as its token. `tickfire serve` accepts keys beside signed
    tokens, or alone with --keys.
    """


@keys.command()
@redis_url_option
@click.option(
    "--topics",
    "--topic",
    multiple=True,
    metavar="PATTERN",
    help="Topics that may be joined, as market:ESZ6 or candles:*; by default all. Can be repeated.",
)
@click.option(
    "--rates",
    "--rate",
    multiple=True,
    metavar="NAME=NUMBER",
    help="Limit that differs from that of `tickfire serve`, such as joins=5. Can be repeated.",
)
@click.option(
    "--connections",
    type=click.IntRange(1),
    help="Maximum number of connections at the same time; by default any.",
)
@click.option(
    "--expires",
    type=Expiry(),
    metavar="TIME",
    help="Time from now, as 12h or 30d, or date, as 2030-01-31, after which it is refused; "
    "by default never.",
)
@click.option(
    "--origins",
    "--origin",
    multiple=True,
    metavar="ORIGIN",
    help="Origin of pages that may use it, as https://host or //*.host; by default any that "
    "`tickfire serve` allows. Can be repeated.",
)
@json_option
@click.argument("name")
def create(
    redis_url: str,
    topics: tuple[str, ...],
    rates: tuple[str, ...],
    connections: int | None,
    expires: float | None,
    origins: tuple[str, ...],
    as_json: bool,
    name: str,
) -> None:
    """Make a key known as NAME, and print it, this once: only a hash of it is stored."""
    if not 0 < len(name) <= MAX_TEXT:
        raise UsageError(f"NAME must have 1 to {MAX_TEXT} characters.")
    try:
        grant = grant_from(
            {
                "sub": name,
                "topics": _listed("--topics", topics),
                "rates": _rates(rates),
                "connections": connections,
                "exp": expires,
                "origins": _listed("--origins", origins),
            }
        )
    except ClaimsError as error:
        raise UsageError(f"{error}.") from None
    key, text = make_key(name, time.time(), grant)
    _run(redis_url, lambda store: store.put(key, _change("created", key=key.id, why=name)))
    if as_json:
        click.echo(json.dumps({**_as_json(key, None), "key": text}))
    else:
        click.echo(text)
        click.echo(f"Made key {key.id}. Keep it now: it is not shown again.", err=True)


@keys.command("list")
@redis_url_option
@json_option
def list_(redis_url: str, as_json: bool) -> None:
    """List the keys, without their secrets."""

    async def read(store: KeyStore) -> tuple[list[Key], dict[str, int]]:
        contents = await store.contents()
        return list(contents.keys.values()), await store.last_used()

    found, used = _run(redis_url, read)
    found.sort(key=lambda key: (key.created_at, key.id))
    rows = [_as_json(key, used.get(key.id)) for key in found]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
    else:
        _print_table([HEADINGS, *(_as_row(row) for row in rows)] if rows else [("no keys",)])


@keys.command()
@redis_url_option
@click.option("--all", "all_keys", is_flag=True, help="Revoke all keys.")
@click.argument("key_ids", metavar="[ID]...", nargs=-1)
def revoke(redis_url: str, all_keys: bool, key_ids: tuple[str, ...]) -> None:
    """Revoke keys by their IDs, and close the connections of their clients."""
    if all_keys == bool(key_ids):
        raise UsageError("give the ids of keys, as `tickfire keys list` shows them, or --all.")

    async def remove(store: KeyStore) -> list[str]:
        known = (await store.contents()).keys
        unknown = [key_id for key_id in key_ids if key_id not in known]
        if unknown:
            raise UserError(f"there is no key {unknown[0]}; `tickfire keys list` shows all.")
        removed = list(known) if all_keys else list(dict.fromkeys(key_ids))
        changes = [_change("revoked", key=each, why=known[each].name) for each in removed]
        await store.remove(dict(zip(removed, changes, strict=True)))
        return removed

    for key_id in _run(redis_url, remove):
        click.echo(f"revoked {key_id}")


@keys.command()
@redis_url_option
@click.argument("subject")
def disconnect(redis_url: str, subject: str) -> None:
    """Sign the user SUBJECT out.

    Connections with its tokens are closed, and tokens that it was given until now are refused;
    those made later are accepted. Keys are not concerned.
    """
    change = _change("signed_out", subject=subject)
    _run(redis_url, lambda store: store.sign_out(subject, change.at, change))
    click.echo(f"signed out {printable(subject)}")


@keys.command()
@redis_url_option
@click.option(
    "--count",
    type=click.IntRange(1, 10_000),
    default=100,
    show_default=True,
    help="Maximum number of entries, the newest.",
)
@json_option
def audit(redis_url: str, count: int, as_json: bool) -> None:
    """Print the audit log: changes of keys and refusals of clients, the newest last."""
    entries = _run(redis_url, lambda store: read_audit(store.requests, count))
    for entry in entries:
        given = {
            "at": as_text(entry.at),
            "event": entry.event,
            "by": entry.by,
            "key": entry.key,
            "subject": entry.subject,
            "topic": entry.topic,
            "why": entry.why or None,
            "count": entry.count,
        }
        if as_json:
            click.echo(json.dumps(given))
        else:
            named = (f"{name}={value}" for name, value in list(given.items())[3:] if value)
            click.echo(printable(" ".join((f"{given['at']} {entry.event} by {entry.by}", *named))))


def _run[T](url: str, work: Callable[[KeyStore], Awaitable[T]]) -> T:
    async def run() -> T:
        async with await Store.open(url) as store:
            key_store = KeyStore(store)
            try:
                return await work(key_store)
            except RedisUnavailable as error:
                raise UserError(f"Redis does not carry out the command: {error}.") from error
            finally:
                key_store.close()

    return asyncio.run(run())


def _change(event: str, **details: Any) -> Audited:
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a user without a name, as in some containers
        user = str(os.getuid())
    return Audited(event=event, by=f"{user}@{socket.gethostname()}", **details)


def _listed(name: str, values: tuple[str, ...]) -> tuple[str, ...] | None:
    """Return the elements of an option, None without it; one without an element is no limit."""
    if not all(map(listed, values)):
        raise UsageError(f"{name} is empty; leave it out if nothing is to be limited by it.")
    return listed(*values) or None


def _rates(values: tuple[str, ...]) -> dict[str, float]:
    rates = {}
    for value in _listed("--rates", values) or ():
        name, _, number = value.partition("=")
        try:
            rates[name] = float(number)
        except ValueError:
            raise ClaimsError(f"{value} is no rate such as joins=5") from None
    return rates


def _as_json(key: Key, used_at: float | None) -> dict[str, Any]:
    return {
        "id": key.id,
        "name": key.name,
        "topics": key.topics,
        "rates": key.rates,
        "connections": key.connections,
        "origins": key.origins,
        "created": as_text(key.created_at),
        "expires": as_text(key.expires_at),
        "last_used": as_text(used_at),
    }


def _as_row(row: Mapping[str, Any]) -> tuple[str, ...]:
    limits = [f"{name}={number:g}" for name, number in row["rates"].items()]
    if row["connections"] is not None:
        limits.append(f"connections={row['connections']}")
    limits += row["origins"] or ()
    return (
        row["id"],
        row["name"],
        "all" if row["topics"] is None else " ".join(row["topics"]),
        " ".join(limits) or "-",
        row["created"],
        row["expires"] or "never",
        row["last_used"] or "never",
    )


def _print_table(rows: list[tuple[str, ...]]) -> None:
    shown = [tuple(printable(cell) for cell in row) for row in rows]
    for line in columns(shown):
        click.echo(line)
