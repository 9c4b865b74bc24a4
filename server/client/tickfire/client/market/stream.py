"""Streams of records: one topic of the market, joined while it is iterated over."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Callable
from typing import Any, ClassVar, Protocol

from tickfire.client.channels.buffer import Buffer
from tickfire.client.channels.channel import Channel
from tickfire.client.channels.socket import Phoenix
from tickfire.client.errors import (
    ChannelClosedError,
    ConnectionFailedError,
    DataError,
    JoinRefusedError,
    reason_of,
)
from tickfire.client.market.notices import Gap, Notice
from tickfire.client.market.packed import TickBatch
from tickfire.client.market.records import Record
from tickfire.client.market.tables import Records
from tickfire.client.market.turn import Turn

_log = logging.getLogger("tickfire.client")

NOT_YET = "no market data yet"
"""The reason of a refusal while the server loads its data."""
UNEXPECTED = (KeyError, TypeError, ValueError, AttributeError)
"""Errors raised where a message of the server is not what it should be."""
MAX_REFUSALS = 5
"""Refusals in a row of a topic that was joined before, until its stream ends with an error."""


HINTS = {
    "unauthorized": "the token does not grant this topic",
    "unknown symbol": "`instruments()` of the market lists the symbols",
    "unknown interval": "there are 1s, 1m, 5m, 15m, 1h, 1d and 1w",
}
"""Advice by the reason of a refusal."""


class Connector(Protocol):
    """The part of a market that its streams use."""

    def connection(self, topic: str) -> contextlib.AbstractAsyncContextManager[Phoenix]:
        """Yield a connection on which nobody else has the topic."""


class Stream[Item: Record | TickBatch](ABC):
    """Records of one topic; iterate over it.

    The topic is joined when the iteration begins and left when it ends. It is joined again after
    every loss of the connection. Another iteration goes on where the last one ended.

    Parameters
    ----------
    connector
        The market.
    topic
        The topic.
    notices
        True to yield notices, too, each at its place among the records. Otherwise gaps are logged
        as warnings.

    Attributes
    ----------
    topic : str
        The topic.
    gaps : list of Gap
        All gaps so far.
    """

    record: ClassVar[type[Any]]
    keeps_unread: ClassVar[bool] = True
    """True if the next iteration begins with the records that have arrived and were not read."""

    def __init__(self, connector: Connector, topic: str, *, notices: bool = False) -> None:
        self.topic = topic
        self.gaps: list[Gap] = []
        self._connector = connector
        self._notices = notices
        self._buffer: Buffer[Item | Notice] | None = None
        self._channel: Channel | None = None
        self._turn: Turn | None = None
        self._unread: list[Item | Notice] = []
        self._refusals = 0
        self._was_joined = False

    # --- for users
    def __aiter__(self) -> AsyncGenerator[Any]:
        """Yield each record, and each notice if they are wanted."""
        turn = Turn()
        items = self._read_items(self._read_chunks(turn))
        turn.read_by(items)
        return items

    def chunks(self) -> AsyncGenerator[list[Any]]:
        """Yield lists of all that has arrived since the last one, which is quicker.

        Raises
        ------
        JoinRefusedError
            If the server refuses the topic for good.
        ConnectionFailedError
            If the server refuses the client.
        RuntimeError
            If it is being iterated over already.
        """
        turn = Turn()
        chunks = self._read_chunks(turn)
        turn.read_by(chunks)
        return chunks

    def put_back(self, items: list[Any]) -> None:
        """Let the next iteration begin with items that this one has yielded, but nobody read."""
        if self.keeps_unread:
            self._unread = items + self._unread

    async def take(self, count: int, timeout_s: float | None = None) -> Records[Item]:
        """Return the next `count` records, or fewer if the time is up.

        Parameters
        ----------
        count
            The number of records, from 0.
        timeout_s
            Seconds to wait at most; None waits for all.

        Raises
        ------
        ValueError
            If `count` is negative.
        """
        if count < 0:
            raise ValueError(f"count must be 0 or more, not {count}")
        found: Records[Item] = Records((), self.record)
        if count == 0:
            return found
        read: list[Item | Notice] = []
        try:
            async with asyncio.timeout(timeout_s) as limit:
                async with contextlib.aclosing(self.__aiter__()) as items:
                    async for item in items:
                        read.append(item)
                        if not isinstance(item, Notice):
                            found.append(item)
                        if len(found) >= count:
                            break
        except BaseException as error:
            if not (isinstance(error, TimeoutError) and limit.expired()):
                self.put_back(read)
                raise
        return found

    # --- reading
    async def _read_items(self, chunks: AsyncGenerator[list[Any]]) -> AsyncGenerator[Any]:
        async with contextlib.aclosing(chunks):
            async for chunk in chunks:
                read = 0
                try:
                    for read, item in enumerate(chunk, 1):  # noqa: B007
                        yield item
                finally:
                    self.put_back(chunk[read:])

    async def _read_chunks(self, turn: Turn) -> AsyncGenerator[list[Any]]:
        while (before := self._turn) is not None:
            if before.is_read:
                text = f"{self.topic} is being iterated over already; make another stream"
                raise RuntimeError(text)
            await before.end()
        self._turn = turn
        self._buffer = buffer = Buffer[Item | Notice](self._pause, self._resume)
        try:
            unread, self._unread = self._unread, []
            if unread:
                yield unread
            async with self._connector.connection(self.topic) as socket:
                with self._joined_on(socket):
                    while chunk := await buffer.take():
                        yield chunk
        finally:
            self._buffer = self._turn = None
            if self.keeps_unread:
                self._unread += buffer.rest()
            turn.ended()

    # --- for the streams of each topic
    @abstractmethod
    def _join(self, reply: dict[str, Any]) -> None:
        """Process the reply of a join, the first or a later one."""

    @abstractmethod
    def _event(self, event: str, payload: Any) -> None:
        """Process an event."""

    def _params(self) -> dict[str, Any]:
        """Return the params of the next join."""
        return {}

    def _put(self, item: Item, weight: int = 1) -> None:
        if self._buffer is not None:
            self._buffer.put(item, weight)

    def _notice(self, notice: Notice) -> None:
        """Yield a notice, or log it if it is a gap."""
        if isinstance(notice, Gap):
            self.gaps.append(notice)
            if not self._notices:
                _log.warning("%s: gap: %s", self.topic, notice.detail)
        if self._notices and self._buffer is not None:
            self._buffer.put(notice)

    async def _push(self, event: str, payload: dict[str, Any]) -> Any:
        assert self._channel is not None
        return await self._channel.push(event, payload)

    @property
    def _is_polled(self) -> bool:
        return self._socket.transport_name == "longpoll"

    # --- joining
    @contextlib.contextmanager
    def _joined_on(self, socket: Phoenix) -> Any:
        self._socket = socket
        channel = self._channel = socket.channel(self.topic, self._params, retry_refused=True)
        channel.on_event(lambda event, payload: self._guard(channel, self._event, event, payload))
        channel.on_join(lambda reply: self._guard(channel, self._on_join, reply))
        channel.on_close(lambda _: self._on_close(channel))
        failure = socket.on_error(self._on_failure)
        channel.join().receive("error", self._on_refusal)
        try:
            yield
        finally:
            self._channel = None
            socket.off(failure)
            socket.resume(self)
            channel.leave()
            self._on_leave()

    def _guard(self, channel: Channel, handle: Callable[..., None], *arguments: Any) -> None:
        # No event precedes the join reply: one that seems to is of an earlier subscription, since
        # broadcasts carry no join_ref.
        if not channel.is_joined or channel is not self._channel:
            return
        try:
            handle(*arguments)
        except UNEXPECTED as error:
            self._end_unexpected(error)

    def _end_unexpected(self, error: Exception) -> None:
        """End because a message of the server could not be read."""
        text = f"{self.topic}: the server sent something unexpected: {error!r}"
        self._end(DataError(text))

    def _on_leave(self) -> None:  # noqa: B027
        """End what the stream had begun on its channel."""

    def _on_close(self, channel: Channel) -> None:
        if channel is not self._channel:
            return  # of an iteration that has ended
        is_closed = self._socket.is_connected
        text = f"{self.topic}: the server closed the topic"
        self._end(ChannelClosedError(text) if is_closed else None)

    def _on_join(self, reply: dict[str, Any]) -> None:
        self._refusals, self._was_joined = 0, True
        self._join(reply)

    def _on_refusal(self, response: Any) -> None:
        reason = reason_of(response)
        is_hint = isinstance(response, dict) and "retry_after" in response
        self._refusals += 1
        if is_hint or reason == NOT_YET or (self._was_joined and self._refusals < MAX_REFUSALS):
            _log.info("%s: the join was refused: %s; it is tried again", self.topic, reason)
            return
        hint = HINTS.get(reason)
        unknown = response.get("symbols") if isinstance(response, dict) else None
        named = f" {', '.join(map(str, unknown))}" if isinstance(unknown, list) else ""
        text = f"{self.topic}: {reason}{named}" + (f"; {hint}" if hint else "")
        self._end(JoinRefusedError(text, response))

    def _on_failure(self, error: ConnectionFailedError) -> None:
        if error.is_refusal:
            self._end(error)
        else:
            _log.warning("%s: %s; it is tried again", self.topic, error)

    def _end(self, error: Exception | None) -> None:
        if self._buffer is not None:
            self._buffer.end(error)

    def _pause(self) -> None:
        self._socket.pause(self)

    def _resume(self) -> None:
        self._socket.resume(self)
