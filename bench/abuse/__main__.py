"""Run each attack against ``tickfire serve`` while an honest client measures its round trips.

Prints for each attack the honest client's median and longest round trip, the server's memory
before, at its peak and 10 s later, the lines that the server logged, and its answer. Run it with
``python -m bench.abuse [--json] [ATTACK...]``. With ``--minutes 15`` the attacks follow one another
for so long on servers that stay, beside an intruder without a grant, and a table of the worst
follows; it exits with 1 if the intruder read a byte, the honest client was cut off, or a server
logged an error.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import statistics
import sys
import tempfile
import time
from dataclasses import asdict
from typing import Any, Final

import redis

from bench.abuse.floods import ATTACKER, FLOODS
from bench.abuse.honest import honest
from bench.abuse.rounds import ALL, Outcome, rounds
from bench.abuse.wire import Target
from bench.background import Background
from bench.processes import resident_mib, tickfire, wait_for_url, worker_pid
from tests.support.publisher import Publisher
from tickfire.base.ports import free_port
from tickfire.base.run import run_loop
from tickfire.ingest.redis.options import RedisOptions
from tickfire.ingest.redis.server import EmbeddedRedis

SETTLE_S: Final = 10.0
SAMPLE_S: Final = 0.02


def main() -> int:
    """Run the attacks that are named, or all; return 1 if an attack of a long run succeeded."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="ATTACK", help=", ".join(ALL))
    parser.add_argument("--json", action="store_true", help="print one JSON object an attack")
    parser.add_argument("--minutes", type=float, help="repeat the attacks for so long")
    arguments = parser.parse_args()
    names = arguments.names or list(ALL)
    unknown = sorted(set(names) - set(ALL))
    if unknown:
        parser.error(f"there is no attack {', '.join(unknown)}; the attacks are {', '.join(ALL)}.")
    return run_loop(_run(names, arguments.minutes, as_json=arguments.json))


async def _run(names: list[str], minutes: float | None, *, as_json: bool) -> int:
    server = EmbeddedRedis(RedisOptions(free_port()))
    await server.start()
    try:
        if minutes is not None:
            outcome = await asyncio.to_thread(rounds, names, minutes, server.options.port)
            return _print_outcome(outcome, as_json=as_json)
        Publisher(redis.Redis(port=server.options.port)).instruments({1: "AAA"})
        url = f"redis://127.0.0.1:{server.options.port}/0"
        for name in names:
            _print(name, await asyncio.to_thread(attacked, name, url), as_json=as_json)
        return 0
    finally:
        await server.stop()


def _print(name: str, figures: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"attack": name, **figures}), flush=True)
    else:
        text = "  ".join(f"{key} {value}" for key, value in figures.items())
        print(f"{name:16s} {text}", flush=True)


def _print_outcome(outcome: Outcome, *, as_json: bool) -> int:
    """Print the table of a long run; return 1 if an attack succeeded."""
    cut_off = any(math.isinf(max(row.stalls_ms)) for row in outcome.rows.values())
    failed = bool(outcome.leaked or cut_off or outcome.errors)
    if as_json:
        print(json.dumps({**asdict(outcome), "failed": failed}))
        return int(failed)
    print(f"\n{'attack':16s} runs  worst stall ms  median ms  last answer")
    for name, row in outcome.rows.items():
        worst, median = max(row.stalls_ms), statistics.median(row.medians_ms)
        print(f"{name:16s} {len(row.stalls_ms):4d} {worst:15.1f} {median:10.2f}  {row.answer[:60]}")
    for name, (before, after) in outcome.mib.items():
        print(f"memory of the {name} server: {before:.0f} MiB before, {after:.0f} MiB after")
    kinds = ", ".join(f"{n} x {kind}" for kind, n in outcome.refused.items())
    print(f"the intruder was refused: {kinds}")
    print(f"the servers logged {len(outcome.errors)} errors", *outcome.errors[:5], sep="\n  ")
    print(f"the intruder read {outcome.leaked} bytes that it was not granted")
    return int(failed)


def attacked(name: str, redis_url: str) -> dict[str, Any]:
    """Return the figures of one attack on a fresh server."""
    port = free_port()
    options = ["serve", "--dev", "--port", str(port), "--redis-url", redis_url]
    attacker = Target(port)
    if name in FLOODS:
        options.append("--limit-loopback")
        attacker = Target(port, source=ATTACKER)
    with tempfile.TemporaryFile("w+") as log, tickfire(*options, log=log) as server:
        wait_for_url(f"http://127.0.0.1:{port}/readyz")
        worker = worker_pid(server)
        before = resident_mib(worker)
        with _Peak(worker) as peak, honest(Target(port)) as figures:
            began = time.monotonic()
            answer = ALL[name](attacker)
            took = time.monotonic() - began
        time.sleep(SETTLE_S)
        log.seek(0)
        return {
            "p50_ms": round(figures[0], 2),
            "stall_ms": round(figures[1], 1),
            "mib": [round(one) for one in (before, peak.mib, resident_mib(worker))],
            "took_s": round(took, 1),
            "log_lines": sum(1 for _ in log),
            "answer": answer,
        }


class _Peak(Background):
    """The most memory that a process had, sampled in a thread."""

    def __init__(self, pid: int) -> None:
        super().__init__()
        self.mib = 0.0
        self._pid = pid

    def work(self) -> None:
        while not self.ended.wait(SAMPLE_S):
            self.mib = max(self.mib, resident_mib(self._pid))


if __name__ == "__main__":
    sys.exit(main())
