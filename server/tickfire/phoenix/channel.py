"""Channels: classes that an application writes, one for each kind of topic."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Any, ClassVar

from tickfire.phoenix.core.events import add_event_methods, event
from tickfire.phoenix.core.interfaces import does_nothing
from tickfire.phoenix.results import NoReply, Reply, Stop
from tickfire.phoenix.socket import Socket

__all__ = ["Channel", "event"]


class Channel:
    """One topic joined by one connection; subclass it.

    Pushes of the client go to the method that `@event` marks for their event, all others to
    `handle_in`. The callbacks of one channel never run at the same time: messages wait in the
    channel's mailbox. An exception in a callback ends that channel and no other: it is logged, the
    client gets phx_error, and phoenix.js joins again.

    Attributes
    ----------
    intercept : collection of str
        Broadcast events that go through `handle_out` instead of straight to the client. Each costs
        a callback for every subscriber; other broadcasts are encoded once for all subscribers.
    log_join, log_handle_in : int or None
        Levels at which an `EventLog` logs joins and pushes; None for not at all.
    topic_params : mapping of str to str
        Values of the parameters in the topic pattern: of "room:{room_id}" and the topic "room:7",
        ``{"room_id": "7"}``. `join` gets those that its signature names as keyword arguments.
    """

    intercept: ClassVar[Collection[str]] = ()
    log_join: ClassVar[int | None] = logging.INFO
    log_handle_in: ClassVar[int | None] = logging.DEBUG
    topic_params: Mapping[str, str] = MappingProxyType({})

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        add_event_methods(cls)

    async def join(self, topic: str, payload: Any, socket: Socket, *_: Any, **params: Any) -> Any:
        """Accept or refuse a join; override it with the topic parameters that you need.

        ::

            async def join(self, topic, payload, socket, room_id):
                ...

        Other messages of the same client wait until the join is decided.

        Parameters
        ----------
        topic
            The topic, which matched the pattern that this channel serves.
        payload
            The client's join params: any JSON value, or bytes of a binary join.
        socket
            This channel's socket.
        **params : str
            The parameters of the topic pattern that the signature names.

        Returns
        -------
        any JSON value, or bytes
            The response that the client gets; None is an empty map.

        Raises
        ------
        JoinError
            To refuse the join; the client gets its payload.
        """
        return None

    async def handle_in(
        self, event: str, payload: Any, socket: Socket
    ) -> Reply | NoReply | Stop | None:
        """Handle a push of the client whose event no method is marked for.

        Parameters
        ----------
        event
            The event.
        payload : any JSON value, or bytes
            The payload; bytes of a binary push.
        socket
            This channel's socket.

        Returns
        -------
        Reply, NoReply, Stop or None
            None sends no reply.
        """
        raise NotImplementedError(f"{type(self).__name__} does not handle the event {event!r}")

    async def handle_info(self, message: Any, socket: Socket) -> NoReply | Stop | None:
        """Handle a message that the application itself sent by `Socket.send_info`."""
        raise NotImplementedError(f"{type(self).__name__} does not override handle_info")

    async def handle_out(self, event: str, payload: Any, socket: Socket) -> NoReply | Stop | None:
        """Handle an intercepted broadcast; push what the client is to get of it."""
        socket.push(event, payload)
        return None

    @does_nothing
    async def terminate(self, reason: Any, socket: Socket) -> None:
        """Clean up; called once for a channel that was joined, however it ends.

        Parameters
        ----------
        reason
            The reason of a `Stop`, such as "normal"; the exception that ended the channel; or
            ``("shutdown", why)``, where `why` is "left", "duplicate_join" (the client joined the
            topic again), "closed" (the connection ended), "disconnected" (`Hub.disconnect` closed
            it) or "restart" (the server shuts down).
        socket
            This channel's socket; pushes still reach the client unless the connection has ended.
        """
