"""Replies of a Supabase Realtime channel to messages that realtime-js would not send."""

from __future__ import annotations

import time
from functools import partial
from typing import Any

import pytest

from tickfire.phoenix import Hub, JoinError, PhoenixSocket, Presence, Socket, V1Serializer
from tickfire.phoenix.contrib.supabase import (
    RealtimeChannel,
    RealtimeSocket,
    SupabaseSerializer,
    realtime_socket,
)
from tickfire.phoenix.testing import ChannelClient, Client, ConnectionRefused, JoinRefused, connect

ROOM = "realtime:room"
ACK = {"config": {"broadcast": {"ack": True, "self": True}}}


class Guarded(RealtimeChannel):
    """Channels called `vip` require a token; a wrong one is refused in plain text."""

    def is_private(self, name: str) -> bool:
        return name == "vip"

    async def authorize(self, name: str, token: str | None, socket: Socket) -> float | None:
        if token not in ("good", "key"):
            raise JoinError("no")
        return None


async def client(
    channel: type[RealtimeChannel] = RealtimeChannel, headers: dict[str, str] | None = None
) -> Client:
    hub = Hub()
    channels = {"realtime:*": partial(channel, Presence(hub))}
    params = {"apikey": "key"} if headers is None else {}
    user_socket = partial(RealtimeSocket, channels, ["other", "key"])
    return await connect(user_socket, params, hub=hub, headers=headers)


async def room(payload: Any = None) -> ChannelClient:
    joined, response = await (await client()).join(ROOM, payload)
    assert response == {"postgres_changes": []}
    return joined


@pytest.mark.parametrize("header", ["wrong", "keyy", "", "ke\xff"])
async def test_a_wrong_key_is_refused(header: str) -> None:
    with pytest.raises(ConnectionRefused):
        await client(headers={"x-api-key": header})


async def test_the_key_may_be_a_header_and_is_required() -> None:
    await client(headers={"x-api-key": "key"})
    with pytest.raises(ConnectionRefused):
        await client(headers={"other": "header"})


@pytest.mark.parametrize("payload", [{}, {"config": None}, {"config": {"broadcast": None}}])
async def test_a_join_needs_no_config(payload: Any) -> None:
    await room(payload)


@pytest.mark.parametrize(
    "payload", [[], "x", {"config": 1}, {"config": {"broadcast": {"ack": "yes"}}}]
)
async def test_a_malformed_join_is_refused(payload: Any) -> None:
    with pytest.raises(JoinRefused) as refused:
        await (await client()).join(ROOM, payload)
    assert refused.value.response["reason"].startswith("InvalidJoinPayload: ")


async def test_a_topic_without_a_name_is_refused() -> None:
    with pytest.raises(JoinRefused) as refused:
        await (await client()).join("realtime:")
    assert refused.value.response["reason"].startswith("TopicNameRequired")


async def test_private_channels_refuse_all_clients_by_default() -> None:
    class Private(RealtimeChannel):
        def is_private(self, name: str) -> bool:
            return True

    with pytest.raises(JoinRefused) as refused:
        await (await client(Private)).join(ROOM, {"config": {"private": True}})
    assert refused.value.response["reason"].startswith("Unauthorized")


async def test_the_key_stands_in_for_a_token() -> None:
    joined, _ = await (await client(Guarded)).join("realtime:vip", {"config": {"private": True}})
    joined.push("access_token", {"access_token": None})
    joined.push("access_token", {"access_token": "good"})
    joined.push("access_token", {"access_token": "bad"})
    told = await joined.assert_push("system")
    assert told == {"extension": "system", "status": "error", "message": "no", "channel": "vip"}
    await joined.assert_push("phx_close")


@pytest.mark.parametrize(
    ("event", "payload", "reason"),
    [
        ("broadcast", [], "the payload of broadcast must be a map"),
        ("broadcast", b"\x01", "the payload of broadcast must be a map"),
        ("broadcast", {"payload": 1}, "a broadcast has an event"),
        ("presence", {"event": "track", "payload": 1}, "Presence track payload must be a map"),
        ("presence", {"event": "jump"}, "unknown presence event jump"),
        ("presence", {}, "unknown presence event none"),
    ],
)
async def test_malformed_messages_are_answered_with_an_error(
    event: str, payload: Any, reason: str
) -> None:
    joined = await room()
    assert await joined.assert_reply(joined.push(event, payload), "error") == {"reason": reason}


async def test_unknown_events_and_tokens_on_public_channels_are_ignored() -> None:
    joined = await room(ACK)
    joined.push("nonsense", {"a": 1})
    joined.push("access_token", {"access_token": "any"})
    ref = joined.push("broadcast", {"event": "e", "payload": [1]})
    await joined.assert_push("broadcast", {"type": "broadcast", "event": "e", "payload": [1]})
    await joined.assert_reply(ref, "ok")


async def test_the_presence_state_is_sent_once() -> None:
    joined = await room({"config": {"presence": {"enabled": True, "key": "me"}}})
    assert await joined.assert_push("presence_state") == {}
    await joined.assert_reply(joined.push("presence", {"event": "track", "payload": {"n": 1}}))
    await joined.assert_push("presence_diff", lambda diff: "me" in diff["joins"])
    await joined.refute_push("presence_state")


async def test_tracking_without_presence_enabled_sends_the_state() -> None:
    joined = await room()
    await joined.assert_reply(joined.push("presence", {"event": "TRACK", "payload": {"n": 1}}))
    state = await joined.assert_push("presence_state")
    ((key, entry),) = state.items()
    assert len(key) == 36
    assert entry["metas"][0]["n"] == 1


async def test_tracking_the_same_payload_again_changes_nothing() -> None:
    joined = await room()
    track = {"event": "track", "payload": {"n": 1}}
    await joined.assert_reply(joined.push("presence", track))
    await joined.assert_push("presence_diff")
    await joined.assert_reply(joined.push("presence", track))
    await joined.refute_push("presence_diff")
    await joined.assert_reply(joined.push("presence", {"event": "untrack"}))
    await joined.assert_push("presence_diff", lambda diff: diff["leaves"] and not diff["joins"])
    await joined.assert_reply(joined.push("presence", track))
    await joined.assert_push("presence_diff", lambda diff: bool(diff["joins"]))


async def test_a_channel_ends_when_its_token_expires_unless_it_is_renewed() -> None:
    lifetimes_s = {"short": 0.05, "long": 1e9, "past": -1e9}

    class Expiring(Guarded):
        async def authorize(self, name: str, token: str | None, socket: Socket) -> float | None:
            lifetime_s = lifetimes_s.get(token or "")
            return None if lifetime_s is None else time.time() + lifetime_s

    config = {"private": True}
    given = {"config": config, "access_token": "short"}
    ends, _ = await (await client(Expiring)).join("realtime:vip", given)
    stays, _ = await (await client(Expiring)).join("realtime:vip", given)
    stays.push("access_token", {"access_token": "long"})
    told = await ends.assert_push("system")
    assert told["message"] == "Token has expired"
    await ends.assert_push("phx_close")
    await stays.refute_push("system")
    stays.push("access_token", {"access_token": "never"})
    stays.push("access_token", {"access_token": "past"})
    await stays.assert_push("system")


def test_a_hub_without_the_serializer_is_refused() -> None:
    hub = Hub()
    with pytest.raises(ValueError, match="SupabaseSerializer"):
        realtime_socket(hub, Presence(hub), api_keys=["key"])
    ours = Hub((V1Serializer(), SupabaseSerializer()))
    assert isinstance(realtime_socket(ours, Presence(ours), api_keys=["key"]), PhoenixSocket)
