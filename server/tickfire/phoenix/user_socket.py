"""The user socket: who may connect, and which channels serve which topics."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from tickfire.phoenix.channel import Channel
from tickfire.phoenix.core.connect_info import URI, ConnectInfo
from tickfire.phoenix.core.interfaces import ConnectionLike

__all__ = ["URI", "ChannelFactory", "ConnectInfo", "ConnectionLike", "UserSocket"]

type ChannelFactory = Callable[[], Channel]
"""Returns a new channel; a Channel class, for example."""


_NONE: Mapping[str, ChannelFactory] = MappingProxyType({})


class UserSocket:
    """The user of one connection; subclass it to decide who may connect.

    One instance is made for each connection.

    Attributes
    ----------
    assigns : dict
        State that every channel of the connection starts with.
    """

    def __init__(self) -> None:
        self.assigns: dict[str, Any] = {}

    @property
    def channels(self) -> Mapping[str, ChannelFactory]:
        """Topic patterns and the factories of their channels, beside those of `PhoenixSocket`.

        A subclass sets them for all its connections, ``channels = {"room:{room_id}": Room}``, or an
        instance for its own, ``self.channels = {...}``. Each factory is a Channel class, or
        anything else that returns a new Channel. The first pattern that matches a topic wins:

        - a topic, as it is
        - the beginning of a topic followed by `*`
        - a topic with parameters, "room:{room_id}": a parameter ends at the next colon, the last
          one takes the rest. See `Channel.join`.
        """
        own: Mapping[str, ChannelFactory] = self.__dict__.get("channels", _NONE)
        return own

    @channels.setter
    def channels(self, channels: Mapping[str, ChannelFactory]) -> None:
        self.__dict__["channels"] = channels

    async def connect(self, params: dict[str, Any], info: ConnectInfo) -> bool | None:
        """Accept or refuse a connection.

        Parameters
        ----------
        params
            The connect params: of the query, and of the path that the socket is mounted at.
        info
            Headers, address and token of the request.

        Returns
        -------
        bool or None
            False refuses the connection with status 403.

        Raises
        ------
        ConnectError
            To refuse the connection with a reason.
        """
        return True

    def id(self) -> str | None:
        """Return a name for the connection, by which `Hub.disconnect` closes it; None for none."""
        return None

    def authorize(self, topic: str) -> None:
        """Accept or refuse the join of a topic; called before and after its channel's `join`.

        Raises
        ------
        JoinError
            To refuse the join, with the payload of the reply.
        """
        return None

    def opened(self, connection: ConnectionLike) -> None:
        """Handle the beginning of a connection that was accepted.

        Parameters
        ----------
        connection
            The connection, which can be closed, or lose channels, until `closed` is called.
        """
        return None

    def closed(self) -> None:
        """Handle the end of a connection that `opened` was called for."""
        return None
