"""Telemetry of connections and channels, and the log of them."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, ClassVar

import pytest

from tests.support.phoenix.serving import serve
from tickfire.phoenix import Channel, EventLog, Hub, JoinError, Reply, Socket, V2Serializer
from tickfire.phoenix.event_log import filter_params


class Room(Channel):
    log_join: ClassVar[int | None] = logging.WARNING
    log_handle_in: ClassVar[int | None] = logging.WARNING

    async def join(self, topic: str, payload: Any, socket: Socket) -> None:
        if topic == "room:closed":
            raise JoinError({"reason": "closed"})

    async def handle_in(self, event: str, payload: Any, socket: Socket) -> Reply:
        return Reply()


class Quiet(Room):
    log_join = None
    log_handle_in = None


async def talk(hub: Hub) -> None:
    channels = {"room:*": Room, "quiet": Quiet}
    path = "/socket/websocket?vsn=2.0.0&token=abc"
    async with serve(channels, hub) as served, served.client(path) as client:
        await client.join("room:1", {"password": "x", "n": 1})
        await client.send("1", "2", "room:1", "shout", {"text": "hi", "deep": [{"secret": 1}]})
        await client.receive()
        await client.send("3", "3", "room:closed", "phx_join", {})
        await client.receive()
        await client.join("quiet", {}, "4")
        await client.send("4", "5", "quiet", "shout", {})
        await client.receive()


async def test_handlers_get_the_events_with_measurements_and_metadata() -> None:
    hub = Hub()
    seen: list[tuple[str, dict[str, Any]]] = []

    def handler(event: str, measurements: Mapping[str, float], metadata: Mapping[str, Any]) -> None:
        assert 0 < measurements["duration_s"] < 5
        seen.append((event, dict(metadata)))

    for name in ("socket_connected", "channel_joined", "channel_handled_in"):
        hub.telemetry.attach(name, handler)
    await talk(hub)
    assert [(event, each.get("result")) for event, each in seen] == [
        ("socket_connected", "ok"),
        ("channel_joined", "ok"),
        ("channel_handled_in", None),
        ("channel_joined", "error"),
        ("channel_joined", "ok"),
        ("channel_handled_in", None),
    ]
    connected, joined, handled = (each for _, each in seen[:3])
    assert (connected["transport"], connected["vsn"]) == ("websocket", "v2")
    assert isinstance(connected["serializer"], V2Serializer)
    assert connected["params"]["token"] == "abc"
    assert (joined["socket"].topic, joined["params"]["n"]) == ("room:1", 1)
    assert isinstance(joined["channel"], Room)
    assert (handled["event"], handled["ref"], handled["params"]["text"]) == ("shout", "2", "hi")


async def test_a_handler_that_fails_is_detached(caplog: pytest.LogCaptureFixture) -> None:
    hub = Hub()
    calls = []

    def broken(event: str, measurements: Any, metadata: Any) -> None:
        calls.append(event)
        raise RuntimeError

    hub.telemetry.attach("channel_joined", broken)
    await talk(hub)
    assert calls == ["channel_joined"]
    assert caplog.messages == ["a handler of channel_joined failed and is detached"]
    with pytest.raises(ValueError, match="no event 'nonsense', only socket_connected"):
        hub.telemetry.attach("nonsense", broken)


async def test_the_log_has_joins_and_pushes_without_secrets(
    caplog: pytest.LogCaptureFixture,
) -> None:
    hub = Hub()
    log = EventLog(connect=logging.WARNING)
    log.attach(hub)
    await talk(hub)
    log.detach(hub)
    await talk(hub)
    texts = [text.partition(" in ")[0] for text in caplog.messages]
    assert texts == [
        "CONNECTED TO UserSocket over websocket",
        "JOINED 'room:1' of Room",
        "HANDLED 'shout' ON 'room:1' by Room",
        "REFUSED JOIN 'room:closed' of Room",
    ]
    params = [text.partition("params: ")[2] for text in caplog.messages]
    assert params == [
        "{'vsn': '2.0.0', 'token': '[FILTERED]'}",
        "{'password': '[FILTERED]', 'n': 1}",
        "{'text': 'hi', 'deep': [{'secret': '[FILTERED]'}]}",
        "{}",
    ]


def test_params_are_filtered_as_in_phoenix() -> None:
    params = {"id": {"a": 1}, "user_password": "x", "list": [{"id": 2, "b": 3}], "n": 4}
    assert filter_params(params, ["password"]) == params | {"user_password": "[FILTERED]"}
    assert filter_params(params, keep=["id"]) == {
        "id": {"a": 1},
        "user_password": "[FILTERED]",
        "list": [{"id": 2, "b": "[FILTERED]"}],
        "n": "[FILTERED]",
    }
    assert filter_params(b"123") == "3 bytes"
