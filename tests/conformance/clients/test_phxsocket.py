"""PyPI phxsocket: vsn 1.0.0, refs that are integers, threads instead of a loop."""

from __future__ import annotations

from collections.abc import Iterator
from queue import Queue
from typing import Any

import phxsocket  # type: ignore[import-untyped]
import pytest
from phxsocket.channel import ChannelConnectError  # type: ignore[import-untyped]

from tests.conformance.clients.app_process import AppProcess

PATIENCE_S = 60
NO_HEARTBEAT_S = 3_600  # after the first: the thread that sends them would outlive the test


class _Clients:
    def __init__(self, app: AppProcess) -> None:
        self._url = f"ws://127.0.0.1:{app.port}/socket/websocket"
        self._open: list[phxsocket.Client] = []

    def connect(self, **params: str) -> phxsocket.Client:
        client = phxsocket.Client(self._url, params)
        client.heartbeat_interval = NO_HEARTBEAT_S
        assert client.connect() is True
        self._open.append(client)
        return client

    def close(self) -> None:
        for client in self._open:
            client.close()


@pytest.fixture
def clients(app: AppProcess) -> Iterator[_Clients]:
    clients = _Clients(app)
    yield clients
    clients.close()


def _ask(channel: phxsocket.Channel, event: str, payload: Any) -> Any:
    sent = channel.push(event, payload, reply=True)
    assert sent is not None
    assert sent.event.wait(PATIENCE_S), f"no reply to {event}"
    return sent.message


def test_it_joins_and_is_answered(clients: _Clients) -> None:
    room = clients.connect().channel("room:phxsocket", {"n": 1})
    assert room.join() == {"topic": "room:phxsocket", "params": {"n": 1}}
    for payload in ({"deep": [1, None, "é"]}, [1, 2], "text", 1.5, None):
        assert _ask(room, "echo", payload) == {"status": "ok", "response": payload}
    assert _ask(room, "echo_error", {"no": 1}) == {"status": "error", "response": {"no": 1}}
    assert _ask(room, "reply_later", {}) == {"status": "ok", "response": {"later": True}}


def test_a_refused_join_raises(clients: _Clients) -> None:
    client = clients.connect()
    with pytest.raises(ChannelConnectError) as refused:
        client.channel("room:deny").join()
    assert refused.value.args == ({"reason": "unauthorized", "params": {}},)
    with pytest.raises(ChannelConnectError) as unmatched:
        client.channel("nosuch:1").join()
    assert unmatched.value.args == ({"reason": "unmatched topic"},)


def test_broadcasts_reach_both_clients(clients: _Clients) -> None:
    heard: Queue[tuple[str, Any]] = Queue()
    rooms = [clients.connect().channel("room:both") for _ in range(2)]
    for name, room in zip("ab", rooms, strict=True):
        room.on("shout", lambda payload, name=name: heard.put((name, payload)))
        room.join()
    assert _ask(rooms[0], "broadcast", {"loud": 1}) == {"status": "ok", "response": {}}
    got = [heard.get(timeout=PATIENCE_S) for _ in rooms]
    assert sorted(got, key=lambda each: each[0]) == [("a", {"loud": 1}), ("b", {"loud": 1})]


def test_pushes_and_the_end_of_a_channel_are_received(clients: _Clients) -> None:
    told: Queue[Any] = Queue()
    room = clients.connect().channel("room:told")
    room.on("pushed", told.put)
    room.on_close = lambda: told.put("closed")
    room.join()
    room.push("push_me", {"n": 1})
    assert told.get(timeout=PATIENCE_S) == {"n": 1}
    room.push("stop_normal", {})
    assert told.get(timeout=PATIENCE_S) == "closed"


def test_the_heartbeat_is_answered(clients: _Clients) -> None:
    replies: Queue[Any] = Queue()
    client = clients.connect()
    client.on_message = replies.put
    client.push("phoenix", "heartbeat", {})
    reply = replies.get(timeout=PATIENCE_S)
    assert (reply.topic, reply.event) == ("phoenix", "phx_reply")
    assert reply.payload == {"status": "ok", "response": {}}


def test_it_notices_when_the_server_closes(clients: _Clients, app: AppProcess) -> None:
    closed: Queue[Any] = Queue()
    client = phxsocket.Client(f"ws://127.0.0.1:{app.port}/socket/websocket", {"user_id": "phx"})
    client.heartbeat_interval = NO_HEARTBEAT_S
    client.on_close = closed.put
    client.connect()
    room = client.channel("room:close")
    room.join()
    room.push("disconnect_me", {})
    assert closed.get(timeout=PATIENCE_S) is client
