"""`Turns`: a budget of time for the clients' messages in each turn of the event loop.

A burst of messages must not hold up the broadcasts, timers and other clients of the loop. So once
the messages of a turn have taken `TURN_S`, those that follow wait in their sessions, and later
turns handle them: one message of each session that waits, in rotation. A session that begins to
wait is ahead of those that have had a turn and wait still, of which each turn serves at least one:
a client with one message does not wait for the bursts of all others. Handshakes wait likewise.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from time import perf_counter
from typing import Final, Protocol

TURN_S: Final = 0.002
"""Time for the messages of one turn, in seconds."""
TASKS: Final = 16
"""Handshakes that go on in one turn, of those that wait."""


class Waiting(Protocol):
    """A session whose messages wait."""

    def handle_next(self) -> bool:
        """Handle one message, if it still waits for its turn; return whether another one waits."""


class Turns:
    """The turns of one event loop, and the sessions that wait for the next one.

    Parameters
    ----------
    turn_s : float
        Time for the messages of one turn, in seconds.
    """

    __slots__ = ("_end", "_new", "_open", "_tasks", "_turn_s", "_waiting")

    def __init__(self, turn_s: float = TURN_S) -> None:
        self._turn_s = turn_s
        self._open = False
        self._end = 0.0
        self._new: OrderedDict[Waiting, None] = OrderedDict()
        self._waiting: OrderedDict[Waiting, None] = OrderedDict()
        """Sessions that have had a turn since they began to wait."""
        self._tasks: deque[asyncio.Future[None]] = deque()

    def is_over(self) -> bool:
        """Return whether the messages of this turn have used up its time."""
        if self._open:
            return perf_counter() > self._end
        self._schedule()
        return False

    def wait(self, session: Waiting) -> None:
        """Let a session handle the messages that wait in it, from the next turn on."""
        if session not in self._waiting:
            self._new[session] = None
        self._schedule()

    async def room(self) -> None:
        """Wait for a later turn, if this one has no time left; `TASKS` may go on in each."""
        if self._tasks or self.is_over():
            woken = asyncio.get_running_loop().create_future()
            self._tasks.append(woken)
            self._schedule()
            await woken

    def _schedule(self) -> None:
        """Begin a turn, unless one has begun, which ends when the loop has come round."""
        if not self._open:
            self._open, self._end = True, perf_counter() + self._turn_s
            asyncio.get_running_loop().call_soon(self._next)

    def _next(self) -> None:
        self._open = False
        for _ in range(min(TASKS, len(self._tasks))):
            woken = self._tasks.popleft()
            if not woken.done():  # as it is if the task was cancelled
                woken.set_result(None)
        if self._new or self._waiting:
            self._schedule()
        for queue in (self._waiting, self._new):
            if queue:
                self._serve(queue)
        while (queue := self._new or self._waiting) and not self.is_over():
            self._serve(queue)
        if self._tasks:
            self._schedule()

    def _serve(self, queue: OrderedDict[Waiting, None]) -> None:
        session, _ = queue.popitem(last=False)
        if session.handle_next():
            self._waiting[session] = None
