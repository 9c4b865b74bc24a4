"""`LiveAdapter`: a live gateway of Databento, or one that speaks its protocol.

The socket is a `BufferedProtocol`: once the records begin, it writes into the parser's buffer, and
the kernel parses them in place. Pausing the transport lets TCP flow control slow the gateway down.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from typing import Final, cast

from tickfire.base.errors import UserError
from tickfire.ingest.adapter.protocol import Inlet, Resume, SessionEnded, Source
from tickfire.ingest.dbn.metadata import Metadata
from tickfire.ingest.lsg.client import Handshake, HandshakeState, LiveSubscription, LsgError
from tickfire.ingest.lsg.schemas import repeats
from tickfire.store.schema import LIVE

SILENCE_SLACK_S: Final = 10
"""Seconds past the heartbeat interval after which a silent gateway is taken to be down."""
HANDSHAKE_BUFFER: Final = 1 << 16

logger = logging.getLogger(__name__)


class LiveAdapter:
    """Adapter of one dataset of a live gateway.

    Parameters
    ----------
    host : str
    port : int
    key : str
        The API key.
    subscription : LiveSubscription
        The data to ask for, without a start.

    Attributes
    ----------
    name : str
        The dataset.
    silence_s : float
    """

    def __init__(self, host: str, port: int, key: str, subscription: LiveSubscription) -> None:
        self._host, self._port, self._key = host, port, key
        self._subscription = subscription
        self._connection: _Connection | None = None
        self._told = False
        self.name = subscription.dataset
        self.silence_s = float(subscription.heartbeat_s + SILENCE_SLACK_S)

    async def connect(self) -> Source:
        """Connect, and authenticate."""
        handshake = Handshake(self._key, self._subscription)
        try:
            _, self._connection = await asyncio.get_running_loop().create_connection(
                lambda: _Connection(handshake), self._host, self._port
            )
        except OSError as error:
            raise SessionEnded(
                f"cannot connect to the gateway at {self._host}:{self._port}"
                f" ({error.strerror or error})"
            ) from None
        await self._connection.until(HandshakeState.READY)
        return Source(handshake.origin, handshake.recording, replays=True)

    async def subscribe(self, resume: Resume) -> Metadata:
        """Subscribe to all schemas, each from its own start, and begin the session."""
        connection = self._connected()
        is_live = connection.handshake.origin == LIVE
        ask = replace(
            self._subscription,
            schemas=self._schemas(resume, is_live=is_live),
            snapshots=is_live and resume.start != 0,
            start=resume.start,
            starts=resume.starts,
            paced_from=resume.paced_from,
        )
        connection.send(connection.handshake.subscribe(ask))
        await connection.until(HandshakeState.DATA)
        metadata = connection.handshake.metadata
        assert metadata is not None
        return metadata

    def _schemas(self, resume: Resume, *, is_live: bool) -> tuple[str, ...]:
        """Return the schemas to ask for, and say once which of them have the same trades."""
        asked = self._subscription.schemas
        asked = tuple(schema for schema in asked if schema not in resume.without) or asked
        if is_live and not self._told:
            self._told = True
            for repeat in repeats(asked):
                logger.warning(
                    "%s: %s and %s have the same trades, which count twice if the gateway sends"
                    " both; ask for one of them", self.name, repeat.schema, repeat.other,
                )  # fmt: skip
        return asked

    async def run(self, inlet: Inlet) -> None:
        """Let the records flow into the inlet until the gateway closes the connection."""
        connection = self._connected()
        await inlet.put(memoryview(connection.handshake.rest))
        connection.flow_into(inlet)
        await connection.ended

    async def close(self) -> None:
        """Close the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.abort()

    def _connected(self) -> _Connection:
        if self._connection is None:
            raise SessionEnded("the connection is closed")
        return self._connection


class _Connection(asyncio.BufferedProtocol):
    """One connection: first the handshake, then records."""

    def __init__(self, handshake: Handshake) -> None:
        loop = asyncio.get_running_loop()
        self.handshake = handshake
        self.ended: asyncio.Future[None] = loop.create_future()
        self._changed = asyncio.Event()
        self._buffer = memoryview(bytearray(HANDSHAKE_BUFFER))
        self._inlet: Inlet | None = None
        self._transport: asyncio.Transport | None = None

    # --- calls of the adapter
    def send(self, data: bytes) -> None:
        """Send bytes to the gateway."""
        if self._transport is not None:
            self._transport.write(data)

    async def until(self, state: HandshakeState) -> None:
        """Wait until the handshake has come to a state, or raise the reason why it has not."""
        while self.handshake.state is not state:
            if self.ended.done():
                self.ended.result()
            self._changed.clear()
            await self._changed.wait()

    def flow_into(self, inlet: Inlet) -> None:
        """Receive into an inlet from now on."""
        self._inlet = inlet
        inlet.on_hold(self._pause)

    def abort(self) -> None:
        """Close the connection at once."""
        if self._transport is not None:
            self._transport.abort()

    def _pause(self, held: bool) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        if held:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()

    def _end(self, why: Exception) -> None:
        if not self.ended.done():
            self.ended.set_exception(why)
            self.ended.exception()  # seen, even if the session ends for another reason
        self._changed.set()

    # --- asyncio.BufferedProtocol
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport; the gateway sends its greeting first."""
        self._transport = cast(asyncio.Transport, transport)

    def get_buffer(self, sizehint: int) -> memoryview:
        """Return memory to receive into."""
        return self._buffer if self._inlet is None else self._inlet.free()

    def buffer_updated(self, nbytes: int) -> None:
        """Take bytes that were read: the handshake's, or records."""
        if self._inlet is not None:
            self._inlet.received(nbytes)
            return
        try:
            self.send(self.handshake.receive(bytes(self._buffer[:nbytes])))
        except LsgError as error:
            self._end(SessionEnded(str(error)))
        except UserError as error:
            self._end(error)
        if self.handshake.state is HandshakeState.DATA:
            self._pause(True)
        self._changed.set()

    def eof_received(self) -> None:
        """Let the transport close itself."""

    def connection_lost(self, exc: Exception | None) -> None:
        """End the session."""
        detail = f" ({exc})" if exc else ""
        self._end(SessionEnded(f"the gateway closed the connection{detail}"))
