"""`PoolChannel`: a worker's end of its channel to the pool.

`tickfire.server.workers.wire` has the lines. Two threads send and receive, so that the
event loop waits for the pool neither way.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import socket
import threading
from typing import Final, Protocol

from tickfire.server.logs.setup import number_worker
from tickfire.server.scrapes.worker import SharedMetrics
from tickfire.server.workers import wire
from tickfire.server.workers.wire import Lines, line, whole_line

RECEIVE_BYTES: Final = 1 << 18
MAX_UNSENT: Final = 4
"""Lines that may wait for a pool that does not read before metrics are left out."""
FAREWELL_S: Final = 1.0


class Leaving(Protocol):
    """A server that can be told that it is about to stop."""

    def leave(self) -> None:
        """Tell load balancers."""


class PoolChannel:
    """Channel to the pool.

    Parameters
    ----------
    peer : socket.socket
        Connected to the pool.

    Attributes
    ----------
    metrics : SharedMetrics
        The metrics of this worker, which the pool collects.
    """

    def __init__(self, peer: socket.socket) -> None:
        self._peer = peer
        self._unsent: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._sending = threading.Thread(target=self._send, name="pool sender", daemon=True)
        self._sending.start()
        self.metrics = SharedMetrics(
            self._send_metrics, lambda number: self.say(wire.SCRAPE, number)
        )

    def say(self, word: str, argument: object = "") -> None:
        """Send a line."""
        self._unsent.put(line(word, argument))

    def hear(self, server: Leaving) -> None:
        """Obey the pool from now on; exit once it is gone, even by SIGKILL, to free the port."""
        threading.Thread(
            target=self._hear, args=(server,), name="pool receiver", daemon=True
        ).start()

    def close(self) -> None:
        """Wait until everything is sent."""
        self._unsent.put(None)
        self._sending.join(FAREWELL_S)

    def _send_metrics(self, packed: str) -> None:
        if self._unsent.qsize() < MAX_UNSENT:
            self._unsent.put(whole_line(wire.METRICS, packed))

    def _send(self) -> None:
        with contextlib.suppress(OSError):  # the pool is gone
            while (data := self._unsent.get()) is not None:
                self._peer.sendall(data)

    def _hear(self, server: Leaving) -> None:
        lines = Lines()
        with contextlib.suppress(OSError):
            while data := self._peer.recv(RECEIVE_BYTES):
                for word, argument in lines.feed(data):
                    self._obey(server, word, argument)
        os._exit(1)

    def _obey(self, server: Leaving, word: str, argument: str) -> None:
        if word == wire.LEAVE:
            server.leave()
        elif word == wire.NUMBER:
            number_worker(int(argument))
        elif word == wire.COLLECT:
            self.metrics.wanted()
        elif word == wire.SCRAPED:
            number, _, text = argument.partition(" ")
            self.metrics.answered(int(number), json.loads(text).encode())
