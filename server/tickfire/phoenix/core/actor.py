"""Channel actors: one mailbox, one callback at a time, and a task only while a callback waits.

If the channel is idle when a message arrives, the callback starts at once as an eager task. If it
returns without suspending, its result is applied immediately, and no task is scheduled. Otherwise
further messages wait in the mailbox until the callback is done.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

import msgspec

from tickfire.phoenix.core.connection import Joined
from tickfire.phoenix.core.errors import ResultError
from tickfire.phoenix.core.interfaces import ChannelLike, is_overridden
from tickfire.phoenix.core.outlet import ChannelOutlet, SessionLike
from tickfire.phoenix.core.reasons import DUPLICATE_JOIN, LEFT, Shutdown, is_orderly
from tickfire.phoenix.core.results import NoReply, Reply, Stop
from tickfire.phoenix.core.routes import join_arguments
from tickfire.phoenix.core.telemetry import CHANNEL_HANDLED_IN, CHANNEL_JOINED
from tickfire.phoenix.wire.message import Message

logger = logging.getLogger(__name__)

# Time allowed to a channel to clean up when a new join of its topic replaces it.
REPLACE_TIMEOUT_S = 5.0


class _Info(msgspec.Struct, frozen=True, gc=False):
    message: Any


class _Out(msgspec.Struct, frozen=True, gc=False):
    event: str
    payload: Any


class _Leave(msgspec.Struct, frozen=True, gc=False):
    ref: Any


class _Close(msgspec.Struct, frozen=True, gc=False):
    reason: Shutdown


type _Item = Message | _Info | _Out | _Leave | _Close
type _Task = asyncio.Task[Any]


class _End(msgspec.Struct, frozen=True):
    """The reason for the end of a channel, and whether it counts as a close or a crash."""

    reason: Any
    orderly: bool


class ChannelActor:
    """Runner of one channel: calls its callbacks, applies their results, and ends it.

    Parameters
    ----------
    channel
        The application's channel.
    session
        The session of the client.
    make_socket
        Function that wraps the channel's outlet into the socket passed to its callbacks.
    join
        The client's phx_join message.

    Attributes
    ----------
    outlet : ChannelOutlet
        The outlet of the channel.
    ended : bool
        True once the channel has ended; it then accepts no messages.
    """

    __slots__ = (
        "_began_s", "_busy", "_channel", "_joined", "_mailbox", "_returned", "_session", "_socket",
        "_task", "_terminating", "ended", "outlet",
    )  # fmt: skip

    def __init__(
        self,
        channel: ChannelLike,
        session: SessionLike,
        make_socket: Callable[[ChannelOutlet], object],
        join: Message,
    ) -> None:
        self._channel = channel
        self._session = session
        self._mailbox: deque[_Item] | None = None
        self._busy = True  # until `start` is called
        self._began_s: float | None = None  # of the push being handled, if it is reported
        self._task: _Task | None = None  # of the callback that is suspended
        self._returned = False  # whether `join` has returned
        self._terminating = False
        self._joined: Joined[ChannelActor] | None = None
        self.ended = False
        self.outlet = ChannelOutlet(session, join.topic, join.join_ref, join.ref, self)
        self._socket = make_socket(self.outlet)
        self.outlet.subscribe(channel.intercept, self._intercept)

    # --- joining
    async def join(self, payload: Any) -> Any:
        """Run the channel's join and return its response."""
        params = join_arguments(self._channel)
        response = await self._channel.join(self.outlet.topic, payload, self._socket, **params)
        self._returned = True
        return {} if response is None else response

    def start(self, reply: bytes, joined: Joined[ChannelActor]) -> None:
        """Send the join reply and the frames held back for it, then start handling messages.

        Parameters
        ----------
        reply
            The finished frame of the join reply.
        joined
            The joined topic, whose end the session is told.
        """
        self._joined = joined
        self.outlet.subscriber.release(reply)
        self._busy = False
        self._drain()

    async def discard(self, reason: Any) -> None:
        """Abandon the channel, because its join failed or the client has gone in the meantime.

        `terminate` is called only if `join` had returned: only then may there be something to
        clean up.
        """
        self.ended = True
        self.outlet.detach()
        if self._returned:
            await self._terminate(reason)

    # --- the mailbox
    @property
    def backlog(self) -> int:
        """Number of messages waiting in the mailbox."""
        return 0 if self._mailbox is None else len(self._mailbox)

    def push(self, message: Message) -> None:
        """Handle a push from the client, or queue it while the channel is busy."""
        if self._busy or self.ended or type(message.event) is not str:
            self._take(message)
            return
        self._busy = True
        self.outlet.ref = message.ref
        self._began_s = self._session.hub.telemetry.start(CHANNEL_HANDLED_IN)
        try:
            work = self._channel.handle_in(message.event, message.payload, self._socket)
            task = asyncio.Task(work, loop=self._session.loop, eager_start=True)
        except Exception as error:
            self._end(self._crash(error))
            return
        if not task.done():
            self._wait_for(message, task)
        else:
            self._complete(message, task)
        if self._mailbox is not None:
            self._drain()

    def leave(self, ref: Any) -> None:
        """Handle a leave, after the messages that are in the mailbox."""
        self._take(_Leave(ref))

    def close(self, reason: Shutdown) -> None:
        """End the channel with its connection, after the messages in the mailbox."""
        self.outlet.detach()
        self._take(_Close(reason))

    def send_info(self, message: Any) -> None:
        """Handle a message from server code, or queue it while the channel is busy."""
        self._take(_Info(message))

    def _intercept(self, event: str, payload: Any) -> None:
        if event in self._channel.intercept:
            self._take(_Out(event, payload))

    def _take(self, item: _Item) -> None:
        if self.ended:
            return
        if not self._busy:
            self._begin(item)
            if self._mailbox is not None:
                self._drain()
        elif self._mailbox is None:
            self._mailbox = deque((item,))
        else:
            self._mailbox.append(item)

    def _drain(self) -> None:
        """Handle the messages in the mailbox until a callback suspends."""
        while self._mailbox and not self._busy and not self.ended:
            self._begin(self._mailbox.popleft())
        if not self._mailbox:
            self._mailbox = None

    # --- callbacks
    def _begin(self, item: _Item) -> None:
        """Start the callback for one message, and apply its result unless it suspends."""
        self._busy = True
        try:
            work = self._callback(item)
            if work is None:
                return
            task = asyncio.Task(work, loop=self._session.loop, eager_start=True)
        except Exception as error:
            self._end(self._crash(error))
            return
        if task.done():
            self._complete(item, task)
        else:
            self._wait_for(item, task)

    def _wait_for(self, item: _Item, task: _Task) -> None:
        self._task = task
        task.add_done_callback(partial(self._resume, item))

    def _callback(self, item: _Item) -> Coroutine[Any, Any, Any] | None:
        """Return the coroutine that handles a message, or None if it has been handled here."""
        socket = self._socket
        if type(item) is Message:
            if type(item.event) is not str:
                raise TypeError(f"an event is a string, got {item.event!r}")
            self.outlet.ref = item.ref
            self._began_s = self._session.hub.telemetry.start(CHANNEL_HANDLED_IN)
            return self._channel.handle_in(item.event, item.payload, socket)
        if type(item) is _Info:
            return self._channel.handle_info(item.message, socket)
        if type(item) is _Out:
            return self._channel.handle_out(item.event, item.payload, socket)
        if type(item) is _Leave:
            self.outlet.reply_to(item.ref, Reply())
            self._end(_End(LEFT, True))
        elif type(item) is _Close:
            self._end(_End(item.reason, True))
        return None

    def _resume(self, item: _Item, task: _Task) -> None:
        """Continue after a suspended callback is done."""
        if self._task is task:
            self._task = None
        if self.ended:
            if not task.cancelled():
                task.exception()  # mark it as retrieved, or asyncio logs it
            return
        self._complete(item, task)
        self._drain()
        self._session.relieved()

    def _complete(self, item: _Item, task: _Task) -> None:
        try:
            result = task.result()
            if type(item) is Message:
                if self._began_s is not None:
                    self._report_push(item, self._began_s)
                end = self._apply(item.ref, result)
            else:
                end = self._apply_info(result)
        except (Exception, asyncio.CancelledError) as error:
            end = self._crash(error)
        if end is None:
            self._busy = False
        else:
            self._end(end)

    def _apply(self, ref: Any, result: Any) -> _End | None:
        """Apply the result of `handle_in`."""
        if type(result) is Reply:
            self.outlet.reply_to(ref, result)
            return None
        if result is None or isinstance(result, NoReply):
            return None
        if not isinstance(result, Stop):
            raise ResultError(f"handle_in returns Reply, NoReply, Stop or None, got {result!r}")
        if result.reply is not None:
            self.outlet.reply_to(ref, result.reply)
        return _End(result.reason, is_orderly(result.reason))

    def _apply_info(self, result: Any) -> _End | None:
        """Apply the result of `handle_info` or `handle_out`."""
        if result is None or isinstance(result, NoReply):
            return None
        if isinstance(result, Stop) and result.reply is None:
            return _End(result.reason, is_orderly(result.reason))
        raise ResultError(
            f"handle_info and handle_out return NoReply, Stop or None, got {result!r}"
        )

    def _crash(self, error: BaseException) -> _End:
        about = self.outlet.about
        logger.error("channel %r crashed", self.outlet.topic, exc_info=error, extra=about)
        return _End(error, False)

    # --- telemetry
    def report_join(self, payload: Any, result: str, began_s: float) -> None:
        """Tell the telemetry of the end of a join."""
        metadata = {
            "socket": self._socket,
            "channel": self._channel,
            "params": payload,
            "result": result,
        }
        self._session.hub.telemetry.finish(CHANNEL_JOINED, began_s, metadata)

    def _report_push(self, message: Message, began_s: float) -> None:
        metadata = {
            "socket": self._socket,
            "channel": self._channel,
            "event": message.event,
            "params": message.payload,
            "ref": message.ref,
        }
        self._session.hub.telemetry.finish(CHANNEL_HANDLED_IN, began_s, metadata)

    # --- the end
    def _end(self, end: _End) -> None:
        self.outlet.unsubscribe()
        self._terminating = True
        if not is_overridden(type(self._channel).terminate):
            self._conclude(end)
            return
        work = self._terminate(end.reason)
        task = asyncio.Task(work, loop=self._session.loop, eager_start=True)
        if task.done():
            self._conclude(end)
        else:
            self._task = task
            task.add_done_callback(lambda task: self._conclude(end))

    def _conclude(self, end: _End) -> None:
        self._task = None
        if self.ended:
            return
        self.ended, self._mailbox = True, None
        self.outlet.detach()
        joined, self._joined = self._joined, None
        if joined is not None:
            self._session.channel_ended(joined, end.orderly)

    async def replace(self) -> None:
        """End the channel at once, cancelling its callback, and return when it has cleaned up."""
        self.ended, self._mailbox, self._joined = True, None, None
        task = self._task
        if self._terminating:
            if task is not None:
                await asyncio.wait((task,), timeout=REPLACE_TIMEOUT_S)
        else:
            if task is not None:
                task.cancel()
                await asyncio.wait((task,), timeout=REPLACE_TIMEOUT_S)
            await self._terminate_in_time(DUPLICATE_JOIN)
        self.outlet.detach()

    async def _terminate_in_time(self, reason: Shutdown) -> None:
        self._terminating = True
        try:
            async with asyncio.timeout(REPLACE_TIMEOUT_S):
                await self._terminate(reason)
        except TimeoutError:
            logger.error(
                "channel %r did not clean up in time before it was joined again",
                self.outlet.topic,
                extra=self.outlet.about,
            )

    async def _terminate(self, reason: Any) -> None:
        try:
            await self._channel.terminate(reason, self._socket)
        except Exception:
            text = "the terminate callback of channel %r failed"
            logger.exception(text, self.outlet.topic, extra=self.outlet.about)
