"""A guard sees each message first: it lets it pass, answers it, or closes the connection."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.eventually import eventually
from tests.support.phoenix.fakes import Talk
from tests.support.phoenix.serving import serve
from tickfire.phoenix import Channel, Close, Message, Reply, Socket, UserSocket
from tickfire.phoenix.core.turns import TURN_S

BUSY = {"reason": "busy", "retry_after": 2}


class Room(Channel):
    async def handle_in(self, event: str, payload: Any, socket: Socket) -> Reply:
        return Reply({"event": event})


def guard(user_socket: UserSocket, message: Message) -> Reply | Close | None:
    user_socket.assigns.setdefault("seen", []).append(message.event)
    if message.event == "flood":
        return Close(1008, "enough")
    return Reply(BUSY, "error") if "busy" in (message.topic, message.event) else None


async def test_a_guard_answers_a_push_or_a_join_in_place_of_its_channel() -> None:
    user = UserSocket()
    talk = Talk({"*": Room}, guard=guard, user_socket=user)
    talk.join("room:1")
    talk.send("2", "2", "busy", "phx_join", {})
    talk.send("1", "3", "room:1", "busy", {})
    talk.send("1", "4", "room:1", "fine", {})
    talk.send(None, "5", "phoenix", "heartbeat", {})
    refused, ok = {"status": "error", "response": BUSY}, {"status": "ok", "response": {}}
    assert talk.said() == [
        ["2", "2", "busy", "phx_reply", refused],
        ["1", "3", "room:1", "phx_reply", refused],
        ["1", "4", "room:1", "phx_reply", {**ok, "response": {"event": "fine"}}],
        [None, "5", "phoenix", "phx_reply", ok],
    ]
    assert user.assigns["seen"] == ["phx_join", "phx_join", "busy", "fine", "heartbeat"]


async def test_a_guard_closes_the_connection() -> None:
    talk = Talk({"room:*": Room}, guard=guard)
    talk.send(None, "1", "room:1", "flood", {})
    assert (talk.transport.closed_with, talk.transport.reason) == (1008, "enough")
    assert talk.session.closed


async def test_a_socket_takes_a_guard_as_an_option() -> None:
    async with serve({"room:*": Room}, guard=guard) as served, served.client() as client:
        await client.send("1", "1", "busy", "phx_join", {})
        assert (await client.receive())[4] == {"status": "error", "response": BUSY}


@pytest.mark.parametrize("turn_s", [TURN_S, 0.0])
async def test_a_guard_that_raises_an_error_closes_its_client_alone(
    turn_s: float, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(user_socket: UserSocket, message: Message) -> None:
        if message.event == "break":
            raise ZeroDivisionError("x")

    talk = Talk({"room:*": Room}, guard=broken, turn_s=turn_s)
    talk.join("room:1", "1")
    for ref, event in enumerate(("echo", "break", "echo"), 2):
        talk.send("1", str(ref), "room:1", event, {})
    await talk.session.settled()
    await eventually(lambda: talk.session.closed, "the session ends")
    assert talk.transport.closed_with == 1011
    assert talk.hub.stats.sessions == 0
    [record] = caplog.records
    assert record.getMessage() == "a message of room:1 failed"
    assert record.exc_info is not None
