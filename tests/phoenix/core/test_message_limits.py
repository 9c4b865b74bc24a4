"""Limits of names and of JSON's structure, which are off by default."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given

from tests.support.phoenix.serving import serve
from tests.support.phoenix.strategies import json_values
from tickfire.phoenix import Channel, MessageLimits, Socket
from tickfire.phoenix.wire.message import Message

LIMITS = MessageLimits(max_name_size=255, max_containers=8, max_pairs=16)
FITS = "é" * 127 + "x"
LONG = "é" * 128


class Room(Channel):
    async def handle_in(self, event: str, payload: Any, socket: Socket) -> None:
        return None


@pytest.mark.parametrize(
    ("message", "fault"),
    [
        (Message("1", "2", FITS, FITS, {}), None),
        (Message(FITS, FITS, "t", "e", {}), None),
        (Message(None, 2, "t", "e", {}), None),
        (Message("1", "2", LONG, "e", {}), "topic too long"),
        (Message("1", "2", "t", LONG, {}), "event too long"),
        (Message("1", LONG, "t", "e", {}), "ref too long"),
        (Message(LONG, "2", "t", "e", {}), "join_ref too long"),
        (Message([LONG], "2", "t", "e", {}), "join_ref too long"),
        (Message(10**255, "2", "t", "e", {}), "join_ref too long"),
        (Message("1", "2", ["x"] * 100, "e", {}), "topic too long"),
    ],
)
def test_a_name_has_so_many_bytes(message: Message, fault: str | None) -> None:
    assert LIMITS.fault(message) == fault
    assert MessageLimits().fault(message) is None


@pytest.mark.parametrize(
    ("text", "admitted"),
    [
        ("[" * 8 + "]" * 8, True),
        ("[" * 9 + "]" * 9, False),
        (json.dumps([{}] * 7), True),
        (json.dumps([{}] * 8), False),
        (json.dumps({str(n): n for n in range(16)}), True),
        ("{" + '"a":1,' * 17 + "}", False),
        ("\0" + "{" * 99, True),
    ],
)
def test_the_structure_of_json_is_bounded(text: str, admitted: bool) -> None:
    assert LIMITS.admits(text.encode()) == admitted
    assert MessageLimits().admits(text.encode())


@given(json_values)
def test_a_short_message_is_within_every_limit(value: Any) -> None:
    data = json.dumps(["1", "2", "t", "e", value]).encode()
    if len(data) <= LIMITS.always_met_within:
        assert LIMITS.admits(data)


async def test_a_client_is_told_which_name_is_too_long() -> None:
    async with (
        serve({"room:*": Room}, message_limits=LIMITS) as served,
        served.client() as client,
    ):
        topic = f"room:{LONG}"
        await client.send("1", "2", topic, "phx_join", {})
        response = {"status": "error", "response": {"reason": "topic too long"}}
        assert await client.receive() == [None, "2", topic, "phx_reply", response]
        assert await client.join("room:1") == {}
        await client.send("1", "3", "room:1", LONG, {})
        assert (await client.receive())[4]["response"] == {"reason": "event too long"}


V1 = {"topic": "t", "event": "e", "ref": "1", "payload": [[]] * 9}
V2 = ["1", "2", "t", "e", [[]] * 9]


@pytest.mark.parametrize(
    ("vsn", "data"),
    [
        ("1.0.0", json.dumps(V1)),
        ("1.0.0", json.dumps(V1).encode()),
        ("2.0.0", json.dumps(V2)),
    ],
    ids=["vsn 1, text", "vsn 1, binary", "vsn 2, text"],
)
async def test_a_message_with_too_much_structure_closes_with_1009(
    vsn: str, data: str | bytes
) -> None:
    async with (
        serve({"room:*": Room}, message_limits=LIMITS) as served,
        served.client(f"/socket/websocket?vsn={vsn}") as client,
    ):
        await client.connection.send(data)
        await client.connection.wait_closed()
        assert client.connection.close_code == 1009
