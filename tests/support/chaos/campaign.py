"""A campaign: fault after fault, each until every client has all trades again."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from tests.support.chaos.faults import FAULTS
from tests.support.chaos.reports import Reports, assert_news_is_whole, assert_reports_once
from tests.support.chaos.world import World
from tests.support.eventually import eventually

CAUGHT_UP_S: Final = 180.0
LINES: Final = 30


@dataclass
class Outcome:
    """Effects of the faults of one name on the clients of ticks and signals.

    Attributes
    ----------
    silences_s, signal_silences_s : list of float
        Of each fault, the longest time for which a client of ticks, or of signals, had none, in
        seconds.
    back_s : list of float
        Of each fault, the time from its begin until every client had all trades and signals, in
        seconds.
    """

    silences_s: list[float] = field(default_factory=list)
    signal_silences_s: list[float] = field(default_factory=list)
    back_s: list[float] = field(default_factory=list)


async def campaign(
    world: World,
    names: Iterable[str],
    rng: random.Random,
    outcomes: dict[str, Outcome],
    told: Callable[[str], None],
) -> None:
    """Let faults happen one after the other, and note the effects of each.

    Raises
    ------
    AssertionError
        If the clients do not catch up after a fault.
    """
    for name in names:
        outcome = outcomes.setdefault(name, Outcome())
        await one_fault(world, name, rng, outcome)
        told(
            f"{name}: {outcome.silences_s[-1]:.2f} s without ticks,"
            f" {outcome.signal_silences_s[-1]:.2f} s without signals,"
            f" all back after {outcome.back_s[-1]:.1f} s"
        )


async def one_fault(world: World, name: str, rng: random.Random, outcome: Outcome) -> None:
    """Let one fault happen, and wait until every client has all trades and signals."""
    try:
        await eventually(world.is_paired, "every writer has a standby", CAUGHT_UP_S)
        for follower in world.followers:
            follower.restart_clock()
        began = time.monotonic()
        await FAULTS[name](world, rng)
        await world.catches_up(CAUGHT_UP_S)
    except AssertionError as error:
        raise AssertionError(f"{name}: {error}\n{_logs(world)}") from error
    outcome.back_s.append(time.monotonic() - began)
    outcome.silences_s.append(max(one.longest_s for one in world.tick_followers))
    outcome.signal_silences_s.append(max(one.longest_s for one in world.signal_followers))
    assert_each_once(world, f"after {name}")
    assert_reports_once(world, f"after {name}")


def assert_each_once(world: World, when: str) -> None:
    """Assert that no client of ticks missed a trade, or had one twice."""
    for client in world.tick_followers:
        counts = f"{client.missing} missing, {client.repeated} twice, {client.announced} announced"
        assert not (client.missing or client.repeated or client.announced), (
            f"{client.topic} {when}: {counts}\n{_logs(world)}"
        )


async def assert_all_is_well(world: World) -> Reports:
    """Assert that each trade and report came once, in bars too, and that no process failed.

    Returns
    -------
    Reports
        Those in Redis.
    """
    await world.catches_up(CAUGHT_UP_S)
    assert_each_once(world, "in the end")
    reports = Reports()
    await reports.are_whole(world)
    await assert_news_is_whole(world)
    assert_reports_once(world, "in the end")
    for feed in world.feeds:
        whole = sorted(feed.seconds)[1:-3]  # the first may have begun before, the last go on
        wanted = {second: feed.seconds[second] for second in whole}
        for bars in world.candle_followers:
            if f":{feed.symbol}:" in bars.topic:
                await eventually(partial(_has, bars.volumes, wanted), bars.topic)
    await eventually(world.is_ready, "the server is ready", CAUGHT_UP_S)
    for process in world.processes.values():
        assert not any("Traceback" in line for line in process.log), _logs(world)
    return reports


def _logs(world: World) -> str:
    """Return the newest lines of every process."""
    return "\n".join(
        f"--- {name}\n{''.join(process.log[-LINES:])}" for name, process in world.processes.items()
    )


def _has(volumes: dict[int, int], wanted: dict[int, int]) -> bool:
    first = min(volumes, default=0)
    return all(volumes.get(second) == wanted[second] for second in wanted if second > first)
