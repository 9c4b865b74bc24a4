"""PyPI phoenix-channels-python-client: subscribes in both versions, reconnects and joins again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from phoenix_channels_python_client import (  # type: ignore[import-untyped]
    PhoenixChannelsProtocolVersion,
    PHXChannelsClient,
    ReconnectPolicy,
)
from phoenix_channels_python_client.exceptions import (  # type: ignore[import-untyped]
    PHXConnectionError,
    PHXTopicError,
)
from phoenix_channels_python_client.phx_messages import (  # type: ignore[import-untyped]
    ChannelMessage,
    UserEvent,
)
from phoenix_channels_python_client.utils import make_message  # type: ignore[import-untyped]

from tests.conformance.clients.app_process import AppProcess
from tests.support.eventually import eventually

PATIENCE_S = 60
V1, V2 = PhoenixChannelsProtocolVersion.V1, PhoenixChannelsProtocolVersion.V2
both_versions = pytest.mark.parametrize("version", [V1, V2])

AT_ONCE = ReconnectPolicy(
    base_delay_s=0.05,
    max_delay_s=0.1,
    service_restart_min_delay_s=0,
    service_restart_max_delay_s=0.1,
    rapid_first_min_delay_s=0,
    rapid_second_min_delay_s=0,
    rapid_cooldown_base_s=0,
    rapid_cooldown_step_s=0,
    rapid_suppress_disconnect_count=10_000,
)


class Listener:
    """A client and the messages received on its topics."""

    def __init__(self, client: PHXChannelsClient) -> None:
        self.client = client
        self.received: asyncio.Queue[tuple[str, dict[str, Any]]] = asyncio.Queue()
        self._refs = 0

    async def _note(self, message: ChannelMessage) -> None:
        await self.received.put((str(message.event), message.payload))

    async def subscribe(self, topic: str) -> None:
        await self.client.subscribe_to_topic(topic, self._note)

    def join_ref(self, topic: str) -> str | None:
        """Return the ref of the latest join."""
        subscription = self.client.get_current_subscriptions().get(topic)
        return None if subscription is None else subscription.join_ref

    async def push(self, topic: str, event: str, payload: dict[str, Any]) -> None:
        """Push by the client's own serializer: it has no method for that."""
        self._refs += 1
        subscription = self.client.get_current_subscriptions()[topic]
        message = make_message(
            UserEvent(event), topic, f"mine{self._refs}", payload, subscription.join_ref
        )
        assert self.client.connection is not None
        await self.client.get_protocol_handler().send_message(self.client.connection, message)

    async def next(self) -> tuple[str, dict[str, Any]]:
        async with asyncio.timeout(PATIENCE_S):
            return await self.received.get()


@asynccontextmanager
async def listening(
    app: AppProcess, version: PhoenixChannelsProtocolVersion, query: str = "", **options: Any
) -> AsyncIterator[Listener]:
    url = f"ws://127.0.0.1:{app.port}/socket/websocket{query}"
    client = PHXChannelsClient(
        url, "key", protocol_version=version, reconnect_policy=AT_ONCE, **options
    )
    async with client:
        yield Listener(client)


@both_versions
async def test_it_subscribes_pushes_and_leaves(
    app: AppProcess, version: PhoenixChannelsProtocolVersion
) -> None:
    async with listening(app, version) as listener:
        await listener.subscribe("room:python")
        await listener.push("room:python", "echo", {"deep": [1, None, "é"]})
        reply = {"status": "ok", "response": {"deep": [1, None, "é"]}}
        assert await listener.next() == ("phx_reply", reply)
        await listener.push("room:python", "push_me", {"n": 1})
        assert await listener.next() == ("pushed", {"n": 1})
        await listener.client.unsubscribe_from_topic("room:python")
        assert listener.client.get_current_subscriptions() == {}


@both_versions
async def test_an_event_after_the_join_arrives(
    app: AppProcess, version: PhoenixChannelsProtocolVersion
) -> None:
    async with listening(app, version) as listener:
        await listener.subscribe("room:after1")
        assert await listener.next() == ("welcome", {"n": 1})


async def test_broadcasts_reach_version_1(app: AppProcess) -> None:
    async with listening(app, V1) as one, listening(app, V1) as other:
        await one.subscribe("room:both")
        await other.subscribe("room:both")
        await one.push("room:both", "broadcast", {"loud": 1})
        assert await other.next() == ("shout", {"loud": 1})
        assert await one.next() == ("shout", {"loud": 1})
        assert await one.next() == ("phx_reply", {"status": "ok", "response": {}})


async def test_its_version_2_drops_broadcasts_as_with_phoenix(app: AppProcess) -> None:
    # It wants its own join_ref in everything; a broadcast has none, from Phoenix neither.
    async with listening(app, V2) as listener:
        await listener.subscribe("room:dropped")
        await listener.push("room:dropped", "broadcast", {"loud": 1})
        assert await listener.next() == ("phx_reply", {"status": "ok", "response": {}})


@both_versions
async def test_a_refused_join_raises(
    app: AppProcess, version: PhoenixChannelsProtocolVersion
) -> None:
    async with listening(app, version) as listener:
        with pytest.raises(PHXTopicError, match="unauthorized"):
            await listener.subscribe("room:deny")


async def test_a_refused_connection_raises(app: AppProcess) -> None:
    with pytest.raises(PHXConnectionError):
        async with listening(app, V2, "?token=bad", auto_reconnect=False):
            pass


@both_versions
async def test_a_crashed_channel_is_joined_again(
    app: AppProcess, version: PhoenixChannelsProtocolVersion
) -> None:
    async with listening(app, version) as listener:
        await listener.subscribe("room:crash")
        first = listener.join_ref("room:crash")
        await listener.push("room:crash", "raise", {})
        await eventually(lambda: listener.join_ref("room:crash") not in (None, first), "a new join")
        await eventually(lambda: listener.client.is_topic_joined("room:crash"), "the rejoin")
        await listener.push("room:crash", "echo", {"again": 1})
        assert await listener.next() == ("phx_reply", {"status": "ok", "response": {"again": 1}})


async def test_a_stopped_channel_is_reported_as_lost(app: AppProcess) -> None:
    lost: asyncio.Queue[str] = asyncio.Queue()

    async def on_topic_lost(topic: str, error: Exception) -> None:
        await lost.put(topic)

    async with listening(app, V2, on_topic_lost=on_topic_lost) as listener:
        await listener.subscribe("room:stop")
        await listener.push("room:stop", "stop_normal", {})
        async with asyncio.timeout(PATIENCE_S):
            assert await lost.get() == "room:stop"


@both_versions
@pytest.mark.parametrize("how", ["kill_transport", "restart"])
async def test_it_reconnects_after_a_lost_connection(
    app: AppProcess, version: PhoenixChannelsProtocolVersion, how: str
) -> None:
    back = asyncio.Event()

    async def on_reconnect() -> None:
        back.set()

    async with listening(app, version, on_reconnect=on_reconnect) as listener:
        await listener.subscribe("room:back")
        if how == "restart":
            await asyncio.to_thread(app.do, how)
        else:
            await listener.push("room:back", how, {})
        async with asyncio.timeout(PATIENCE_S):
            await back.wait()
        await listener.push("room:back", "echo", {"back": 1})
        assert await listener.next() == ("phx_reply", {"status": "ok", "response": {"back": 1}})


async def test_heartbeats_are_answered(app: AppProcess) -> None:
    answered = asyncio.Event()
    async with listening(app, V2, heartbeat_interval_s=0.05, on_heartbeat_ack=answered.set):
        async with asyncio.timeout(PATIENCE_S):
            await answered.wait()
