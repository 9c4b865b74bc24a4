"""The test kit, tested."""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar

import pytest

from tests.support.eventually import eventually
from tickfire.phoenix import (
    Channel,
    ConnectError,
    ConnectInfo,
    Hub,
    JoinError,
    NoReply,
    Reply,
    Socket,
    Stop,
    UserSocket,
)
from tickfire.phoenix.testing import ConnectionRefused, JoinRefused, connect


class Room(Channel):
    async def join(self, topic: str, payload: Any, socket: Socket) -> Any:
        if topic == "room:closed":
            raise JoinError({"reason": "closed"})
        socket.send_info("welcome")
        return {"you": socket.assigns["user"], **payload}

    async def handle_info(self, message: Any, socket: Socket) -> None:
        socket.push(message, {"n": 1})

    async def handle_in(self, event: str, payload: Any, socket: Socket) -> Any:
        match event:
            case "echo":
                return Reply(payload)
            case "bytes":
                socket.push("bytes", payload)
                await socket.broadcast("more", payload)
                return Reply(b"!" + payload)
            case "shout":
                await socket.broadcast_from("shout", payload)
                return NoReply()
            case "close":
                socket.close(4000)
            case "abort":
                socket.abort()
            case "stop":
                return Stop()
        return Reply(status="error")


class User(UserSocket):
    channels: ClassVar = {"room:*": Room}

    async def connect(self, params: dict[str, Any], info: ConnectInfo) -> bool:
        if info.auth_token == "broken":
            raise ConnectError("broken")
        self.assigns["user"] = params.get("user", info.headers.get("x-user"))
        return self.assigns["user"] is not None


async def test_joins_replies_pushes_and_broadcasts() -> None:
    hub = Hub()
    client = await connect(User, {"user": "ann"}, hub=hub)
    room, response = await client.join("room:1", {"n": 1})
    assert response == {"you": "ann", "n": 1}
    assert await room.assert_push("welcome", {"n": 1}) == {"n": 1}
    ref = room.push("echo", {"n": 2})
    assert await room.assert_reply(ref, "ok", {"n": 2}) == {"n": 2}
    await room.assert_reply(room.push("unknown"), "error")
    room.push("shout", {"loud": True})
    assert await room.assert_broadcast("shout", lambda payload: payload["loud"]) == {"loud": True}
    await room.refute_push("shout")
    await room.refute_broadcast("shout")
    other, _ = await (await connect(User, headers={"x-user": "bob"}, hub=hub)).join("room:1")
    room.push("shout", {})
    await other.assert_push("shout")


async def test_binary_messages() -> None:
    room, _ = await (await connect(User, {"user": "ann"}, hub=Hub())).join("room:1")
    ref = room.push("bytes", b"\x00\xff")
    assert await room.assert_push("bytes") == b"\x00\xff"
    assert await room.assert_push("more") == b"\x00\xff"
    assert await room.assert_reply(ref) == b"!\x00\xff"


async def test_ends() -> None:
    client = await connect(User, {"user": "ann"}, hub=Hub())
    room, _ = await client.join("room:1")
    await room.assert_reply(room.leave())
    await room.assert_push("phx_close")
    room, _ = await client.join("room:1")
    room.push("stop")
    await room.assert_push("phx_close")
    room, _ = await client.join("room:1")
    room.push("close")
    await eventually(lambda: client.closed_with == 4000, "closed")
    client = await connect(User, {"user": "ann"}, hub=Hub())
    room, _ = await client.join("room:1")
    room.push("abort")
    await eventually(lambda: client.closed_with == 1006, "closed abnormally")
    client.disconnect()


async def test_refusals() -> None:
    hub = Hub()
    with pytest.raises(ConnectionRefused):
        await connect(User, hub=hub)
    with pytest.raises(ConnectError):
        await connect(User, auth_token="broken", hub=hub)
    client = await connect(User, {"user": "ann"}, hub=hub)
    with pytest.raises(JoinRefused) as refused:
        await client.join("room:closed")
    assert refused.value.response == {"reason": "closed"}


async def test_what_is_asserted_in_vain_fails() -> None:
    room, _ = await (await connect(User, {"user": "ann"}, hub=Hub())).join("room:1")
    ref = room.push("echo", {"n": 1})
    with pytest.raises(AssertionError):
        await room.assert_reply(ref, "error")
    with pytest.raises(AssertionError):
        await room.assert_reply(room.push("echo", {"n": 1}), "ok", {"n": 2})
    with pytest.raises(AssertionError, match="did not arrive"):
        await room.assert_push("welcome", {"n": 2}, within_s=0.01)
    with pytest.raises(AssertionError, match="must not: Received"):
        await room.refute_push("welcome")
    with pytest.raises(AssertionError, match="broadcast did not arrive"):
        await room.assert_broadcast("shout", within_s=0.01)
    room.push("shout", {"n": 1})
    await room.refute_broadcast("shout", {"n": 2}, within_s=0)
    with pytest.raises(AssertionError, match="broadcast arrived"):
        await room.refute_broadcast("shout")


async def test_a_reply_that_arrives_just_as_the_time_is_over_is_found() -> None:
    room, _ = await (await connect(User, {"user": "ann"}, hub=Hub())).join("room:1")
    asyncio.get_running_loop().call_soon(room.push, "echo", {"n": 1})
    assert await room.assert_reply("2", "ok", within_s=0) == {"n": 1}  # the ref of that push


@pytest.mark.parametrize("kind", ["push", "broadcast", "reply"])
async def test_a_refutation_waits(kind: str) -> None:
    hub = Hub()
    room, _ = await (await connect(User, {"user": "ann"}, hub=hub)).join("room:1")
    other, _ = await (await connect(User, {"user": "bob"}, hub=hub)).join("room:1")
    refuted = {
        "push": room.refute_push("shout", within_s=5),
        "broadcast": room.refute_broadcast("shout", within_s=5),
        "reply": room.refute_reply("2", "ok", within_s=5),  # the ref of the next push
    }
    loop = asyncio.get_running_loop()
    loop.call_soon(room.push, "echo")
    loop.call_soon(other.push, "shout")
    with pytest.raises(AssertionError, match="must not"):
        await refuted.pop(kind)
    for others in refuted.values():
        others.close()


async def test_a_refutation_passes_when_its_time_is_over() -> None:
    room, _ = await (await connect(User, {"user": "ann"}, hub=Hub())).join("room:1")
    ref = room.push("echo", {"n": 1})
    await room.refute_push("shout", within_s=0.01)
    await room.refute_reply(ref, "error", within_s=0)
    await room.refute_reply(ref, "ok", {"n": 2}, within_s=0)


async def test_a_refutation_that_is_not_awaited_fails_for_what_came_and_warns() -> None:
    room, _ = await (await connect(User, {"user": "ann"}, hub=Hub())).join("room:1")
    with pytest.raises(AssertionError, match="must not"):
        room.refute_push("welcome")  # type: ignore[unused-coroutine]
    with pytest.warns(RuntimeWarning, match="never awaited"):
        room.refute_push("goodbye")  # type: ignore[unused-coroutine]
