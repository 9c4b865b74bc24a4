"""`Check`: one result, and the run of checks side by side, none of which may take too long."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

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


def no_answer(name: str, found: str) -> Check:
    """Return the check of a host that did not answer in time."""
    advice = "Look for a host that is down, a firewall, or TLS on one side alone."
    return failed(name, found, advice)


class Examination(NamedTuple):
    """Checks to run.

    Attributes
    ----------
    name : str
        Their name where they do not give one themselves.
    examine : Examine
    late : callable
        Called with the name and the finding if they took too long; returns their check.
    """

    name: str
    examine: Examine
    late: Callable[[str, str], Check] = no_answer


async def run_checks(examinations: Iterable[Examination], timeout_s: float) -> list[Check]:
    """Run all examinations at the same time, and return their checks in order.

    `timeout_s` is the time for each, in seconds.
    """
    found = await asyncio.gather(*(_examined(each, timeout_s) for each in examinations))
    return [check for checks in found for check in checks]


async def _examined(examination: Examination, timeout_s: float) -> list[Check]:
    name, examine, late = examination
    try:
        async with asyncio.timeout(timeout_s):
            return await examine()
    except TimeoutError:
        return [late(name, f"no answer within {timeout_s:g} s")]
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
