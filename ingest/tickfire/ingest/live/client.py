"""`LiveSession`: one session with a live gateway, from the bytes of the socket to parsed batches.

It is a `BufferedProtocol`: the socket writes into the parser's buffer, and the kernel parses
records in place. The callbacks may hold the session, which then neither parses nor reads until
`LiveSession.go_on`, so that TCP flow control slows the gateway down.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final, cast

from tickfire.base.errors import UserError
from tickfire.ingest.dbn.errors import DbnError
from tickfire.ingest.dbn.metadata import Metadata
from tickfire.ingest.kernel.intake import Intake
from tickfire.ingest.kernel.parse import Batch, FeedCorrupt, Parser
from tickfire.ingest.lsg.client import Handshake, HandshakeState, LiveSubscription, LsgError

SILENCE_SLACK_S: Final = 10
"""Seconds past the heartbeat interval after which a silent gateway is taken to be down."""


OUTLIER_WAIT_S: Final = 1.0
"""Seconds for which a record that disagrees with the feed's clock waits for later ones."""


class SessionEnded(Exception):
    """The session ended, and another may be tried; the message gives the reason."""


class LiveSession(asyncio.BufferedProtocol):
    """One connection to a gateway.

    Parameters
    ----------
    key : str
        The API key.
    subscription : LiveSubscription
    parser : Parser
        Its buffer receives the bytes of the socket.
    on_start : callable (Metadata) -> bool
        Called before the first record is parsed. Returning False holds the session until `go_on`.
    on_batch : callable (Batch, int) -> bool
        Called with the output of each step of the parser, whose arrays are valid only during the
        call, and the time at which its bytes were received, in ns since the Unix epoch. Returning
        False holds the session until `go_on`.
    plan : callable (str, str) -> LiveSubscription, optional
        Returns what to subscribe to, once the gateway has told the origin of its data, and the name
        of the recording that it replays.

    Attributes
    ----------
    ended : Future of Exception
        Resolved with the reason when the session ends.
    """

    def __init__(
        self,
        key: str,
        subscription: LiveSubscription,
        parser: Parser,
        on_start: Callable[[Metadata], bool],
        on_batch: Callable[[Batch, int], bool],
        plan: Callable[[str, str], LiveSubscription] | None = None,
    ) -> None:
        self._handshake = Handshake(key, subscription, plan=plan)
        self._parser = parser
        self._on_start, self._on_batch = on_start, on_batch
        self._transport: asyncio.Transport | None = None
        self._held = False
        self._closed: Exception | None = None
        self._decision: asyncio.TimerHandle | None = None
        self._received = 0
        self._heard = time.monotonic()
        self._silence_s = subscription.heartbeat_s + SILENCE_SLACK_S
        self.ended: asyncio.Future[Exception] = asyncio.get_running_loop().create_future()

    async def run(self, host: str, port: int) -> Exception:
        """Connect, wait until the session ends and return the reason.

        Returns
        -------
        Exception
            `SessionEnded`, or the error that ended the session, such as `FeedCorrupt` or
            `FeedRefused`.
        """
        self._parser.reset()
        loop = asyncio.get_running_loop()
        try:
            await loop.create_connection(lambda: self, host, port)
        except OSError as error:
            return SessionEnded(
                f"cannot connect to the gateway at {host}:{port} ({error.strerror or error})"
            )
        watch = loop.create_task(self._watch_silence())
        try:
            return await self.ended
        finally:
            watch.cancel()
            self._keep_undecided()
            if self._transport is not None:
                self._transport.abort()

    async def _watch_silence(self) -> None:
        while (left := self._heard + self._silence_s - time.monotonic()) > 0 or self._held:
            await asyncio.wait([self.ended], timeout=max(left, 1))
        self._end(SessionEnded(f"the gateway sent nothing for {self._silence_s} s"))

    def _end(self, why: Exception) -> None:
        if not self.ended.done():
            self.ended.set_result(why)

    # --- flow control
    def go_on(self) -> None:
        """Resume parsing and reading if the session is held."""
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
        self._keep_undecided()
        try:
            while (batch := self._parser.step()) is not None:
                if not self._on_batch(batch, self._received):
                    self._hold()
                    return
        except FeedCorrupt as error:
            self._end(error)
            return
        intake = self._parser.intake
        if intake is not None and intake.waits:
            loop = asyncio.get_running_loop()
            self._decision = loop.call_later(OUTLIER_WAIT_S, self._decide, intake)

    def _decide(self, intake: Intake) -> None:
        """Decide on a record that waited for later ones, now that none came in time."""
        if not self._held and not self.ended.done():
            intake.decide()
            self._parse()
            intake.wait()

    def _keep_undecided(self) -> None:
        if self._decision is not None:
            self._decision.cancel()
            self._decision = None

    # --- asyncio.BufferedProtocol
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport; the gateway sends its greeting first."""
        self._transport = cast(asyncio.Transport, transport)

    def get_buffer(self, sizehint: int) -> memoryview:
        """Return the free part of the parser's buffer."""
        return self._parser.free()

    def buffer_updated(self, nbytes: int) -> None:
        """Take bytes that were read: the handshake's, or records to parse."""
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
        """Let the transport close itself."""

    def connection_lost(self, exc: Exception | None) -> None:
        """End the session as soon as all bytes received before are parsed."""
        detail = f" ({exc})" if exc else ""
        self._closed = SessionEnded(f"the gateway closed the connection{detail}")
        if not self._held:
            self._end(self._closed)
