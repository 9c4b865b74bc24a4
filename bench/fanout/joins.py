"""`python -m bench.fanout.joins`: clients that join candles again and again, beside an honest one.

The clients send joins of one topic of 5,000 candles as fast as they can: at first three that read
nothing, then twenty that read. An honest client measures its round trips meanwhile.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import socket
import threading
import time
from typing import Final

import redis

from bench.abuse.honest import honest
from bench.abuse.wire import Target, text_frame, upgrade
from bench.figures import print_figures
from bench.processes import (
    GIVES_WAY,
    cpu_seconds,
    resident_mib,
    tickfire,
    wait_for_port,
    wait_for_url,
    worker_pid,
)
from tests.support.publisher import SECOND, Publisher, trades
from tickfire.base.ports import free_port

BARS: Final = 5_000
JOINS: Final = 1_000
LIMIT_S: Final = 60.0
TOPIC: Final = "candles:AAA:1s"


class Joiner(threading.Thread):
    """A client that sends joins, and reads the replies or not."""

    def __init__(self, port: int, *, reads: bool) -> None:
        super().__init__(daemon=True)
        self._port, self._reads = port, reads
        self.received = 0

    def run(self) -> None:
        """Send all joins, and read until nothing comes any more.

        The thread gives way to the server and the honest client, where they share cores.
        """
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), GIVES_WAY)
        target = Target(self._port)
        with target.connect(LIMIT_S) as connection:
            upgrade(connection, target)
            sender = threading.Thread(target=self._send, args=(connection,), daemon=True)
            sender.start()
            if self._reads:
                self._read(connection)
            else:
                sender.join(LIMIT_S / 6)

    def _send(self, connection: socket.socket) -> None:
        joins = (
            json.dumps([str(ref), str(ref), TOPIC, "phx_join", {"limit": BARS}])
            for ref in range(JOINS)
        )
        with contextlib.suppress(OSError):
            connection.sendall(b"".join(text_frame(join.encode()) for join in joins))

    def _read(self, connection: socket.socket) -> None:
        connection.settimeout(LIMIT_S / 20)
        deadline = time.monotonic() + LIMIT_S / 3
        with contextlib.suppress(OSError):
            while time.monotonic() < deadline and (data := connection.recv(1 << 20)):
                self.received += len(data)


def measure(readers: int, unread: int) -> dict[str, float]:
    """Return the figures of one burst."""
    redis_port, port = free_port(), free_port()
    url = f"redis://127.0.0.1:{redis_port}/0"
    with contextlib.ExitStack() as stack:
        stack.enter_context(tickfire("redis", "--port", str(redis_port)))
        wait_for_port(redis_port)
        publisher = Publisher(redis.Redis(port=redis_port))
        publisher.instruments({1: "AAA"})
        publisher.publish(trades(BARS, step=SECOND))
        server = stack.enter_context(tickfire("serve", "--dev", "--port", str(port), REDIS_URL=url))
        wait_for_url(f"http://127.0.0.1:{port}/readyz")
        worker = worker_pid(server)
        cpu, memory = cpu_seconds(worker), resident_mib(worker)
        joiners = [Joiner(port, reads=True) for _ in range(readers)]
        joiners += [Joiner(port, reads=False) for _ in range(unread)]
        with honest(Target(port)) as figures:
            for joiner in joiners:
                joiner.start()
            time.sleep(LIMIT_S / 6)
            peak = resident_mib(worker)
            for joiner in joiners:
                joiner.join(LIMIT_S)
        return {
            "honest_p50_ms": round(figures[0], 2),
            "honest_stall_ms": round(figures[1], 1),
            "server_cpu_s": round(cpu_seconds(worker) - cpu, 2),
            "received_mb": round(sum(joiner.received for joiner in joiners) / 1e6, 1),
            "rss_mib_before": round(memory),
            "rss_mib_during": round(peak),
        }


def main() -> None:
    """Measure both bursts and print the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object a burst")
    options = parser.parse_args()
    for readers, unread in ((0, 3), (20, 0)):
        figures = {"readers": readers, "unread": unread, **measure(readers, unread)}
        print_figures(figures, as_json=options.json)


if __name__ == "__main__":
    main()
