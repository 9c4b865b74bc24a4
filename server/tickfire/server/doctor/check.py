"""`Check`: one result, and the run of checks side by side, none of which may take too long."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from tickfire.base.errors import UserError
from tickfire.base.printable import printable


class Status(StrEnum):
    """The result of a check."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Check:
    """The result of one check.

    Attributes
    ----------
    name : str
        The thing that was checked.
    status : Status
    found : str
        The finding, a phrase.
    advice : str
        A sentence that says what to do; empty if there is nothing to do.
    """

    name: str
    status: Status
    found: str
    advice: str = ""


type Examine = Callable[[], Awaitable[list[Check]]]
"""Function that does one or several checks, which belong together."""


def ok(name: str, found: str) -> Check:
    """Return a check that found nothing to do."""
    return Check(name, Status.OK, found)


def warning(name: str, found: str, advice: str) -> Check:
    """Return a check that found something to improve."""
    return Check(name, Status.WARNING, found, advice)


def failed(name: str, found: str, advice: str) -> Check:
    """Return a check that found something which keeps tickfire from working."""
    return Check(name, Status.FAILED, found, advice)


async def run_checks(examinations: Iterable[tuple[str, Examine]], timeout_s: float) -> list[Check]:
    """Run all examinations at the same time, and return their checks in order.

    Parameters
    ----------
    examinations : iterable of (str, Examine)
        Each with its name.
    timeout_s : float
        Time for each, in seconds; one that takes longer has failed.
    """
    found = await asyncio.gather(
        *(_examined(name, examine, timeout_s) for name, examine in examinations)
    )
    return [check for checks in found for check in checks]


async def _examined(name: str, examine: Examine, timeout_s: float) -> list[Check]:
    try:
        async with asyncio.timeout(timeout_s):
            return await examine()
    except TimeoutError:
        advice = "Look for a host that is down, a firewall, or TLS on one side alone."
        return [failed(name, f"no answer within {timeout_s:g} s", advice)]
    except UserError as error:
        return [failed(name, *split_sentence(printable(str(error))))]
    except Exception as error:
        text = printable(f"the check itself failed: {type(error).__name__}: {error}")
        return [failed(name, text, "Please report this.")]


def split_sentence(sentence: str) -> tuple[str, str]:
    """Return the reason of an error, and the advice, which follows the last semicolon."""
    reason, _, advice = sentence.rstrip(".").rpartition("; ")
    if not reason:
        return advice, "Correct it."
    return reason, f"{advice[:1].upper()}{advice[1:]}."
