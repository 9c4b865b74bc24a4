"""The honest client, a process of its own: it pushes heartbeats and times each reply.

It prints the median and the longest round trip, in ms, when its standard input ends, or the
connection does: the longest is then infinite.
"""

from __future__ import annotations

import contextlib
import math
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import Final

from bench.abuse.wire import Target, receive_exactly, text_frame, upgrade

INTERVAL_S: Final = 0.005
LIMIT_S: Final = 60.0
HEARTBEAT: Final = b'[null,"1","phoenix","heartbeat",{}]'


@contextlib.contextmanager
def honest(target: Target) -> Iterator[list[float]]:
    """Run the honest client, and fill in its figures at the end."""
    client = subprocess.Popen(
        [sys.executable, "-m", "bench.abuse.honest", str(target.port), target.token],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    figures: list[float] = []
    assert client.stdout is not None
    client.stdout.readline()
    time.sleep(1)
    yield figures
    said, _ = client.communicate()
    figures += map(float, said.split())


def main() -> None:
    """Measure until standard input ends."""
    target = Target(int(sys.argv[1]), sys.argv[2])
    connection = target.connect(LIMIT_S)
    upgrade(connection, target)
    ended = threading.Event()
    threading.Thread(target=_wait_for_end, args=(ended,), daemon=True).start()
    times = []
    print("ready", flush=True)
    try:
        while not ended.is_set():
            times.append(_round_trip(connection))
            time.sleep(INTERVAL_S)
    except OSError:
        times.append(math.inf)
    print(statistics.median(times) * 1000, max(times) * 1000, flush=True)


def _wait_for_end(ended: threading.Event) -> None:
    sys.stdin.read()
    ended.set()


def _round_trip(connection: socket.socket) -> float:
    began = time.perf_counter()
    connection.sendall(text_frame(HEARTBEAT))
    header = receive_exactly(connection, 2)
    receive_exactly(connection, header[1])
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
