"""CPU a message of the live client with the kernel, beside the callback of databento's client.

Both receive the same trades from a gateway in a process of its own. Run it with
``python -m bench.ingest.client``.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import statistics
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any, Final

import databento

from bench.figures import print_figures
from bench.ingest.feed import Feed
from tickfire.base.run import run_loop
from tickfire.ingest.adapter.protocol import Resume
from tickfire.ingest.adapter.session import FeedSession
from tickfire.ingest.kernel import context as ctx
from tickfire.ingest.kernel.intake import Intake
from tickfire.ingest.kernel.parse import Parser
from tickfire.ingest.kernel.state import InstrumentStates
from tickfire.ingest.live.adapter import LiveAdapter
from tickfire.ingest.lsg.client import LiveSubscription

KEY: Final = "db-0123456789abcdefghijklmnopqrs"
DATASET: Final = "GLBX.MDP3"
MESSAGES: Final = 3_000_000
PEER_MESSAGES: Final = 150_000
ROUNDS: Final = 5


def serve(count: int, port: Connection) -> None:
    """Serve one session that receives some trades; report the port."""

    async def run() -> None:
        feed = Feed(DATASET)
        port.send(await feed.listen())
        await feed.flood(count)
        await feed.close()

    asyncio.run(run())


def receive(port: int) -> int:
    """Receive by our own client until the session ends; return the number of messages."""
    states = InstrumentStates()
    intake = Intake()
    intake.begin(time.time_ns())
    parser = Parser(states, intake=intake)

    adapter = LiveAdapter("127.0.0.1", port, KEY, LiveSubscription(DATASET, ("trades",)))

    async def run() -> None:
        session = FeedSession(
            adapter,
            parser,
            plan=lambda _: Resume(),
            on_start=lambda *_: True,
            on_batch=lambda *_: True,
            on_gap=print,
        )
        await session.run()

    run_loop(run())
    return states.count(ctx.COUNT_RECORDS)


def receive_by_peer(port: int) -> int:
    """Receive by databento's client and a callback; return the number of messages."""
    client = databento.Live(KEY, gateway="127.0.0.1", port=port)
    seen = 0

    def count(record: Any) -> None:
        nonlocal seen
        seen += 1

    client.subscribe(DATASET, "trades", "ALL_SYMBOLS")
    client.add_callback(count)
    client.start()
    client.block_for_close()
    return seen


def cpu_per_message(run: Callable[[int], int], count: int) -> float:
    """Return CPU of this process a message, in ns."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    gateway = context.Process(target=serve, args=(count, there))
    gateway.start()
    port = here.recv()
    began = time.process_time_ns()
    received = run(port)
    used = time.process_time_ns() - began
    gateway.join()
    if received < count:
        raise SystemExit(f"bench: only {received:,} of {count:,} messages were received")
    return used / received


def main() -> None:
    """Measure and print the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="times to run each client")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    own, peer = [], []
    for _ in range(options.rounds):
        own.append(cpu_per_message(receive, MESSAGES))
        peer.append(cpu_per_message(receive_by_peer, PEER_MESSAGES))
    result = {
        "cpu_ns": round(statistics.median(own), 1),
        "databento_callback_cpu_ns": round(statistics.median(peer), 1),
        "ratio": round(statistics.median(b / a for a, b in zip(own, peer, strict=True)), 1),
    }
    print_figures(result, as_json=options.json)


if __name__ == "__main__":
    main()
