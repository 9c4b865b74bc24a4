"""Presence through channels, on one node and on several."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.support.eventually import eventually
from tests.support.phoenix.fakes import Talk
from tickfire.phoenix import Channel, Hub, Presence, Reply, Socket
from tickfire.phoenix.presence import AlreadyTrackedError, NotTrackedError, Presences
from tickfire.phoenix.presence.replication import Timing
from tickfire.phoenix.pubsub import MemoryAdapter, MemoryBus, PubSub

QUICK = Timing(heartbeat_s=0.05, down_s=0.3, permdown_s=0.8)
PATIENT = Timing(heartbeat_s=0.05, down_s=600.0, permdown_s=1_200.0)


class Room(Channel):
    def __init__(self, presence: Presence) -> None:
        self.presence = presence

    async def join(self, topic: str, payload: Any, socket: Socket) -> Any:
        socket.assigns["user"] = payload["user"]
        socket.send_info(None)

    async def handle_info(self, message: Any, socket: Socket) -> None:
        self.presence.track(socket, socket.assigns["user"], {"n": 1})
        socket.push("presence_state", await self.presence.list(socket.topic))

    async def handle_in(self, event: str, payload: Any, socket: Socket) -> Any:
        user = socket.assigns["user"]
        if event == "update":
            self.presence.update(socket, user, payload)
        elif event == "count":
            self.presence.update(socket, user, lambda meta: {"n": meta["n"] + 1})
        elif event == "also":
            self.presence.track(socket, payload["user"], {})
        elif event == "untrack":
            self.presence.untrack(socket, user)
        elif event == "again":
            with pytest.raises(AlreadyTrackedError):
                self.presence.track(socket, user, {})
        elif event == "nobody":
            with pytest.raises(NotTrackedError):
                self.presence.update(socket, "nobody", {})
        return Reply()


def enter(presence: Presence, user: str, ref: str = "1") -> Talk:
    talk = Talk({"room:*": lambda: Room(presence)}, hub=presence.hub)
    talk.send(ref, ref, "room:1", "phx_join", {"user": user})
    return talk


type Told = list[tuple[dict[str, Any], dict[str, Any]]]


def told(talk: Talk) -> Told:
    """Return the announced joins and leaves, without their refs."""
    return _told(talk.said())


async def told_in_the_end(talk: Talk) -> Told:
    """Return what `told` returns once all that has begun has ended."""
    return _told(await talk.settled())


def _told(said: list[Any]) -> Told:
    diffs = [message[4] for message in said if message[3] == "presence_diff"]
    return [(bare(diff["joins"]), bare(diff["leaves"])) for diff in diffs]


def bare(presences: Presences) -> dict[str, Any]:
    return {
        key: [{k: v for k, v in meta.items() if "phx_ref" not in k} for meta in each["metas"]]
        for key, each in presences.items()
    }


async def test_one_hears_of_oneself_then_gets_the_state() -> None:
    talk = enter(Presence(Hub()), "ann")
    reply, diff, state = talk.said()
    assert reply[3] == "phx_reply"
    assert (diff[0], diff[3]) == (None, "presence_diff")
    assert (state[0], state[3]) == ("1", "presence_state")
    assert state[4] == diff[4]["joins"]
    [meta] = state[4]["ann"]["metas"]
    assert meta == {"n": 1, "phx_ref": meta["phx_ref"]}


async def test_the_state_is_in_the_order_of_tracking_also_after_updates() -> None:
    presence = Presence(Hub())
    ann, bob, ann_again = (enter(presence, user) for user in ("ann", "bob", "ann"))
    ann.send("1", "2", "room:1", "count", {})
    assert bare(await presence.list("room:1")) == {"ann": [{"n": 2}, {"n": 1}], "bob": [{"n": 1}]}
    assert await presence.list("room:2") == {}
    del bob, ann_again


async def test_an_update_is_a_leave_and_a_join_that_refers_to_it() -> None:
    presence = Presence(Hub())
    talk = enter(presence, "ann")
    before = (await presence.list("room:1"))["ann"]["metas"][0]["phx_ref"]
    talk.said()
    talk.send("1", "2", "room:1", "update", {"away": True})
    diff, reply = talk.said()
    assert reply[3] == "phx_reply"
    [joined] = diff[4]["joins"]["ann"]["metas"]
    assert joined == {"away": True, "phx_ref": joined["phx_ref"], "phx_ref_prev": before}
    assert diff[4]["leaves"]["ann"]["metas"] == [{"n": 1, "phx_ref": before}]


async def test_a_channel_may_track_several_and_each_once() -> None:
    presence = Presence(Hub())
    talk = enter(presence, "ann")
    talk.send("1", "2", "room:1", "also", {"user": "her bot"})
    for event in ("again", "nobody"):
        talk.send("1", "3", "room:1", event, {})
    assert talk.said()[-1][3] == "phx_reply"
    watcher = enter(presence, "bob")
    watcher.said()
    talk.session.lost()
    assert await told_in_the_end(watcher) == [({}, {"ann": [{"n": 1}], "her bot": [{}]})]


@pytest.mark.parametrize("how", ["leave", "crash", "lost", "untrack", "rejoin"])
async def test_whoever_goes_leaves(how: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, "tickfire.phoenix")
    presence = Presence(Hub())
    ann, bob = enter(presence, "ann"), enter(presence, "bob")
    bob.said()
    match how:
        case "leave":
            ann.send("1", "2", "room:1", "phx_leave", {})
        case "crash":
            ann.send("1", "2", "room:1", None, {})
        case "lost":
            ann.session.lost()
        case "untrack":
            ann.send("1", "2", "room:1", "untrack", {})
            ann.send("1", "3", "room:1", "untrack", {})
        case "rejoin":
            ann.send("2", "2", "room:1", "phx_join", {"user": "ann"})
    expected: list[Any] = [({}, {"ann": [{"n": 1}]})]
    if how == "rejoin":
        expected.append(({"ann": [{"n": 1}]}, {}))
    assert await told_in_the_end(bob) == expected


class Fetching(Presence):
    """Presence that adds looked-up details."""

    async def fetch(self, topic: str, presences: Presences) -> Presences:
        await asyncio.sleep(0)
        if "broken" in presences:
            raise RuntimeError
        return {key: {**each, "name": key.upper()} for key, each in presences.items()}


async def test_fetch_adds_to_lists_and_diffs(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, "tickfire.phoenix")
    presence = Fetching(Hub())
    ann = enter(presence, "ann")
    said = {message[3]: message[4] for message in await ann.settled()}
    assert said["presence_diff"]["joins"]["ann"]["name"] == "ANN"
    assert said["presence_diff"]["leaves"] == {}
    assert said["presence_state"]["ann"]["name"] == "ANN"
    broken = enter(presence, "broken")
    broken.session.lost()
    bob = enter(presence, "bob")
    diffs = [message[4] for message in await ann.settled() if message[3] == "presence_diff"]
    assert [list(diff["joins"]) for diff in diffs] == [["bob"]]
    async with presence:
        bob.session.lost()
    assert [message[4]["leaves"]["bob"]["name"] for message in ann.said()] == ["BOB"]


# --- several nodes
@contextlib.asynccontextmanager
async def node(
    bus: MemoryBus, name: str | None = None, timing: Timing = PATIENT
) -> AsyncIterator[Presence]:
    hub = Hub()
    async with PubSub(hub, MemoryAdapter(bus), name), Presence(hub, timing=timing) as presence:
        yield presence


async def sees(presence: Presence, *users: str) -> None:
    async def holds() -> bool:
        return sorted(await presence.list("room:1")) == sorted(users)

    await eventually(holds, f"{users} are seen")


def is_alone(presence: Presence) -> bool:
    return not presence._replication._heard_s


async def test_presences_are_seen_on_all_nodes() -> None:
    bus = MemoryBus()
    async with node(bus) as here, node(bus) as there:
        ann, bob = enter(here, "ann"), enter(there, "bob")
        await sees(here, "ann", "bob")
        await sees(there, "ann", "bob")
        await eventually(lambda: ({"bob": [{"n": 1}]}, {}) in told(ann), "ann is told of bob")
        bob.send("1", "2", "room:1", "count", {})
        update = ({"bob": [{"n": 2}]}, {"bob": [{"n": 1}]})
        await eventually(lambda: update in told(ann), "ann is told of the update")
        bob.session.lost()
        await sees(here, "ann")
        async with node(bus) as late:
            await sees(late, "ann")
            carl = enter(late, "carl")
            await sees(here, "ann", "carl")
            del carl
        await sees(here, "ann")  # the late node has said goodbye


async def test_nodes_that_lost_contact_hide_each_other_and_agree_again() -> None:
    bus = MemoryBus()
    async with node(bus, timing=QUICK) as here, node(bus, timing=QUICK) as there:
        enter(here, "ann")
        bob = enter(there, "bob")
        await sees(here, "ann", "bob")
        deliveries = dict(bus.nodes)
        bus.nodes.clear()
        await sees(here, "ann")
        await sees(there, "bob")
        bob.session.lost()
        enter(there, "carl")
        enter(here, "dora")
        bus.nodes.update(deliveries)
        for presence in (here, there):
            await sees(presence, "ann", "carl", "dora")
        bus.nodes.clear()
        await sees(here, "ann", "dora")
        await eventually(lambda: all(map(is_alone, (here, there))), "they forget each other")
        bus.nodes.update(deliveries)
        for presence in (here, there):
            await sees(presence, "ann", "carl", "dora")


async def test_a_node_that_starts_anew_takes_its_earlier_life_with_it() -> None:
    bus = MemoryBus()
    async with node(bus) as here:
        async with contextlib.AsyncExitStack() as stack:
            there = await stack.enter_async_context(node(bus, "there"))
            enter(there, "bob")
            await sees(here, "bob")
            bus.nodes.pop("there")  # it dies without a word
        async with node(bus, "there") as again:
            enter(again, "carl")
            await sees(here, "carl")


class Following(Presence):
    """A presence that records its changes."""

    def __init__(self, hub: Hub) -> None:
        super().__init__(hub)
        self.seen: list[tuple[str, list[str], list[str], dict[str, int]]] = []

    async def fetch(self, topic: str, presences: Presences) -> Presences:
        return {key: {**entry, "name": key.upper()} for key, entry in presences.items()}

    async def handle_metas(self, topic: str, diff: Any, presences: Any) -> None:
        if "crash" in diff["joins"]:
            raise RuntimeError
        joined = [entry["name"] for entry in diff["joins"].values()]
        left = [entry["name"] for entry in diff["leaves"].values()]
        counts = {key: len(metas) for key, metas in presences.items()}
        self.seen.append((topic, joined, left, counts))


async def test_server_code_follows_the_metas(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, "tickfire.phoenix")
    presence = Following(Hub())
    ann = enter(presence, "ann")
    enter(presence, "crash")
    bob = enter(presence, "bob")
    again = enter(presence, "bob")
    bob.session.lost()
    ann.session.lost()
    await eventually(lambda: len(presence.seen) == 5, "all changes are seen")
    assert presence.seen == [
        ("room:1", ["ANN"], [], {"ann": 1}),
        ("room:1", ["BOB"], [], {"ann": 1, "crash": 1, "bob": 1}),
        ("room:1", ["BOB"], [], {"ann": 1, "crash": 1, "bob": 2}),
        ("room:1", [], ["BOB"], {"ann": 1, "crash": 1, "bob": 1}),
        ("room:1", [], ["ANN"], {"crash": 1, "bob": 1}),
    ]
    found = await presence.get_by_key("room:1", "bob")
    assert found is not None
    assert (found["name"], [meta["n"] for meta in found["metas"]]) == ("BOB", [1])
    assert await presence.get_by_key("room:1", "ann") is None
    assert await presence.get_by_key("room:2", "bob") is None
    again.session.lost()
