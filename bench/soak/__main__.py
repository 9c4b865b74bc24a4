"""`python -m bench.soak`: everything runs under load for an hour, and is watched for growth.

A feed trades at a steady rate through Redis, ingest, infer and a server with keys. Clients stay,
come and go, resume, read nothing for a while, and poll; others have no key, or a wrong one; keys
are made and revoked. Each minute it prints the resources of each process. In the end it prints how
much they grow an hour after a warm-up. It exits with 1 if one of them grows, which takes 15 minutes
to tell, if a process has ended, if a tick was lost or came twice, or if a client without a key was
let in.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from typing import IO, Any, Final

from bench.ingest.feed import INSTRUMENTS
from bench.soak.clients import Crowd
from bench.soak.trend import growing, slopes
from bench.soak.world import World, running
from tickfire.base.run import run_loop

WARM_UP_SHARE: Final = 1 / 3
MOST_WARM_UP_MIN: Final = 15.0
MINUTE_S: Final = 60.0
LEAST_SAMPLES: Final = 10
"""Samples after the warm-up with fewer of which growth is shown, but not judged."""
LOG_LINES: Final = 20
REFUSED: Final = "refused"
"""In the log's lines about clients without a key, which are expected."""


async def keys(world: World, *arguments: str) -> str:
    """Run `tickfire keys`, and return what it prints."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tickfire.server", "keys", *arguments),
        *("--redis-url", world.redis_url),
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    if process.returncode:
        raise SystemExit(f"tickfire keys {arguments[0]} failed")
    return output.decode()


async def make_key(world: World) -> dict[str, Any]:
    """Make a key; return its parts, of which ``key`` is the secret."""
    made: dict[str, Any] = json.loads(await keys(world, "create", "soak", "--json"))
    return made


async def soak(options: argparse.Namespace, log: IO[str]) -> list[str]:
    """Run the load, print its lines and verdict; return the faults."""
    with running(options.rate, log) as world:
        symbols = [f"B{number}" for number in range(1, INSTRUMENTS + 1)]
        token = (await make_key(world))["key"]
        crowd = Crowd(world.port, token, symbols, options.clients)
        load = asyncio.create_task(crowd.run(options.pollers))
        began = time.monotonic()
        for minute in range(1, round(options.minutes) + 1):
            await asyncio.wait([load], timeout=began + minute * MINUTE_S - time.monotonic())
            if load.done():
                load.result()
            line = await asyncio.to_thread(world.sample, float(minute))
            totals = " ".join(f"{value} {name}" for name, value in crowd.totals().items())
            print(f"{minute:3d} min: {line} | clients {totals}", flush=True)
            await keys(world, "revoke", (await make_key(world))["id"])
        faults = verdict(world, crowd)
        load.cancel()
        await asyncio.gather(load, return_exceptions=True)
        return faults


def verdict(world: World, crowd: Crowd) -> list[str]:
    """Print the growth of each process and the counts of the clients; return the faults."""
    faults = [f"{name} has ended" for name in world.ended()]
    print("\ngrowth an hour after the warm-up")
    for name, samples in world.samples.items():
        warm_up = min(MOST_WARM_UP_MIN, samples[-1][0] * WARM_UP_SHARE)
        warm = [(minute, sample) for minute, sample in samples if minute > warm_up]
        growth = slopes([minute for minute, _ in warm], [sample for _, sample in warm])
        text = "  ".join(f"{figure} {slope:+.1f}" for figure, slope in growth.items())
        print(f"  {name:10s} {text or 'too few samples'}  (now {samples[-1][1]})")
        if len(warm) >= LEAST_SAMPLES:
            faults += [f"{name}: {figure} grows" for figure in growing(growth, samples[-1][1])]
    totals = crowd.totals()
    print("clients: " + ", ".join(f"{n} {name}" for name, n in {**totals, **crowd.counts}.items()))
    faults += [f"{totals[name]} ticks {name}" for name in ("missing", "repeated") if totals[name]]
    return faults + crowd.leaks


def main() -> int:
    """Run the load; return 1 if the verdict has faults."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60, help="length of the load (60)")
    parser.add_argument("--rate", type=float, default=200, help="ticks a second (200)")
    parser.add_argument("--clients", type=int, default=40, help="WebSocket clients (40)")
    parser.add_argument("--pollers", type=int, default=4, help="long-poll clients (4)")
    options = parser.parse_args()
    if options.minutes < 1 or options.clients < 2:
        parser.error("--minutes is at least 1, and --clients at least 2.")
    with tempfile.TemporaryFile("w+") as log:
        try:
            faults = run_loop(soak(options, log))
        finally:
            log.seek(0)
            lines = [line for line in log if REFUSED not in line]
            if lines:
                print(f"log ({len(lines)} lines):\n" + "".join(lines[-LOG_LINES:]), end="")
    print("verdict: " + ("; ".join(faults) if faults else "steady"), flush=True)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
