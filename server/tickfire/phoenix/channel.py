"""What an application writes: one class per kind of channel."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, ClassVar

from tickfire.phoenix.core.interfaces import does_nothing
from tickfire.phoenix.results import NoReply, Reply, Stop
from tickfire.phoenix.socket import Socket

__all__ = ["Channel"]


class Channel:
    """One topic joined by one connection; subclass it.

    The callbacks of one channel never run at the same time: messages wait in the channel's
    mailbox. An exception in one of them crashes the channel, and it alone: the client gets
    phx_error, and phoenix.js joins again.

    Attributes
    ----------
    intercept
        Broadcast events that go through `handle_out` instead of straight to the client. They cost a
        callback for each subscriber; all others are encoded once for all.
    """

    intercept: ClassVar[Collection[str]] = ()

    async def join(self, topic: str, payload: Any, socket: Socket) -> Any:
        """Decide on a join; the socket answers nothing else meanwhile.

        Parameters
        ----------
        topic
            The topic, which matched the pattern that this channel serves.
        payload
            The client's join params: any JSON value, or bytes of a binary join.
        socket
            This channel's socket.

        Returns
        -------
        any JSON value, or bytes
            The response that the client gets; None is an empty map.

        Raises
        ------
        JoinError
            to refuse
        """
        return None

    async def handle_in(
        self, event: str, payload: Any, socket: Socket
    ) -> Reply | NoReply | Stop | None:
        """Handle a push of the client; its payload is any JSON value, or bytes."""
        raise NotImplementedError(f"{type(self).__name__} has no event {event!r}")

    async def handle_info(self, message: Any, socket: Socket) -> NoReply | Stop | None:
        """Handle a message that the server's own code sent by `Socket.send_info`."""
        raise NotImplementedError(f"{type(self).__name__} expects no message")

    async def handle_out(self, event: str, payload: Any, socket: Socket) -> NoReply | Stop | None:
        """Handle an intercepted broadcast; what the client is to get of it has to be pushed."""
        socket.push(event, payload)
        return None

    @does_nothing
    async def terminate(self, reason: Any, socket: Socket) -> None:
        """Clean up; called once for a channel that was joined, however it ends.

        Parameters
        ----------
        reason
            "left", "closed" (the connection ended), "duplicate_join", the reason of a `Stop`, or
            the exception that crashed the channel.
        socket
            This channel's socket; pushes still reach the client unless the connection has ended.
        """
