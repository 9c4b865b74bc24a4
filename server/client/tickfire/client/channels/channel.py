"""One topic over a connection, joined again after every loss."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from typing import Any, Protocol

from tickfire.client.channels.backoff import RetryTimer, Wait
from tickfire.client.channels.buffer import Buffer
from tickfire.client.channels.callbacks import Callbacks
from tickfire.client.channels.push import Push
from tickfire.client.errors import ChannelClosedError, ConnectionLostError, retry_after_s
from tickfire.phoenix.wire.message import Message

type Params = dict[str, Any] | bytes | Callable[[], Any]
"""Join params, or a function that returns them, called at every join."""

JOIN, LEAVE, REPLY = "phx_join", "phx_leave", "phx_reply"
CLOSE, ERROR = "phx_close", "phx_error"
_JOINED = "joined"
_ANY = "*"


class Connection(Protocol):
    """The part of a `Phoenix` that its channels use."""

    timeout_s: float
    rejoin_after_s: Wait

    @property
    def is_connected(self) -> bool:
        """True while there is a connection."""

    def make_ref(self) -> str:
        """Return the next ref."""

    def transmit(self, message: Message, channel: Channel | None) -> None:
        """Send a message, now or once there is a connection."""

    def leave_open_topic(self, topic: str) -> None:
        """Leave the channel that has joined a topic, if there is one."""

    def remove(self, channel: Channel) -> None:
        """Forget a channel."""

    def pause(self, reason: object) -> None:
        """Read nothing more until `resume` is called with the same reason."""

    def resume(self, reason: object) -> None:
        """Undo `pause`."""


class Channel:
    """One topic; made by `Phoenix.channel`.

    A channel that was joined is joined again whenever the connection comes back or the server's
    side crashes; `on_join` is called each time. Pushes wait while it is not joined.

    Attributes
    ----------
    topic : str
        The topic.
    state : str
        "closed", "errored", "joined", "joining" or "leaving".
    """

    def __init__(
        self, topic: str, params: Params, connection: Connection, *, retry_refused: bool = False
    ) -> None:
        self.topic = topic
        self.state = "closed"
        self._connection = connection
        self._retry_refused = retry_refused
        self._was_joined = False
        self._callbacks = Callbacks()
        self._expected: dict[str, Push] = {}
        self._waiting: dict[Push, None] = {}
        self._timeout_s = connection.timeout_s
        self._rejoin_timer = RetryTimer(self._rejoin_if_connected, connection.rejoin_after_s)
        payload = params if callable(params) else lambda: params
        self._join = Push(self, JOIN, payload, self._timeout_s)
        self._has_begun = False
        self._join.receive("ok", self._joined)
        self._join.receive("error", self._refused)
        self._join.receive("timeout", self._timed_out)

    # --- for users
    @property
    def join_ref(self) -> str | None:
        """Ref of the present join."""
        return self._join.ref

    @property
    def is_joined(self) -> bool:
        """True while the topic is joined."""
        return self.state == "joined"

    def join(self, timeout_s: float | None = None) -> Push:
        """Join the topic; await the result for the response of the join reply.

        Raises
        ------
        RuntimeError
            If it was called before: a channel is joined once, and again by itself.
        """
        if self._has_begun:
            raise RuntimeError(f"{self.topic}: join() was called before; make a new channel")
        self._has_begun = True
        self._timeout_s = self._timeout_s if timeout_s is None else timeout_s
        self._rejoin()
        return self._join

    def push(self, event: str, payload: Any = None, timeout_s: float | None = None) -> Push:
        """Push an event; await the result for the response of the reply.

        Until the topic is joined, the push waits; its timeout counts all the same.

        Parameters
        ----------
        event
            Name of the event.
        payload
            A dict or any other JSON value, or bytes for a binary push; None stands for ``{}``.
        timeout_s
            Seconds until the reply is late.

        Raises
        ------
        RuntimeError
            If `join` was not called before.
        ChannelClosedError
            If the channel was left or closed.
        """
        if not self._has_begun:
            raise RuntimeError(f"{self.topic}: call join() before pushing {event!r}")
        if self.state in ("leaving", "closed"):
            raise ChannelClosedError(f"{self.topic}: the channel is closed")
        value = {} if payload is None else payload
        push = Push(self, event, lambda: value, timeout_s or self._timeout_s)
        if self.is_joined and self._connection.is_connected:
            push.send()
        else:
            push.start_timeout()
            self._waiting[push] = None
            push.receive("timeout", lambda _: self._waiting.pop(push, None))
        return push

    def leave(self, timeout_s: float | None = None) -> Push:
        """Leave the topic; await the result for the server's acknowledgement."""
        leave = Push(self, LEAVE, dict, timeout_s or self._timeout_s)
        if self.state == "closed":
            leave.answer("ok", {})
            return leave
        could_push = self.is_joined and self._connection.is_connected
        is_joining = self.state == "joining" and self._connection.is_connected
        self._rejoin_timer.reset()
        self._join.stop()
        self.state = "leaving"
        leave.receive("ok", lambda _: self._end("leave"))
        leave.receive("timeout", lambda _: self._end("leave"))
        if could_push or is_joining:
            leave.send()
        if not could_push:
            leave.answer("ok", {})
        return leave

    def on(self, event: str, callback: Callable[[Any], object]) -> int:
        """Call `callback` with the payload of each event of this name; returns a ref for `off`."""
        return self._callbacks.add(event, callback)

    def off(self, event: str, ref: int | None = None) -> None:
        """Remove one callback of an event, or all of them."""
        self._callbacks.remove(event, ref)

    def on_event(self, callback: Callable[[str, Any], object]) -> int:
        """Call `callback` with the name and the payload of every event of the server."""
        return self._callbacks.add(_ANY, callback)

    def on_join(self, callback: Callable[[Any], object]) -> int:
        """Call `callback` with the response of every successful join, rejoins included."""
        return self._callbacks.add(_JOINED, callback)

    def on_close(self, callback: Callable[[Any], object]) -> int:
        """Call `callback` when the channel is over, because it was left or the server closed it."""
        return self.on(CLOSE, callback)

    def on_error(self, callback: Callable[[Any], object]) -> int:
        """Call `callback` when the channel is lost, or a join is refused; it is joined again."""
        return self.on(ERROR, callback)

    async def events(self) -> AsyncGenerator[tuple[str, Any]]:
        """Yield the name and payload of every event until the channel is over.

        Events count from the first iteration on.

        While 65,536 events wait, nothing more is read from the connection, so that a server sees
        that its client is slow.
        """
        connection, reason = self._connection, object()
        buffer = Buffer[tuple[str, Any]](
            lambda: connection.pause(reason), lambda: connection.resume(reason)
        )
        ref = self.on_event(lambda event, payload: buffer.put((event, payload)))
        closing = self.on_close(lambda _: buffer.end())
        try:
            while events := await buffer.take():
                for event in events:
                    yield event
        finally:
            self._callbacks.remove(_ANY, ref)
            self.off(CLOSE, closing)
            connection.resume(reason)

    # --- for pushes
    def make_ref(self) -> str:
        """Return the next ref of the connection."""
        return self._connection.make_ref()

    def transmit(self, message: Message) -> None:
        """Send a message, now or once there is a connection."""
        self._connection.transmit(message, self)

    def expect(self, ref: str, push: Push) -> None:
        """Let a push get the reply to a ref."""
        self._expected[ref] = push

    def forget(self, ref: str) -> None:
        """Drop what was expected of a ref."""
        self._expected.pop(ref, None)

    # --- for the connection
    def take(self, message: Message) -> None:
        """Process a message of the server, if it is for the present join."""
        if message.join_ref and message.join_ref != self.join_ref:
            return
        event, payload = message.event, message.payload
        if event == REPLY:
            self._reply(message.ref, payload)
        elif event == CLOSE:
            # Without join_ref, as in vsn 1.0.0, the ref tells which join is over.
            if message.ref in (None, self.join_ref):
                self._end(payload)
        elif event == ERROR:
            if message.ref in (None, self.join_ref):
                self.crash(payload)
        else:
            self._callbacks.call(event, payload)
            self._callbacks.call(_ANY, event, payload)

    def opened(self) -> None:
        """Join again, over a new connection."""
        self._rejoin_timer.reset()
        if self.state == "errored":
            self._rejoin()

    def lost(self, reason: str) -> None:
        """Process the loss of the connection."""
        self._rejoin_timer.reset()
        sent = [push for push in self._expected.values() if push not in self._waiting]
        for push in sent:
            if push is not self._join:
                push.fail(ConnectionLostError(f"{self.topic}: {push.event}: {reason}"))
        if self.state == "leaving":
            self._end("leave")
        elif self.state in ("joined", "joining"):
            self.crash({"reason": reason})

    def crash(self, reason: Any) -> None:
        """Process the loss of the channel: it is joined again."""
        if self.state in ("leaving", "closed"):
            return
        if self.state == "joining":
            self._join.reset()
        self.state = "errored"
        if self._connection.is_connected:
            self._rejoin_timer.schedule()
        self._callbacks.call(ERROR, reason)

    def shut(self) -> None:
        """End the channel without a word to the server."""
        self._end("disconnected")

    # --- joining
    def _rejoin_if_connected(self) -> None:
        if self._connection.is_connected:
            self._rejoin()

    def _rejoin(self) -> None:
        if self.state == "leaving":
            return
        self._connection.leave_open_topic(self.topic)
        self.state = "joining"
        self._join.resend(self._timeout_s)

    def _joined(self, response: Any) -> None:
        self.state, self._was_joined = "joined", True
        self._rejoin_timer.reset()
        self._callbacks.call(_JOINED, response)
        waiting, self._waiting = self._waiting, {}
        for push in waiting:
            if not push.is_done:
                push.send()

    def _refused(self, response: Any) -> None:
        self.state = "errored"
        if not self._was_joined and not self._retry_refused:
            self._end(response)
            return
        if self._connection.is_connected:
            self._rejoin_timer.schedule(retry_after_s(response))
        self._callbacks.call(ERROR, response)

    def _timed_out(self, _: Any) -> None:
        if self._connection.is_connected:
            Push(self, LEAVE, dict, self._timeout_s).send()
        self.state = "errored"
        self._join.reset()
        if not self._was_joined and not self._retry_refused:
            self._end("timeout")
        elif self._connection.is_connected:
            self._rejoin_timer.schedule()

    def _reply(self, ref: Any, payload: Any) -> None:
        push = self._expected.get(ref)
        if push is not None:
            push.answer(payload.get("status", ""), payload.get("response"))

    def _end(self, reason: Any) -> None:
        if self.state == "closed":
            return
        self.state = "closed"
        self._rejoin_timer.reset()
        self._connection.remove(self)
        for push in [*self._expected.values(), *self._waiting, self._join]:
            push.fail(ChannelClosedError(f"{self.topic}: {push.event}: the channel is closed"))
        self._waiting.clear()
        self._callbacks.call(CLOSE, reason)
