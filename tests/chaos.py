"""Faults at random in a whole tickfire: ``python -m tests.chaos --seconds 900 --seed 1``.

It runs a Redis Cluster of six nodes, two feeds and infer with a standby each, news and a server of
two workers, with clients of every kind of topic. Each fault is followed until every client has
every trade and signal. The exit code is 1 if a trade, signal, headline or sentiment was missing or
came twice, or a process failed.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.support.chaos.campaign import Outcome, assert_all_is_well, campaign
from tests.support.chaos.faults import FAULTS
from tests.support.chaos.world import world


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seconds", type=float, default=900, help="time for the faults")
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--clients", type=int, default=500)
    arguments.add_argument("--rate", type=float, default=20, help="trades a second of each feed")
    arguments.add_argument("--fault", action="append", choices=FAULTS, help="only such faults")
    given = arguments.parse_args()
    try:
        asyncio.run(run(given))
    except AssertionError as error:
        print(f"failed: {error}")
        return 1
    return 0


async def run(given: argparse.Namespace) -> None:
    rng = random.Random(given.seed)
    with tempfile.TemporaryDirectory() as folder:
        async with world(Path(folder), given.clients, given.rate) as found:
            names = faults(given.fault or list(FAULTS), given.seconds, rng)
            outcomes: dict[str, Outcome] = {}
            try:
                await campaign(found, names, rng, outcomes, say)
                reports = await assert_all_is_well(found)
            finally:
                say(table(outcomes))
            say(
                f"{sum(len(one.back_s) for one in outcomes.values())} faults, seed {given.seed}, "
                f"{len(found.followers)} clients, {sum(one.events for one in found.followers):,} "
                f"events, {sum(one.joins for one in found.followers):,} joins, "
                f"{sum(feed.sent for feed in found.feeds):,} trades, {reports.signals:,} signals, "
                f"{reports.headlines:,} headlines with their sentiments: none missing, none twice"
            )


def faults(names: list[str], seconds: float, rng: random.Random) -> Iterator[str]:
    """Yield faults in an order of chance, each kind once before any comes again."""
    end = time.monotonic() + seconds
    while True:
        for name in rng.sample(names, len(names)):
            if time.monotonic() >= end:
                return
            yield name


def table(outcomes: dict[str, Outcome]) -> str:
    heads = ("times", "ticks: silence s, median", "most", "signals: most", "all back s, most")
    lines = ["".join((f"{'':28}", *(f"{head:>{len(head) + 2}}" for head in heads)))]
    for name, outcome in sorted(outcomes.items()):
        if not outcome.back_s:
            lines.append(f"{name:28}  failed")
            continue
        figures = (
            f"{len(outcome.back_s)}",
            f"{statistics.median(outcome.silences_s):.2f}",
            f"{max(outcome.silences_s):.2f}",
            f"{max(outcome.signal_silences_s):.2f}",
            f"{max(outcome.back_s):.1f}",
        )
        pairs = zip(heads, figures, strict=True)
        lines.append("".join((f"{name:28}", *(f"{each:>{len(head) + 2}}" for head, each in pairs))))
    return "\n".join(lines)


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
