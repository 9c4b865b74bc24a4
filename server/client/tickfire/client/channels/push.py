"""One message to the server, and its reply."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from typing import Any, Protocol, Self

from tickfire.client.channels.callbacks import Callback, Callbacks
from tickfire.client.errors import (
    ClientError,
    JoinRefusedError,
    PushRefusedError,
    ReplyTimeoutError,
    reason_of,
)
from tickfire.phoenix.wire.message import Message


class Sender(Protocol):
    """The part of a channel that its pushes use."""

    topic: str

    @property
    def join_ref(self) -> str | None:
        """Ref of the channel's present join."""

    def make_ref(self) -> str:
        """Return the next ref of the connection."""

    def transmit(self, message: Message) -> None:
        """Send a message, now or once there is a connection."""

    def expect(self, ref: str, push: Push) -> None:
        """Let a push get the reply to a ref."""

    def forget(self, ref: str) -> None:
        """Drop what was expected of a ref."""


class Push:
    """One message to the server; await it for the response of the reply.

    Awaiting it raises JoinRefusedError or PushRefusedError if the reply is an error,
    ReplyTimeoutError if none comes in time, ConnectionLostError if the connection is lost before,
    and ChannelClosedError if the channel is left before.

    Parameters
    ----------
    sender
        The channel.
    event
        Name of the event.
    payload
        Function that returns the payload, called at each sending.
    timeout_s
        Seconds until the reply is late.
    """

    def __init__(
        self, sender: Sender, event: str, payload: Callable[[], Any], timeout_s: float
    ) -> None:
        self.event = event
        self.ref: str | None = None
        self._sender = sender
        self._payload = payload
        self._timeout_s = timeout_s
        self._timer: asyncio.TimerHandle | None = None
        self._hooks = Callbacks()
        self._reply: tuple[str, Any] | None = None
        self._outcome: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._outcome.add_done_callback(_retrieve)

    def receive(self, status: str, callback: Callback) -> Self:
        """Call `callback` with the response of a reply of this status; returns the push itself.

        The status "timeout" stands for a reply that is late.
        """
        if self._reply is not None and self._reply[0] == status:
            callback(self._reply[1])
        self._hooks.add(status, callback)
        return self

    def __await__(self) -> Generator[Any, None, Any]:
        """Wait for the response of the reply."""
        return self._outcome.__await__()

    @property
    def is_done(self) -> bool:
        """True once the outcome is known."""
        return self._outcome.done()

    # --- for the channel
    def send(self) -> None:
        """Send it, unless it is late already."""
        if self._reply is not None and self._reply[0] == "timeout":
            return
        self.start_timeout()
        sender = self._sender
        message = Message(sender.join_ref, self.ref, sender.topic, self.event, self._payload())
        sender.transmit(message)

    def resend(self, timeout_s: float) -> None:
        """Send it anew, under a new ref."""
        self._timeout_s = timeout_s
        self.reset()
        self.send()

    def reset(self) -> None:
        """Forget the sending so far, with its ref and reply."""
        self.stop()
        self.ref = self._reply = None

    def start_timeout(self) -> None:
        """Take a ref, and begin to wait for its reply."""
        self.stop()
        self.ref = self._sender.make_ref()
        self._sender.expect(self.ref, self)
        self._timer = asyncio.get_running_loop().call_later(
            self._timeout_s, self.answer, "timeout", {}
        )

    def stop(self) -> None:
        """Wait for no reply any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self.ref is not None:
            self._sender.forget(self.ref)

    def answer(self, status: str, response: Any) -> None:
        """Take the reply, or a local one such as "timeout"."""
        self.stop()
        self._reply = (status, response)
        if not self._outcome.done():
            if status == "ok":
                self._outcome.set_result(response)
            else:
                self._outcome.set_exception(self._error(status, response))
        self._hooks.call(status, response)

    def fail(self, error: ClientError) -> None:
        """Raise an error for whoever awaits the push."""
        self.stop()
        if not self._outcome.done():
            self._outcome.set_exception(error)

    def _error(self, status: str, response: Any) -> ClientError:
        topic = self._sender.topic
        if status == "timeout":
            return ReplyTimeoutError(
                f"{topic}: no reply to {self.event} within {self._timeout_s:g} s"
            )
        reason = reason_of(response)
        if self.event == "phx_join":
            return JoinRefusedError(f"{topic}: the join was refused: {reason}", response)
        text = f"{topic}: {self.event} was refused: {reason}"
        return PushRefusedError(text, response, status)


def _retrieve(outcome: asyncio.Future[Any]) -> None:
    """Mark the exception as seen: a push need not be awaited."""
    if not outcome.cancelled():
        outcome.exception()
