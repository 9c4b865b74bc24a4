"""One session with a live gateway: socket bytes into the parser's buffer, batches out.

A `BufferedProtocol`, so the kernel reads records where the socket wrote them. The owner takes
batches as they are parsed and may hold the session (`hold`, `go_on`): then nothing is parsed or
read, and TCP pushes back to the feed.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final, cast

from tickfire.base.errors import UserError
from tickfire.ingest.dbn.errors import DbnError
from tickfire.ingest.dbn.metadata import Metadata
from tickfire.ingest.kernel.parse import Batch, FeedCorrupt, Parser
from tickfire.ingest.lsg.client import Handshake, HandshakeState, LiveSubscription, LsgError

SILENCE_SLACK_S: Final = 10
"""Past the heartbeat interval by this, a silent gateway is taken for dead."""


class SessionEnded(Exception):
    """The session is over; another may be tried. Its text says why."""


class LiveSession(asyncio.BufferedProtocol):
    """One connection to a gateway.

    Parameters
    ----------
    key : str
        The API key.
    subscription : LiveSubscription
    parser : Parser
    on_start : (Metadata) -> bool
        Records are about to come. False holds the session until `go_on`.
    on_batch : (Batch, int) -> bool
        Takes what one step yielded (views, valid during the call) and when its bytes were
        received (ns). False holds the session until `go_on`.
    """

    def __init__(
        self,
        key: str,
        subscription: LiveSubscription,
        parser: Parser,
        on_start: Callable[[Metadata], bool],
        on_batch: Callable[[Batch, int], bool],
    ) -> None:
        self._handshake = Handshake(key, subscription)
        self._parser = parser
        self._on_start, self._on_batch = on_start, on_batch
        self._transport: asyncio.Transport | None = None
        self._held = False
        self._closed: Exception | None = None
        self._received = 0
        self._heard = time.monotonic()
        self._silence_s = subscription.heartbeat_s + SILENCE_SLACK_S
        self.ended: asyncio.Future[Exception] = asyncio.get_running_loop().create_future()
        """Resolved with why the session ended."""

    async def run(self, host: str, port: int) -> Exception:
        """Connect, and return why the session ended."""
        self._parser.reset()
        loop = asyncio.get_running_loop()
        try:
            await loop.create_connection(lambda: self, host, port)
        except OSError as error:
            return SessionEnded(f"no gateway at {host}:{port} ({error.strerror or error})")
        watch = loop.create_task(self._watch_silence())
        try:
            return await self.ended
        finally:
            watch.cancel()
            if self._transport is not None:
                self._transport.abort()

    async def _watch_silence(self) -> None:
        while (left := self._heard + self._silence_s - time.monotonic()) > 0 or self._held:
            await asyncio.wait([self.ended], timeout=max(left, 1))
        self._end(SessionEnded(f"the gateway was silent for {self._silence_s} s"))

    def _end(self, why: Exception) -> None:
        if not self.ended.done():
            self.ended.set_result(why)

    # --- flow
    def go_on(self) -> None:
        """Parse and read on after a hold."""
        if self._held and not self.ended.done():
            self._held = False
            self._heard = time.monotonic()
            self._parse()
            if self._held:
                return
            if self._closed is not None:
                self._end(self._closed)
            elif self._transport is not None:
                self._transport.resume_reading()

    def _hold(self) -> None:
        self._held = True
        if self._transport is not None:
            self._transport.pause_reading()

    def _parse(self) -> None:
        try:
            while (batch := self._parser.step()) is not None:
                if not self._on_batch(batch, self._received):
                    self._hold()
                    return
        except FeedCorrupt as error:
            self._end(error)

    # --- asyncio.BufferedProtocol
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for the greeting."""
        self._transport = cast(asyncio.Transport, transport)

    def get_buffer(self, sizehint: int) -> memoryview:
        """Return the parser's free memory."""
        return self._parser.free()

    def buffer_updated(self, nbytes: int) -> None:
        """Parse what was read."""
        self._received = time.time_ns()
        self._heard = time.monotonic()
        self._parser.received(nbytes)
        if self._handshake.state is not HandshakeState.DATA:
            self._shake()
        if (
            self._handshake.state is HandshakeState.DATA
            and not self._held
            and not self.ended.done()
        ):
            self._parse()

    def _shake(self) -> None:
        parser = self._parser
        data = bytes(parser.view[parser.start : parser.end])
        parser.reset()
        try:
            answer = self._handshake.receive(data)
        except (LsgError, DbnError, UserError) as error:
            self._end(error)
            return
        if answer and self._transport is not None:
            self._transport.write(answer)
        if self._handshake.metadata is not None:
            rest, self._handshake.rest = self._handshake.rest, b""
            parser.free()[: len(rest)] = rest
            parser.received(len(rest))
            if not self._on_start(self._handshake.metadata):
                self._hold()

    def eof_received(self) -> None:
        """Let the transport close."""

    def connection_lost(self, exc: Exception | None) -> None:
        """End the session, once what was received before is parsed."""
        reason = f"the gateway closed the connection ({exc})" if exc else "the gateway hung up"
        self._closed = SessionEnded(reason)
        if not self._held:
            self._end(self._closed)
