"""Sessions: the server-side state of one client. Synchronous and sans I/O.

A transport passes the payloads of the client's frames to the session by direct calls, and the
session writes finished frames to the transport. A session has no task of its own; tasks exist only
while a join or a callback of a channel is suspended.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tickfire.phoenix.core.actor import ChannelActor
from tickfire.phoenix.core.connection import (
    DEFAULT_MAX_CHANNELS,
    Answer,
    Connection,
    Deliver,
    Join,
    Joined,
    Leave,
)
from tickfire.phoenix.core.eager import run_eagerly
from tickfire.phoenix.core.errors import JoinError
from tickfire.phoenix.core.guard import Close, Guard
from tickfire.phoenix.core.hub import Hub
from tickfire.phoenix.core.interfaces import Transport, UserSocketLike
from tickfire.phoenix.core.message_limits import MessageLimits
from tickfire.phoenix.core.outlet import ChannelOutlet
from tickfire.phoenix.core.reasons import CLOSED, DISCONNECTED, RESTART, Shutdown
from tickfire.phoenix.core.results import Reply
from tickfire.phoenix.core.routes import ChannelFactory, Routes
from tickfire.phoenix.core.telemetry import CHANNEL_JOINED
from tickfire.phoenix.wire.close_codes import CloseCode
from tickfire.phoenix.wire.errors import DecodeError
from tickfire.phoenix.wire.message import Message
from tickfire.phoenix.wire.serializers import Serializer

logger = logging.getLogger(__name__)


DEFAULT_JOIN_TIMEOUT_S = 30.0
DEFAULT_SEND_TIMEOUT_S = 30.0

# Stages of the join under way.
_NONE, _MAKING_ROOM, _DECIDING = 0, 1, 2

# Reading from a client is paused while more of its messages than this wait for slow callbacks.
MAX_BACKLOG = 256

# Reason of the close frame for a client that does not read.
SLOW = "slow"

# A client's messages wait while more bytes than this wait to be sent to it.
MAX_UNSENT = 1 << 20


@dataclass(frozen=True, slots=True)
class SessionConfig:
    """Configuration common to all sessions of one socket route.

    Attributes
    ----------
    hub : Hub
        The hub that the channels subscribe in.
    routes : Routes
        Topic patterns and their channels.
    make_socket : callable
        Function that wraps a channel's outlet into the socket passed to its callbacks.
    max_channels : int
        Maximum number of topics that one connection may have joined at the same time.
    join_timeout_s : float, or None
        Maximum duration of a join in seconds. A join that takes longer is cancelled and answered
        like one that crashed.
    message_limits : MessageLimits, or None
        Limits of a client's messages beyond their size.
    send_timeout_s : float, or None
        Time without progress, in seconds, after which a congested connection is closed: its client
        does not read. It makes no difference if the client goes on sending.
    guard : Guard, or None
        Function that may refuse messages before they are handled.
    """

    hub: Hub
    routes: Routes
    make_socket: Callable[[ChannelOutlet], object]
    max_channels: int = DEFAULT_MAX_CHANNELS
    join_timeout_s: float | None = DEFAULT_JOIN_TIMEOUT_S
    message_limits: MessageLimits | None = None
    send_timeout_s: float | None = DEFAULT_SEND_TIMEOUT_S
    guard: Guard | None = None

    find: Callable[[str], ChannelFactory | None] = field(init=False, repr=False)
    """`Routes.find` of the routes, which all sessions share."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "find", self.routes.find)


class Session:
    """Server-side state of one connected client.

    Parameters
    ----------
    config
        Hub, routes and limits.
    serializer
        The serializer of the client's protocol version.
    user_socket
        The user of the connection, already accepted.
    params
        The connect params.
    transport
        The connection to the client.
    """

    __slots__ = (
        "_backlog", "_config", "_connection", "_ending", "_handling", "_join_task", "_joining",
        "_paused", "_stall", "_writable", "closed", "congested", "hub", "id", "loop", "number",
        "params", "sent", "serializer", "transport", "user_socket",
    )  # fmt: skip

    def __init__(
        self,
        config: SessionConfig,
        serializer: Serializer,
        user_socket: UserSocketLike,
        params: dict[str, Any],
        transport: Transport,
    ) -> None:
        self._config = config
        self.hub = config.hub
        self.serializer = serializer
        self.user_socket = user_socket
        self.params = params
        self.transport = transport
        self.loop = asyncio.get_running_loop()
        self.closed = False
        self.sent = 0  # bytes of frames, without those of the channels that have not ended
        self._connection: Connection[ChannelActor, ChannelFactory] = Connection(
            config.find, config.max_channels
        )
        self._joining = _NONE
        self._join_task: asyncio.Task[None] | None = None
        self._backlog: deque[Message] | None = None
        self._paused = False
        self._handling = False  # messages of the backlog
        self._ending: Shutdown | None = None  # once those that were left when it was lost are
        self.congested = False
        self._stall: asyncio.TimerHandle | None = None
        self._writable: list[Callable[[], None]] | None = None
        self.id: str | None = None
        self.number = self.hub.stats.open()
        self.rename(user_socket.id())
        user_socket.opened(self)

    @property
    def _about(self) -> dict[str, Any]:
        """The fields of its log lines."""
        return {"connection": self.number, "client": self.id}

    # --- from the client
    def receive(self, data: bytes, binary: bool) -> None:
        """Handle the payload of one frame from the client."""
        if self.closed:
            return
        limits = self._config.message_limits
        if limits is not None and len(data) <= limits.always_met_within:
            limits = None
        if limits is not None and not limits.admits(data):
            self.close(CloseCode.MESSAGE_TOO_BIG)
            return
        try:
            decode = self.serializer.decode_binary if binary else self.serializer.decode_text
            message = decode(data)
        except DecodeError as error:
            logger.debug("cannot decode a frame: %s", error, extra=self._about)
            self.close(
                CloseCode.INTERNAL_ERROR if binary or _is_utf8(data) else CloseCode.INVALID_DATA
            )
            return
        if limits is not None and self._refuses(message, limits):
            return
        if self._joining or self._backlog or self._must_wait():
            self._hold(message)
        else:
            self._handle(message)

    def control(self, opcode: str, payload: bytes) -> None:
        """Ignore a ping or pong: channels have no use for it."""

    def _refuses(self, message: Message, limits: MessageLimits) -> bool:
        """Answer a message that is beyond the limits with an error; return whether it was."""
        reason = limits.fault(message)
        if reason is not None:
            self._answer(Answer(None, message.ref, message.topic, "error", {"reason": reason}))
        return reason is not None

    def _stop(self, message: Message, verdict: Reply | Close) -> None:
        """Refuse a message, or close the connection, as the guard says."""
        if isinstance(verdict, Reply):
            refs = message.join_ref, message.ref
            self._answer(Answer(*refs, message.topic, verdict.status, verdict.response))
        else:
            self.close(verdict.code, verdict.reason)

    def _handle(self, message: Message) -> None:
        """Handle a message; an error, as of a guard or serializer, closes the connection alone."""
        try:
            self._dispatch(message)
        except Exception:
            logger.exception("a message of %s failed", message.topic, extra=self._about)
            self.close(CloseCode.INTERNAL_ERROR)

    def _dispatch(self, message: Message) -> None:
        guard = self._config.guard
        verdict = None if guard is None else guard(self.user_socket, message)
        if verdict is not None:
            self._stop(message, verdict)
            return
        outcome = self._connection.receive(message)
        if isinstance(outcome, Deliver):
            actor = outcome.joined.channel
            actor.push(message)
            if actor.backlog > MAX_BACKLOG:
                self._pause()
        elif isinstance(outcome, Answer):
            if message.event == "phx_join":
                reason = f"a join of %s: {outcome.response['reason']}"
                self.hub.refusals.add(reason, message.topic)
            self._answer(outcome)
        elif isinstance(outcome, Join):
            self._start_join(message, outcome)
        elif isinstance(outcome, Leave):
            outcome.joined.channel.leave(message.ref)

    def _answer(self, answer: Answer) -> None:
        encode = self.serializer.encode_reply
        self._write(
            encode(answer.join_ref, answer.ref, answer.topic, answer.status, answer.response)
        )

    def _write(self, frame: bytes) -> None:
        """Write a frame, or drop the connection if more than the write limit waits already."""
        self.sent += len(frame)
        if self.congested and self.transport.buffered() > self.hub.write_limit:
            self.hub.stats.aborted += 1
            self.transport.abort()
        else:
            self.transport.write(frame)

    # --- joins
    def _start_join(self, message: Message, join: Join[ChannelActor, ChannelFactory]) -> None:
        self._joining = _MAKING_ROOM
        message.topic = self.hub.shared(message.topic)
        task = self._join_task = run_eagerly(self._join(message, join), self.loop)
        if task is not None:
            self._limit_join(task)

    def _limit_join(self, task: asyncio.Task[None]) -> None:
        """Cancel the channel's `join` after the timeout.

        Ending a replaced channel, which comes first, has a limit of its own.
        """
        seconds = self._config.join_timeout_s
        if seconds is None:
            return

        def give_up() -> None:
            if self._joining == _DECIDING:
                task.cancel(f"no decision within {seconds} s")
            elif not task.done():
                self._limit_join(task)

        timer = self.loop.call_later(seconds, give_up)
        task.add_done_callback(lambda task: timer.cancel())

    async def _join(self, message: Message, join: Join[ChannelActor, ChannelFactory]) -> None:
        """Run a join; no other message of the client is handled in the meantime."""
        try:
            if join.replaced is not None:
                await join.replaced.channel.replace()
                self._connection.ended(join.replaced)
            await self._join_channel(message, join.factory)
            if join.replaced is not None and not self.closed:
                self._send_end(join.replaced, "phx_close", {})
        finally:
            self._joining, self._join_task = _NONE, None
        self._catch_up()

    async def _join_channel(self, message: Message, factory: ChannelFactory) -> None:
        actor: ChannelActor | None = None
        began_s = self.hub.telemetry.start(CHANNEL_JOINED)
        try:
            self.user_socket.authorize(message.topic)
            actor = ChannelActor(factory(), self, self._config.make_socket, message)
            self._joining = _DECIDING
            response = await actor.join(message.payload)
            self.user_socket.authorize(message.topic)  # which may have changed meanwhile
            reply = self._join_reply(message, "ok", response)
        except (Exception, asyncio.CancelledError) as error:
            if actor is not None:
                if began_s is not None:
                    actor.report_join(message.payload, "error", began_s)
                await actor.discard(error)
            if self.closed:
                raise
            self._write(self._refusal(message, error))
            return
        if began_s is not None:
            actor.report_join(message.payload, "ok", began_s)
        if self.closed:
            await actor.discard(CLOSED)
            return
        joined = self._connection.joined(message, actor)
        actor.outlet.subscriber.set_congested(self.congested)
        actor.start(reply, joined)

    def _refusal(self, message: Message, error: BaseException) -> bytes:
        if isinstance(error, JoinError):
            try:
                return self._join_reply(message, "error", error.payload)
            except (TypeError, ValueError) as unencodable:
                error = unencodable
        about = {**self._about, "topic": message.topic}
        logger.error("the join of %r crashed", message.topic, exc_info=error, extra=about)
        return self._join_reply(message, "error", {"reason": "join crashed"})

    def _join_reply(self, message: Message, status: str, response: Any) -> bytes:
        encode = self.serializer.encode_reply
        return encode(message.join_ref, message.ref, message.topic, status, response)

    # --- channels that end
    def channel_ended(self, joined: Joined[ChannelActor], orderly: bool) -> None:
        """Record the end of a channel, and tell the client; it is not orderly after a crash."""
        if not self._connection.ended(joined) or self.closed:
            return
        if orderly:
            self._send_end(joined, "phx_close", {})
        else:
            self._send_end(joined, "phx_error", {"reason": "channel_crash"})

    def _send_end(self, joined: Joined[ChannelActor], event: str, payload: dict[str, str]) -> None:
        encode = self.serializer.encode_end
        self.transport.write(encode(joined.join_ref, joined.topic, event, payload))

    def end_channels(self, permits: Callable[[str], bool], reason: str) -> None:
        """End the channels of the topics that are not permitted, and tell the client why."""
        for joined in self._connection.joined_topics():
            if not permits(joined.topic) and self._connection.ended(joined):
                joined.channel.close(("shutdown", reason))
                self._send_end(joined, "phx_error", {"reason": reason})

    def bytes_sent(self) -> int:
        """Return the bytes that were written to the client, or were left out as it was slow."""
        channels = self._connection.channels()
        return self.sent + sum(actor.outlet.subscriber.sent for actor in channels)

    # --- flow
    async def settled(self) -> None:
        """Wait until no join is running, and no message waits for one or for the next turn."""
        while not self.closed:
            if self._join_task is not None:
                await asyncio.wait((self._join_task,))
            elif self._backlog and not self._is_full():
                await asyncio.sleep(0)
            else:
                return

    def _is_full(self) -> bool:
        return self.congested and self.transport.buffered() > MAX_UNSENT

    def _must_wait(self) -> bool:
        """Return whether messages wait for the client to read, or for the next turn of the loop."""
        if self._is_full():
            return True  # until the transport has drained
        if self.hub.turns.is_over():
            self.hub.turns.wait(self)
            return True
        return False

    def _hold(self, message: Message) -> None:
        if self._backlog is None:
            self._backlog = deque()
        self._backlog.append(message)
        if len(self._backlog) > MAX_BACKLOG:
            self._pause()

    def _catch_up(self) -> None:
        """Handle the messages that arrived during a join, as far as the turn allows."""
        if not self._handling:  # or else this join was one of them
            self._handle_backlog(self._must_wait)
            self.relieved()

    def handle_next(self) -> bool:
        """Handle one message, if it still waits for its turn; return whether another one waits."""
        if self._backlog and not self._joining and not self.closed and not self._is_full():
            self._handling = True
            self._handle(self._backlog.popleft())
            self._handling = False
            if not self._backlog:
                self._backlog = None  # an empty one would take 760 bytes
                self.relieved()
        elif self._ending is None:
            return False
        if self._ending is not None and not self._has_rest():
            self._end(self._ending)
        return bool(self._backlog)

    def _has_rest(self) -> bool:
        """Return whether messages wait that can be handled without waiting for anything else."""
        return bool(self._backlog) and not (self._joining or self.closed or self._is_full())

    def _handle_rest(self, must_stop: Callable[[], bool]) -> None:
        """Handle the messages that wait for their turn, as the client sent them before the end.

        They are dropped if one that is being handled ends the session itself.
        """
        if not self._handling:
            self._handle_backlog(must_stop)

    def _handle_backlog(self, must_stop: Callable[[], bool]) -> None:
        self._handling = True
        while self._backlog and not self._joining and not self.closed and not must_stop():
            self._handle(self._backlog.popleft())
        self._handling = False
        if not self._backlog:
            self._backlog = None

    def _pause(self) -> None:
        if not self._paused:
            self._paused = True
            self.transport.pause_reading()

    def relieved(self) -> None:
        """Resume reading if it was paused and no messages are waiting any more."""
        if not self._paused or self.closed:
            return
        waiting = len(self._backlog or ())
        if max([waiting, *(actor.backlog for actor in self._connection.channels())]) == 0:
            self._paused = False
            self.transport.resume_reading()

    def set_congested(self, congested: bool) -> None:
        """Record whether the transport is congested.

        It is from passing its high-water mark until it drains below its low-water mark.
        """
        self.congested = congested
        self._watch_progress()
        for actor in self._connection.channels():
            actor.outlet.subscriber.set_congested(congested)
        if not congested and self._writable:
            callbacks, self._writable = self._writable, None
            for callback in callbacks:
                self.loop.call_soon(callback)
        if not congested and self._backlog and not self._joining:
            self.hub.turns.wait(self)

    def _watch_progress(self) -> None:
        """Watch whether the client reads, while the transport is congested."""
        if self._stall is not None:
            self._stall.cancel()
            self._stall = None
        timeout_s = self._config.send_timeout_s
        if self.congested and not self.closed and timeout_s is not None:
            waiting = self.transport.buffered()
            self._stall = self.loop.call_later(timeout_s, self._check_progress, waiting)

    def _check_progress(self, waiting: int) -> None:
        """Close the connection if as many bytes wait to be sent as a send timeout ago, or more."""
        if self.transport.buffered() < waiting:
            self._watch_progress()
        else:
            self.hub.stats.stalled += 1
            self.close(CloseCode.TRY_AGAIN_LATER, SLOW)

    def on_writable(self, callback: Callable[[], None]) -> None:
        """Call `callback` once, when the transport has drained; soon if it is not congested."""
        if not self.congested:
            self.loop.call_soon(callback)
        elif self._writable is None:
            self._writable = [callback]
        else:
            self._writable.append(callback)

    # --- the end
    def _on_control(self, topic: str, event: str, payload: Any) -> None:
        if event == "disconnect":
            self.disconnect()

    def rename(self, id: str | None) -> None:
        """Change the topic on which the connection can be closed."""
        if self.id is not None:
            self.hub.unlisten(self.id, self._on_control)
        self.id = id
        if id is not None:
            self.hub.listen(id, self._on_control)

    def disconnect(self) -> None:
        """Close the connection as `Hub.disconnect` does."""
        self._close(CloseCode.GOING_AWAY, DISCONNECTED)

    def close(self, code: int, reason: str = "") -> None:
        """Close the connection with a close code; the channels end without sending anything.

        They end before the close frame is written, because leaving a topic writes the frames that
        are queued in its lane, and nothing may follow a close frame.
        """
        self._close(code, RESTART if code == CloseCode.SERVICE_RESTART else CLOSED, reason)

    def _close(self, code: int, shutdown: Shutdown, reason: str = "") -> None:
        if not self.closed:
            self._handle_rest(self._is_full)
            self._end(shutdown)
            self.transport.close(code, reason)

    def lost(self, reason: Shutdown = CLOSED) -> None:
        """End the session because the connection has ended; the channels get the reason.

        The messages that wait are handled first, in later turns of the loop if they are many. The
        transport drops the answers.
        """
        self._handle_rest(self._must_wait)
        if self._has_rest() and not self._handling:
            self._ending = reason
            self.set_congested(False)  # the subscribers write to what the transport writes to now
            self.hub.turns.wait(self)
        else:
            self._end(reason)

    def _end(self, reason: Shutdown) -> None:
        """End the session and its channels; the messages that wait are dropped."""
        if self.closed:
            return
        self.closed = True
        self._watch_progress()
        self.hub.stats.sessions -= 1
        self._backlog = self._writable = None
        self.rename(None)
        if self._join_task is not None:
            self._join_task.cancel()
        for actor in self._connection.channels():
            actor.close(reason)
        self._connection.clear()  # so that nothing refers to itself, and is freed at once
        self.user_socket.closed()


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
