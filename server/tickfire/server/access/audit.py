"""The audit log: changes of keys and refusals, in a Redis stream that is bounded in length."""

from __future__ import annotations

import time
from typing import Final

import msgspec

from tickfire.store.entries import entries_of
from tickfire.store.requests import Requests

AUDIT: Final = b"{access}:audit"
MAX_ENTRIES: Final = 10_000
MAX_TEXT: Final = 200
"""Characters of a text in the log that a client chose."""


class Audited(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An entry of the audit log.

    Attributes
    ----------
    at : float
        Seconds since the Unix epoch.
    event : str
        ``created``, ``revoked``, ``signed_out`` or ``refused``.
    by : str
        The user and machine that changed a key; the address of a client that was refused.
    key, subject, topic : str or None
    why : str
        The cause of a refusal, or the name of a key.
    count : int
        Number of equal refusals that the entry stands for.
    """

    event: str
    by: str
    at: float = msgspec.field(default_factory=time.time)
    key: str | None = None
    subject: str | None = None
    topic: str | None = None
    why: str = ""
    count: int = 1


async def write_audit(requests: Requests, entry: Audited) -> None:
    """Append an entry to the audit log.

    Raises
    ------
    RedisUnavailable
        Redis does not answer.
    """
    text = msgspec.json.encode(entry)
    await requests.command("XADD", AUDIT, "MAXLEN", "~", MAX_ENTRIES, "*", "entry", text)


async def read_audit(requests: Requests, count: int) -> list[Audited]:
    """Return up to `count` newest entries of the audit log, oldest first.

    Raises
    ------
    RedisUnavailable
        Redis does not answer.
    """
    reply = await requests.command("XREVRANGE", AUDIT, "+", "-", "COUNT", count)
    entries = reversed(entries_of(reply))
    return [msgspec.json.decode(fields[b"entry"], type=Audited) for _, fields in entries]
