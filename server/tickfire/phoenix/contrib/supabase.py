"""Broadcast and presence for clients of Supabase Realtime, such as `@supabase/realtime-js`.

::

    hub = Hub((V1Serializer(), SupabaseSerializer()))
    presence = Presence(hub)
    app = Starlette(routes=[realtime_socket(hub, presence, api_keys=["public-key"])])

    await broadcast(hub, "room", "cursor", {"x": 1})  # from anywhere on the server

A client connects with `new RealtimeClient("ws://host/realtime/v1", {params: {apikey}})`. Supported
are the features of Supabase channels that need no database: broadcasts (`self`, `ack`, JSON and
bytes), presence (`track`, `untrack`), private channels, and new access tokens while joined. Joins
that request Postgres changes are refused, and there is no REST interface.

To test a channel with `tickfire.phoenix.testing`, use a plain `Hub()`, because the test kit reads
JSON only.
"""

from __future__ import annotations

import asyncio
import hmac
import time
import uuid
from collections.abc import Awaitable, Callable, Collection, Mapping
from functools import partial
from typing import Any

import msgspec

from tickfire.phoenix.channel import Channel
from tickfire.phoenix.contrib.user_broadcast import SupabaseSerializer, user_broadcast
from tickfire.phoenix.core.hub import Hub
from tickfire.phoenix.endpoint import PhoenixSocket
from tickfire.phoenix.errors import JoinError
from tickfire.phoenix.presence import Presence
from tickfire.phoenix.results import NoReply, Reply, Stop
from tickfire.phoenix.socket import Socket
from tickfire.phoenix.user_socket import ChannelFactory, ConnectInfo, UserSocket

__all__ = [
    "RealtimeChannel",
    "RealtimeSocket",
    "SupabaseSerializer",
    "broadcast",
    "realtime_socket",
]

PREFIX = "realtime:"
PATH = "/realtime/v1"

type Result = Reply | NoReply | Stop | None
type Later = Callable[[Socket], Awaitable[Stop | None]]


class _BroadcastConfig(msgspec.Struct, frozen=True):
    ack: bool = False
    to_self: bool = msgspec.field(default=False, name="self")


class _PresenceConfig(msgspec.Struct, frozen=True):
    key: str | None = None
    enabled: bool = False


class _Config(msgspec.Struct, frozen=True):
    broadcast: _BroadcastConfig | None = None
    presence: _PresenceConfig | None = None
    private: bool | None = None
    postgres_changes: list[Any] | None = None


class _Join(msgspec.Struct, frozen=True):
    config: _Config | None = None
    access_token: str | None = None


class RealtimeChannel(Channel):
    """Channel of a `realtime:` topic; subclass it for private channels.

    The names passed to its methods are topics without the prefix `realtime:`.

    Parameters
    ----------
    presence
        The presence of the application's hub.
    """

    def __init__(self, presence: Presence) -> None:
        self._presence = presence
        self._name = ""
        self._private = False
        self._broadcasts = _BroadcastConfig()
        self._key = ""
        self._tracked: Any = None  # the tracked payload
        self._shows_presence = False
        self._expiry: asyncio.TimerHandle | None = None

    # --- to be overridden
    def is_private(self, name: str) -> bool:
        """Return whether a channel is private; the client must request the same when it joins."""
        return False

    async def authorize(self, name: str, token: str | None, socket: Socket) -> float | None:
        """Authorize a client for a private channel, or raise JoinError.

        It is called when the client joins, and whenever it sends a new access token.

        Parameters
        ----------
        name
            Name of the channel.
        token
            The client's access token, or its API key if it has none.
        socket
            The channel's socket.

        Returns
        -------
        float, or None
            Expiry of the token, in seconds since the Unix epoch, at which the channel is closed
            unless the client has sent a new token; None for no expiry.

        Raises
        ------
        JoinError
            If the client may not use the channel, as the default implementation always does.
        """
        raise _refusal(f"Unauthorized: nobody may read from the channel {name}")

    # --- joining
    async def join(self, topic: str, payload: Any, socket: Socket) -> Any:
        """Accept the join, with the config that the client requests."""
        self._name = topic.removeprefix(PREFIX)
        if not self._name:
            raise _refusal("TopicNameRequired: You must provide a topic name")
        try:
            asked = msgspec.convert(payload, _Join)
        except msgspec.ValidationError as error:
            raise _refusal(f"InvalidJoinPayload: {error}") from None
        config = asked.config or _Config()
        if config.postgres_changes:
            raise _refusal("Postgres changes are not served here")
        self._private = self.is_private(self._name)
        if self._private != bool(config.private):
            kind = "private" if self._private else "public"
            raise _refusal(f"Unauthorized: the channel {self._name} is {kind}")
        if self._private:
            await self._let_in(asked.access_token or _api_key(socket), socket)
            socket.on_end(self._forget_expiry)
        self._broadcasts = config.broadcast or _BroadcastConfig()
        presence = config.presence or _PresenceConfig()
        self._key = presence.key or str(uuid.uuid4())
        if presence.enabled:
            socket.send_info(self._show_presence)
        return {"postgres_changes": []}

    async def handle_info(self, message: Any, socket: Socket) -> NoReply | Stop | None:
        """Run a deferred action: after the join reply, or when the token has expired."""
        later: Later = message
        return await later(socket)

    # --- events
    async def handle_in(self, event: str, payload: Any, socket: Socket) -> Result:
        """Handle a broadcast, a change of the client's presence, or a new token."""
        if not isinstance(payload, Mapping):
            return _error(f"the payload of {event} must be a map")
        match event:
            case "broadcast":
                return await self._broadcast(payload, socket)
            case "presence":
                return self._change_presence(payload, socket)
            case "access_token":
                return await self._take_token(payload.get("access_token"), socket)
        return None  # Supabase also ignores other events

    async def _broadcast(self, payload: Mapping[str, Any], socket: Socket) -> Result:
        if not isinstance(payload.get("event"), str):
            return _error("a broadcast has an event")
        message = user_broadcast(payload["event"], payload.get("payload", {}))
        if self._broadcasts.to_self:
            await socket.broadcast("broadcast", message)
        else:
            await socket.broadcast_from("broadcast", message)
        return Reply() if self._broadcasts.ack else None

    def _change_presence(self, payload: Mapping[str, Any], socket: Socket) -> Result:
        match str(payload.get("event")).lower():
            case "track":
                meta = payload.get("payload", {})
                if not isinstance(meta, dict):
                    return _error("Presence track payload must be a map")
                self._track(meta, socket)
            case "untrack":
                self._presence.untrack(socket, self._key)
                self._tracked = None
            case other:
                return _error(f"unknown presence event {other}")
        return Reply()

    def _track(self, meta: dict[str, Any], socket: Socket) -> None:
        if meta == self._tracked:
            return
        # Not an update, which sends a single diff with a join and a leave: realtime-js 2.109 would
        # forget the ref of the old meta before looking it up, and keep the old meta.
        self._presence.untrack(socket, self._key)
        self._presence.track(socket, self._key, meta)
        self._tracked = meta
        if not self._shows_presence:
            socket.send_info(self._show_presence)

    async def _show_presence(self, socket: Socket) -> None:
        """Send the presence state to the client, once; diffs follow automatically."""
        if not self._shows_presence:
            self._shows_presence = True
            socket.push("presence_state", await self._presence.list(socket.topic))

    # --- tokens
    async def _take_token(self, token: Any, socket: Socket) -> Result:
        if not self._private or not isinstance(token, str):
            return None
        try:
            await self._let_in(token, socket)
        except JoinError as error:
            return self._put_out(_reason(error), socket)
        return None

    async def _let_in(self, token: str | None, socket: Socket) -> None:
        """Authorize the client, and schedule the expiry of its token."""
        expires_at = await self.authorize(self._name, token, socket)
        self._forget_expiry()
        if expires_at is not None:
            loop = asyncio.get_running_loop()
            expire: Later = self._expire
            left_s = expires_at - time.time()
            self._expiry = loop.call_later(left_s, socket.send_info, expire)

    def _forget_expiry(self) -> None:
        if self._expiry is not None:
            self._expiry.cancel()
            self._expiry = None

    async def _expire(self, socket: Socket) -> Stop:
        return self._put_out("Token has expired", socket)

    def _put_out(self, message: str, socket: Socket) -> Stop:
        """Close the channel, after a system message that gives the reason."""
        system = {"extension": "system", "status": "error"}
        socket.push("system", {**system, "message": message, "channel": self._name})
        return Stop()


class RealtimeSocket(UserSocket):
    """User socket that requires an API key, in the param `apikey` or the header `x-api-key`.

    Parameters
    ----------
    channels
        Mapping of topic patterns to channel factories.
    api_keys
        The accepted API keys.
    """

    def __init__(self, channels: Mapping[str, ChannelFactory], api_keys: Collection[str]) -> None:
        super().__init__()
        self.channels = channels
        self._api_keys = api_keys

    async def connect(self, params: dict[str, Any], info: ConnectInfo) -> bool:
        """Accept a connection that has one of the API keys."""
        key = params.get("apikey", info.headers.get("x-api-key"))
        if not isinstance(key, str):
            return False
        self.assigns["apikey"] = key
        given = key.encode()
        return any([hmac.compare_digest(given, taken.encode()) for taken in self._api_keys])


def realtime_socket(
    hub: Hub,
    presence: Presence,
    *,
    api_keys: Collection[str],
    channel: Callable[[Presence], RealtimeChannel] = RealtimeChannel,
    path: str = PATH,
    **options: Any,
) -> PhoenixSocket:
    """Return the route that clients of Supabase Realtime connect to.

    Parameters
    ----------
    hub
        A hub with a SupabaseSerializer among its serializers.
    presence
        The presence of that hub.
    api_keys
        The API keys that clients may use.
    channel
        RealtimeChannel, or a subclass of it.
    path
        Path of the socket, without `/websocket`.
    **options
        Options of PhoenixSocket, such as `check_origin=False` to allow pages of any site.

    Raises
    ------
    ValueError
        If the hub has no SupabaseSerializer.
    """
    if not any(isinstance(each, SupabaseSerializer) for each in hub.serializers):
        raise ValueError("the hub must be made with Hub((V1Serializer(), SupabaseSerializer()))")
    channels: Mapping[str, ChannelFactory] = {f"{PREFIX}*": partial(channel, presence)}
    return PhoenixSocket(path, partial(RealtimeSocket, channels, api_keys), hub=hub, **options)


def broadcast(hub: Hub, name: str, event: str, payload: Any) -> Awaitable[None]:
    """Send a broadcast to all clients on a channel, on all nodes.

    Parameters
    ----------
    hub
        The hub of `realtime_socket`.
    name
        The name of the channel.
    event
        The event that clients subscribe to.
    payload : any JSON value, or bytes
        The payload; clients receive bytes as an ArrayBuffer.

    Returns
    -------
    awaitable
        Done when the broadcast has been published; see `Hub.broadcast_async`.
    """
    return hub.broadcast_async(f"{PREFIX}{name}", "broadcast", user_broadcast(event, payload))


def _refusal(reason: str) -> JoinError:
    return JoinError({"reason": reason})


def _reason(refusal: JoinError) -> str:
    payload = refusal.payload
    return str(payload["reason"] if isinstance(payload, dict) and "reason" in payload else payload)


def _error(reason: str) -> Reply:
    return Reply({"reason": reason}, "error")


def _api_key(socket: Socket) -> str | None:
    key = socket.assigns.get("apikey")
    return key if isinstance(key, str) else None
