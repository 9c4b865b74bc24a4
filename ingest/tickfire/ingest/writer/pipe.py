"""`Pipe`: batches of writes to one stream, repeated until they are acknowledged.

Each batch is one script: its writes are made together or not at all, and only if the head of the
stream is the one that the batch before it left (see `tickfire.store.head`). Over a new connection
the pipe reads the head and goes on after the batch that it names, so that neither a lost reply nor
a lost write leaves an entry out or repeats it.

At most MAX_IN_FLIGHT batches are under way at once; writes that come meanwhile are joined into
larger batches. The caller limits the bytes that wait: it stops reading its feed while
`Pipe.bytes_waiting` is too high, and goes on at `on_progress`.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Final

from tickfire.base.durations import Durations
from tickfire.base.recent import Recent
from tickfire.base.retry import Backoff
from tickfire.ingest.writer.backlog import Backlog, Batch
from tickfire.ingest.writer.claims import Claim, read_head
from tickfire.store.connection import RedisConnection
from tickfire.store.errors import REDIS_ERRORS, is_move, is_outage
from tickfire.store.head import APPEND, APPENDED, Head, append_arguments, decode_head
from tickfire.store.lease import LeaseLost
from tickfire.store.limits import CONNECT_TIMEOUT_S, FIRST_RETRY_S, MAX_RETRY_S
from tickfire.store.resp import Reply, RespError, encode_command
from tickfire.store.schema import Stream, head_key
from tickfire.store.store import Store
from tickfire.store.writes import TickWrite, Write

logger = logging.getLogger(__name__)

ACKNOWLEDGED: Final = "acknowledged"
MAX_IN_FLIGHT: Final = 32
NOT_NEWER: Final = "ERR The ID specified in XADD is equal or smaller"


class Pipe:
    """Ordered batches of one stream, over one connection to the node that holds it.

    Parameters
    ----------
    store : Store
    stream : Stream
    claim : Claim
        The head of the stream, as this process has claimed it.
    keep_bytes : int
        Bytes of acknowledged batches to keep, so that they can be written again.
    verify : callable
        Awaited before the first write over a new connection. If it raises an error of Redis, the
        connection is closed and opened again later.
    on_loss : callable (bytes)
        Awaited if Redis does not hold what was written in the given epoch; it is to begin a new
        one.
    on_progress : callable
        Called after each batch of acknowledgements.

    Attributes
    ----------
    recent : Recent
        Time, in ns, from the sending of a tick entry to its acknowledgement, of the newest entry of
        each batch of acknowledgements.
    durations : Durations
        The same, since the start.
    batches : int
        Number of batches that were acknowledged.
    """

    def __init__(
        self,
        store: Store,
        stream: Stream,
        claim: Claim,
        keep_bytes: int,
        verify: Callable[[], Awaitable[None]],
        on_loss: Callable[[bytes], Awaitable[None]],
        on_progress: Callable[[], None],
    ) -> None:
        self._store = store
        self._stream = stream
        self._claim = claim
        self._verify, self._on_loss, self._on_progress = verify, on_loss, on_progress
        self._backlog = Backlog(claim.head.number, keep_bytes)
        self._connection: RedisConnection | None = None
        self._script = self._server = b""
        self._tail = b""  # the head that the last batch under way leaves
        self._in_flight = 0
        self._overtaken = False  # true while the streams hold entries after the head
        self._progressed = False
        self._refused = False  # true from a logged refusal until a write is taken
        self._drained = asyncio.Event()
        self._newest: TickWrite | None = None
        self.recent, self.durations = Recent((ACKNOWLEDGED,)), Durations()
        self.batches = 0

    @property
    def waiting(self) -> Iterable[Batch]:
        """The batches that Redis has not acknowledged."""
        return self._backlog.waiting

    @property
    def unacknowledged(self) -> int:
        """Number of batches that Redis has not acknowledged."""
        return len(self._backlog.waiting)

    @property
    def bytes_waiting(self) -> int:
        """Number of bytes of data in those batches."""
        return self._backlog.bytes_waiting

    def send(
        self, writes: Sequence[Write], position: int, bar_index: int, *, closing: bool = False
    ) -> None:
        """Make writes together, now or as soon as Redis can take them.

        Parameters
        ----------
        writes : sequence of Write
        position : int
            Position of the last tick once they are made.
        bar_index : int
            Index of the next entry of bars once they are made.
        closing : bool
            True if they are the last ones of this process.
        """
        self._backlog.add(writes, position, bar_index, closing=closing)
        self._send_waiting()

    async def flushed(self) -> None:
        """Wait until every batch is acknowledged."""
        while self._backlog.waiting:
            self._drained.clear()
            await self._drained.wait()

    def reset(self) -> None:
        """Close the connection; `run` opens another and goes on where Redis has come to."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def restart(self, claim: Claim) -> list[Batch]:
        """Begin a new epoch, and return the batches that wait, which now have numbers from 1."""
        self.reset()
        self._claim, self._overtaken = claim, False
        return list(self._backlog.renumber())

    # --- the connection
    async def run(self) -> None:
        """Keep a connection open until cancelled.

        Raises
        ------
        LeaseLost
            Another process writes the stream.
        """
        backoff = Backoff(FIRST_RETRY_S, MAX_RETRY_S)
        try:
            while True:
                try:
                    connection = await self._connect()
                    await connection.closed.wait()
                    if self._connection is connection:
                        self._failed(connection.error)
                except REDIS_ERRORS as error:
                    self._failed(error)
                self._connection = None
                if self._progressed:
                    backoff.reset()
                await self._store.pause(backoff)
        finally:
            self.reset()

    async def _connect(self) -> RedisConnection:
        connection = await self._store.connect(head_key(self._stream), self._on_replies)
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                await self._prepare(connection)
        except BaseException:
            connection.close()
            raise
        self._connection, self._in_flight, self._progressed = connection, 0, False
        self._send_waiting()
        self._on_replies()  # the head may have acknowledged batches
        return connection

    async def _prepare(self, connection: RedisConnection) -> None:
        """Find out how far Redis has come, and let the batches after that wait again."""
        await self._verify()
        script = await connection.command("SCRIPT", "LOAD", APPEND)
        self._script = script if isinstance(script, bytes) else b""
        while True:
            epoch = self._claim.head.epoch
            found = await read_head(connection, self._stream)
            lost = None if self._overtaken else self._go_back(found.text)
            if lost is not None:
                break
            await self._on_loss(epoch)
        self._tail, self._server = found
        if lost:
            logger.warning(
                "Redis has lost %d batches of stream %s that it had acknowledged, as after a"
                " failover; writing them again",
                lost,
                self._stream,
            )

    def _go_back(self, found: bytes) -> int | None:
        """Let the batches after a head wait again, as `Backlog.go_back` does."""
        claimed, head = self._claim.head, decode_head(found)
        if head is None or head.epoch != claimed.epoch:
            return None
        if head.writer == claimed.writer:
            return self._backlog.go_back(head.number)
        if head.fence >= claimed.fence or _goes_on(head, decode_head(self._claim.before)):
            raise LeaseLost("another process has begun to write")
        # The claim itself is lost.
        return self._backlog.go_back(head.number) if found == self._claim.before else None

    # --- sending
    def _send_waiting(self) -> None:
        connection, waiting = self._connection, self._backlog.waiting
        while (
            connection is not None
            and self._in_flight < MAX_IN_FLIGHT
            and self._in_flight < len(waiting)
        ):
            batch = waiting[self._in_flight]
            self._in_flight += 1
            self._backlog.sent(batch)
            connection.send_raw(self._encoded(batch), self._acknowledge)

    def _encoded(self, batch: Batch) -> bytes:
        claimed, now = self._claim.head, time.time_ns()
        expected, self._tail = self._tail, Head(
            claimed.epoch, claimed.fence, claimed.writer, self._server,
            batch.number, batch.position, batch.bar_index, batch.closing,
        ).encode()  # fmt: skip
        commands = [write.command(now) for write in batch.writes]
        arguments = append_arguments(head_key(self._stream), expected, self._tail, commands)
        return encode_command(b"EVALSHA", self._script, *arguments)

    # --- replies
    def _acknowledge(self, reply: Reply) -> None:
        if self._connection is None:
            return  # a late reply on a connection that `reset` has closed
        if reply != APPENDED:
            if isinstance(reply, RespError):
                self._failed(reply)
                self._overtaken = str(reply).startswith(NOT_NEWER)
            self.reset()
            return
        self._in_flight -= 1
        self.batches += 1
        batch = self._backlog.acknowledge()
        self._newest = next(
            (write for write in reversed(batch.writes) if isinstance(write, TickWrite)),
            self._newest,
        )
        self._progressed = True
        self._refused = False

    def _failed(self, error: Exception | None) -> None:
        """Log the first refusal of a row; an outage is logged by the store."""
        if error is None or is_outage(error):
            self._store.outage.begin(head_key(self._stream), error)
        elif not self._refused and not is_move(error):
            self._refused = True
            logger.warning("Redis refused a write (%s); sending it again", error)

    def _on_replies(self) -> None:
        if self._newest is not None:
            now = time.time_ns()
            took = now - self._newest.written
            self.recent.add(now, (took,))
            self.durations.add(took)
            self._newest = None
        self._send_waiting()
        if not self._backlog.waiting:
            self._drained.set()
        self._on_progress()


def _goes_on(head: Head, claimed: Head | None) -> bool:
    """Return whether another process has written since its head was claimed.

    It never saw the claim, as when that was made on a primary that had been replaced unawares.
    """
    if claimed is None:
        return True
    if head.writer == claimed.writer:
        return head.number > claimed.number
    return head.fence > claimed.fence
