"""Heartbeats of a connection, by which a lost one shows."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from tickfire.client.channels.options import PhoenixOptions
from tickfire.client.errors import ConnectionLostError
from tickfire.phoenix.wire.message import Message


class Heartbeat:
    """Heartbeats of one connection.

    Parameters
    ----------
    make_ref
        Returns the next ref.
    send
        Sends a message; None if there is no connection.
    options
        Options of the connection.
    """

    def __init__(
        self,
        make_ref: Callable[[], str],
        send: Callable[[Message], object] | None,
        options: PhoenixOptions,
    ) -> None:
        self._make_ref = make_ref
        self._send = send
        self._interval_s = options.heartbeat_interval_s
        self._expected: dict[str, asyncio.Future[None]] = {}
        self._held_off_at = 0.0

    async def ping(self) -> None:
        """Send a heartbeat, and wait for its reply."""
        if self._send is None:
            raise ConnectionLostError("there is no connection")
        ref = self._make_ref()
        reply = self._expected[ref] = asyncio.get_running_loop().create_future()
        self._send(Message(None, ref, "phoenix", "heartbeat", {}))
        try:
            await reply
        finally:
            self._expected.pop(ref, None)

    async def run(self, is_paused: Callable[[], bool]) -> None:
        """Send heartbeats until one is not answered in time.

        While nothing is read from the connection, or it was not a moment ago, an answer may be
        late.
        """
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(self._interval_s)
            sent_at = loop.time()
            try:
                async with asyncio.timeout(self._interval_s):
                    await self.ping()
            except TimeoutError:
                if not is_paused() and self._held_off_at < sent_at:
                    return
            except ConnectionLostError:
                return

    def hold_off(self) -> None:
        """Excuse the heartbeat that is under way: nothing was read for a while."""
        self._held_off_at = asyncio.get_running_loop().time()

    def answered(self, ref: object) -> None:
        """Take the reply to a heartbeat."""
        reply = self._expected.get(str(ref))
        if reply is not None and not reply.done():
            reply.set_result(None)

    def lost(self, reason: str) -> None:
        """Fail what waits for a reply."""
        for reply in self._expected.values():
            if not reply.done():
                reply.set_exception(ConnectionLostError(f"the connection was {reason}"))
