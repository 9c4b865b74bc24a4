"""The channels behind the transcripts: market, room and presence."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from tickfire.phoenix import Channel, JoinError, NoReply, Presence, Reply, Socket, Stop
from tickfire.phoenix.presence import AlreadyTrackedError, NotTrackedError

type Result = Reply | NoReply | Stop | None
type Handler = Callable[[Any, Socket], Awaitable[Result]]

LATER_S = 0.03
SLOW_S = 0.2
SLOW_JOIN_S = 0.3


class ShutdownExit(Exception):
    """Equivalent of an Erlang exit with reason shutdown."""


class MarketChannel(Channel):
    """Channel that publishes to its own topic or another, and echoes."""

    async def handle_in(self, event: str, payload: Any, socket: Socket) -> Result:
        if event == "publish":
            _publish(socket, socket.topic, payload)
        elif event == "publish_to":
            _publish(socket, payload["topic"], payload)
        elif event == "echo":
            return Reply(payload)
        else:
            raise LookupError(event)
        return NoReply()


def _publish(socket: Socket, topic: str, payload: Any) -> None:
    for _ in range(payload.get("n", 1)):
        socket.hub.broadcast(topic, "tick", payload["payload"])


class RoomChannel(Channel):
    """Channel that does everything that a channel can do, chosen by topic and event."""

    async def join(self, topic: str, payload: Any, socket: Socket) -> Any:
        match topic:
            case "room:deny":
                raise JoinError({"reason": "unauthorized", "params": payload})
            case "room:raise":
                raise RuntimeError("room:raise")
            case "room:exit":
                raise ShutdownExit
            case "room:binjoin":
                return b"\x01\x02\x03\xff"
            case "room:denybin":
                raise JoinError(b"\x09\x08")
            case "room:slow":
                await asyncio.sleep(SLOW_JOIN_S)
                return {}
            case "room:connparams":
                return {"params": socket.params}
        if topic.startswith("room:noreply"):
            return None
        if topic.startswith("room:after"):
            socket.send_info("after_join")
            return {"joined": True}
        return {"topic": topic, "params": payload}

    async def handle_info(self, message: Any, socket: Socket) -> NoReply | Stop | None:
        socket.push("welcome", {"n": 1})
        return None

    async def handle_in(self, event: str, payload: Any, socket: Socket) -> Result:
        return await _EVENTS[event](payload, socket)


async def _echo(payload: Any, socket: Socket) -> Result:
    return Reply(payload)


async def _echo_error(payload: Any, socket: Socket) -> Result:
    return Reply(payload, "error")


async def _status_only(payload: Any, socket: Socket) -> Result:
    match payload["status"]:
        case "ok":
            return Reply()
        case "error":
            return Reply(status="error")
        case "custom":
            return Reply({"a": 1}, "custom_status")
    raise LookupError(payload["status"])


async def _noreply(payload: Any, socket: Socket) -> Result:
    return NoReply()


async def _push_me(payload: Any, socket: Socket) -> Result:
    socket.push("pushed", payload)
    return NoReply()


async def _push_then_reply(payload: Any, socket: Socket) -> Result:
    socket.push("pushed", payload)
    return Reply({"done": True})


async def _broadcast(payload: Any, socket: Socket) -> Result:
    await socket.broadcast("shout", payload)
    return NoReply() if isinstance(payload, bytes) else Reply()


async def _broadcast_from(payload: Any, socket: Socket) -> Result:
    await socket.broadcast_from("shout", payload)
    return NoReply() if isinstance(payload, bytes) else Reply()


async def _reply_later(payload: Any, socket: Socket) -> Result:
    ref = socket.socket_ref()
    loop = asyncio.get_running_loop()
    loop.call_later(LATER_S, socket.reply, ref, Reply({"later": True}))
    return NoReply()


async def _two_replies(payload: Any, socket: Socket) -> Result:
    socket.reply(socket.socket_ref(), Reply({"first": True}))
    return Reply({"second": True})


async def _raise(payload: Any, socket: Socket) -> Result:
    raise RuntimeError("raise")


async def _exit_abnormal(payload: Any, socket: Socket) -> Result:
    raise ShutdownExit("abnormal")


async def _throw(payload: Any, socket: Socket) -> Result:
    raise asyncio.CancelledError


async def _bad_return(payload: Any, socket: Socket) -> Result:
    return "neither a reply nor a stop"  # type: ignore[return-value]


async def _stop_reply(payload: Any, socket: Socket) -> Result:
    return Stop("normal", Reply(payload))


async def _stop_status_reply(payload: Any, socket: Socket) -> Result:
    return Stop("shutdown", Reply())


async def _endpoint_broadcast(payload: Any, socket: Socket) -> Result:
    socket.hub.broadcast(payload["topic"], payload["event"], payload["payload"])
    return Reply()


async def _disconnect_me(payload: Any, socket: Socket) -> Result:
    socket.hub.broadcast(f"users:{socket.assigns['user_id']}", "disconnect", {})
    return NoReply()


async def _kill_transport(payload: Any, socket: Socket) -> Result:
    socket.abort()
    return NoReply()


async def _slow(payload: Any, socket: Socket) -> Result:
    await asyncio.sleep(SLOW_S)
    return Reply({"slow": True})


def _stop(reason: Any) -> Handler:
    async def handle(payload: Any, socket: Socket) -> Result:
        return Stop(reason)

    return handle


_EVENTS: dict[str, Handler] = {
    "echo": _echo,
    "echo_error": _echo_error,
    "status_only": _status_only,
    "noreply": _noreply,
    "push_me": _push_me,
    "push_then_reply": _push_then_reply,
    "broadcast": _broadcast,
    "broadcast_from": _broadcast_from,
    "reply_later": _reply_later,
    "two_replies": _two_replies,
    "raise": _raise,
    "exit_abnormal": _exit_abnormal,
    "throw": _throw,
    "bad_return": _bad_return,
    "stop_normal": _stop("normal"),
    "stop_shutdown": _stop("shutdown"),
    "stop_shutdown_t": _stop(("shutdown", "t")),
    "stop_error": _stop("error"),
    "stop_reply": _stop_reply,
    "stop_status_reply": _stop_status_reply,
    "endpoint_broadcast": _endpoint_broadcast,
    "disconnect_me": _disconnect_me,
    "kill_transport": _kill_transport,
    "slow": _slow,
}


class PresenceChannel(Channel):
    """Channel that tracks its user."""

    def __init__(self, presence: Presence) -> None:
        self._presence = presence

    async def join(self, topic: str, payload: Any, socket: Socket) -> Any:
        socket.assigns["user"] = payload.get("user", "anon")
        socket.send_info(payload.get("meta", {}))
        return {}

    async def handle_info(self, message: Any, socket: Socket) -> None:
        self._presence.track(socket, socket.assigns["user"], {"online_at": 1, **message})
        socket.push("presence_state", await self._presence.list(socket.topic))

    async def handle_in(self, event: str, payload: Any, socket: Socket) -> Result:
        user = socket.assigns["user"]
        match event:
            case "update":
                return self._tried(NotTrackedError, ":nopresence", self._presence.update)(
                    socket, user, payload
                )
            case "untrack":
                self._presence.untrack(socket, user)
                return Reply()
            case "track_again":
                return self._tried(AlreadyTrackedError, "already_tracked", self._presence.track)(
                    socket, user, payload
                )
            case "list":
                return Reply(await self._presence.list(socket.topic))
            case "stop":
                return Stop()
        raise LookupError(event)

    @staticmethod
    def _tried(
        refusal: type[Exception], reason: str, change: Callable[[Socket, str, Any], str]
    ) -> Callable[[Socket, str, Any], Reply]:
        def change_and_reply(socket: Socket, user: str, meta: Any) -> Reply:
            try:
                change(socket, user, meta)
            except refusal:
                return Reply({"reason": reason}, "error")
            return Reply()

        return change_and_reply
