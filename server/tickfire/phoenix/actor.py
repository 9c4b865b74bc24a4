"""A channel as an actor: one mailbox, one callback at a time, a task only while it works."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from tickfire.phoenix.channel import Channel
from tickfire.phoenix.eager import run_eagerly
from tickfire.phoenix.errors import ResultError
from tickfire.phoenix.message import Message
from tickfire.phoenix.results import NoReply, Reply, Stop, is_orderly
from tickfire.phoenix.socket import Socket, SocketRef

if TYPE_CHECKING:
    from tickfire.phoenix.session import Session

__all__ = ["CLOSED", "DUPLICATE_JOIN", "LEFT", "ChannelActor"]

logger = logging.getLogger("tickfire.phoenix")

LEFT = "left"
CLOSED = "closed"
DUPLICATE_JOIN = "duplicate_join"

# How long a channel may take to clean up when a new join of its topic replaces it.
REPLACE_TIMEOUT_S = 5.0


class _Info(msgspec.Struct, frozen=True, gc=False):
    message: Any


class _Leave(msgspec.Struct, frozen=True, gc=False):
    ref: Any


class _Close(msgspec.Struct, frozen=True, gc=False):
    pass


type _Item = Message | _Info | _Leave | _Close


class _End(msgspec.Struct, frozen=True):
    """Why a channel ends, and whether the client is told that it closed or that it crashed."""

    reason: Any
    orderly: bool


class ChannelActor:
    """Runs one channel: feeds it from its mailbox, applies its results, sees it off.

    Parameters
    ----------
    channel
        The application's channel.
    session
        The connection it is part of.
    join
        The message that asks for it.
    """

    __slots__ = ("_busy", "_channel", "_mailbox", "_on_end", "_session", "_task", "ended", "socket")

    def __init__(self, channel: Channel, session: "Session", join: Message) -> None:
        self._channel = channel
        self._session = session
        self._mailbox: deque[_Item] | None = None
        self._busy = True  # until `start`
        self._task: asyncio.Task[None] | None = None
        self._on_end: Callable[[bool], None] | None = None
        self.ended = False
        self.socket = Socket(session, join.topic, join.join_ref, join.ref, self.send_info)

    # ------------------------------------------------------------ joining

    async def join(self, payload: Any) -> Any:
        """Run the channel's join and return its response."""
        response = await self._channel.join(self.socket.topic, payload, self.socket)
        return {} if response is None else response

    def start(self, reply: bytes, on_end: Callable[[bool], None]) -> None:
        """Be joined: release the client's frames after the join reply, then take messages.

        `on_end` is called when the channel has ended, with whether it ended in order.
        """
        self._on_end = on_end
        self.socket.subscriber.release(reply)
        self._busy = False
        self._resume()

    def discard(self) -> None:
        """Be forgotten: the join was refused or failed."""
        self.ended = True
        self._detach()

    # ------------------------------------------------------------ the mailbox

    @property
    def backlog(self) -> int:
        """Number of messages that wait."""
        return len(self._mailbox) if self._mailbox else 0

    def push(self, message: Message) -> None:
        """Take a push of the client."""
        self._take(message)

    def leave(self, ref: Any) -> None:
        """Take the client's leave."""
        self._take(_Leave(ref))

    def close(self) -> None:
        """Take note that the connection has ended, after what is in the mailbox already."""
        self._detach()
        self._take(_Close())

    def send_info(self, message: Any) -> None:
        """Take a message of the server's own code."""
        self._take(_Info(message))

    async def replace(self) -> None:
        """End at once, whatever the channel is doing, and return when it has cleaned up."""
        self.ended, self._mailbox = True, None
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait((self._task,), timeout=REPLACE_TIMEOUT_S)
        try:
            await asyncio.wait_for(self._terminate(DUPLICATE_JOIN), REPLACE_TIMEOUT_S)
        except TimeoutError:
            logger.error("channel %r did not end in time for its new join", self.socket.topic)
        self._detach()

    def _take(self, item: _Item) -> None:
        if self.ended:
            return
        if self._busy:
            if self._mailbox is None:
                self._mailbox = deque()
            self._mailbox.append(item)
            return
        self._busy = True
        self._task = run_eagerly(self._work(item), self._session.loop, self._rested)

    def _resume(self) -> None:
        if self._mailbox and not self.ended:
            self._take(self._mailbox.popleft())

    def _rested(self, task: asyncio.Task[None]) -> None:
        if self._task is task:
            self._task = None
        self._session.relieved()

    # ------------------------------------------------------------ work

    async def _work(self, item: _Item) -> None:
        """Handle one message, and then all that came meanwhile."""
        while True:
            end = await self._handle(item)
            if self.ended:
                return
            if end is not None:
                await self._end(end)
                return
            if not self._mailbox:
                self._busy, self._mailbox = False, None
                return
            item = self._mailbox.popleft()

    async def _handle(self, item: _Item) -> _End | None:
        try:
            if type(item) is Message:
                return await self._handle_in(item)
            if type(item) is _Info:
                return self._apply_info(await self._channel.handle_info(item.message, self.socket))
            if type(item) is _Leave:
                self.socket.reply(SocketRef(item.ref), Reply())
                return _End(LEFT, True)
            return _End(CLOSED, True)
        except asyncio.CancelledError:
            if self.ended:
                raise
            return _End(asyncio.CancelledError("a callback of the channel was cancelled"), False)
        except Exception as error:
            if not self.ended:
                logger.exception("channel %r crashed", self.socket.topic)
            return _End(error, False)

    async def _handle_in(self, message: Message) -> _End | None:
        socket = self.socket
        socket.ref = ref = message.ref
        if type(message.event) is not str:
            raise TypeError(f"an event is a string, got {message.event!r}")
        result = await self._channel.handle_in(message.event, message.payload, socket)
        if type(result) is Reply:
            socket.reply(SocketRef(ref), result)
            return None
        if result is None or isinstance(result, NoReply):
            return None
        if not isinstance(result, Stop):
            raise ResultError(f"handle_in returns Reply, NoReply, Stop or None, got {result!r}")
        if result.reply is not None:
            socket.reply(SocketRef(ref), result.reply)
        return _End(result.reason, is_orderly(result.reason))

    def _apply_info(self, result: NoReply | Stop | None) -> _End | None:
        if result is None or isinstance(result, NoReply):
            return None
        if type(result) is Stop and result.reply is None:
            return _End(result.reason, is_orderly(result.reason))
        raise ResultError(f"handle_info returns NoReply, Stop or None, got {result!r}")

    # ------------------------------------------------------------ the end

    async def _end(self, end: _End) -> None:
        self.socket.unsubscribe()
        await self._terminate(end.reason)
        if self.ended:
            return
        self.ended, self._mailbox = True, None
        self._detach()
        if self._on_end is not None:
            self._on_end(end.orderly)

    async def _terminate(self, reason: Any) -> None:
        try:
            await self._channel.terminate(reason, self.socket)
        except Exception:
            logger.exception("channel %r failed to terminate", self.socket.topic)

    def _detach(self) -> None:
        self.socket.unsubscribe()
        self.socket.subscriber.end()
