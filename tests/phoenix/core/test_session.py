"""Sessions and channels, without a connection: order, crashes, ends, flow."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

from tests.support.clock import Clock
from tests.support.eventually import eventually
from tests.support.phoenix.fakes import Talk
from tickfire.phoenix import (
    Channel,
    Hub,
    JoinError,
    NoReply,
    Reply,
    Socket,
    Stop,
    UserSocket,
)
from tickfire.phoenix.core.session import MAX_BACKLOG

OK: dict[str, Any] = {"status": "ok", "response": {}}
CRASH = {"reason": "channel_crash"}


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    """Silence the log: the crashes here are intended."""
    caplog.set_level(logging.CRITICAL, "tickfire.phoenix")


class Log(Channel):
    """A channel that records its callbacks, and waits on request."""

    def __init__(self) -> None:
        self.ended: list[Any] = []
        self.gate = asyncio.Event()
        self.last_words = False

    async def handle_in(self, event: str, payload: Any, socket: Socket) -> Any:
        match event:
            case "wait":
                await self.gate.wait()
                return Reply(payload)
            case "raise":
                raise RuntimeError
            case "wait_raise":
                await self.gate.wait()
                raise RuntimeError
            case "stop":
                return Stop(payload["reason"])
            case "bad":
                return payload
            case "cancel":
                raise asyncio.CancelledError
            case "unencodable":
                return Reply(object())
            case "info":
                socket.send_info(payload)
                return Reply()
        return Reply(payload)

    async def handle_info(self, message: Any, socket: Socket) -> Any:
        if message == "bad":
            return Reply()
        if message == "stop":
            return Stop()
        socket.push("info", {"message": message})
        return None

    async def terminate(self, reason: Any, socket: Socket) -> None:
        self.ended.append(reason)
        if self.last_words:
            socket.push("bye", {})


def logged() -> tuple[Talk, list[Log]]:
    """Return a talk whose channels are kept."""
    made: list[Log] = []

    def make() -> Log:
        made.append(Log())
        return made[-1]

    return Talk({"room:*": make}), made


# --- ends
@pytest.mark.parametrize(
    ("event", "payload"),
    [
        ("raise", {}),
        ("cancel", {}),
        ("bad", "not a result"),
        ("unencodable", {}),
        ("stop", {"reason": "error"}),
        (None, {}),
        (5, {}),
    ],
)
async def test_a_crash_sends_phx_error_and_affects_no_other_channel(
    event: Any, payload: Any
) -> None:
    talk, made = logged()
    talk.join("room:1", "1")
    talk.join("room:2", "2")
    talk.send("1", "3", "room:1", event, payload)
    assert await talk.settled() == [["1", "1", "room:1", "phx_error", CRASH]]
    assert len(made[0].ended) == 1
    talk.send("2", "4", "room:2", "echo", {"alive": 1})
    alive = {"status": "ok", "response": {"alive": 1}}
    assert talk.said() == [["2", "4", "room:2", "phx_reply", alive]]
    talk.send("1", "5", "room:1", "echo", {})
    [[join_ref, _, _, _, reply]] = talk.said()
    assert (join_ref, reply["response"]) == (None, {"reason": "unmatched topic"})
    assert set(talk.hub.topics()) == {"room:2"}


@pytest.mark.parametrize("reason", ["normal", "shutdown", ["shutdown", 1]])
async def test_an_orderly_stop_sends_phx_close(reason: Any) -> None:
    talk, made = logged()
    talk.join()
    given_reason = tuple(reason) if isinstance(reason, list) else reason

    async def stop(event: str, payload: Any, socket: Socket) -> Any:
        return Stop(given_reason)

    made[0].handle_in = stop  # type: ignore[method-assign]
    talk.send("1", "2", "room:1", "x", {})
    assert talk.said() == [["1", "1", "room:1", "phx_close", {}]]
    assert made[0].ended == [given_reason]


async def test_a_leave_is_answered_then_cleaned_up_then_closed() -> None:
    talk, made = logged()
    talk.join()
    made[0].last_words = True
    talk.send("1", "2", "room:1", "phx_leave", {})
    said = [(message[3], message[1]) for message in talk.said()]
    assert said == [("phx_reply", "2"), ("bye", None), ("phx_close", "1")]
    assert made[0].ended == [("shutdown", "left")]
    talk.hub.local_broadcast("room:1", "late", {})
    assert talk.said() == []


async def test_a_leave_waits_for_the_running_callback() -> None:
    talk, made = logged()
    talk.join()
    talk.send("1", "2", "room:1", "wait", {"n": 1})
    talk.send("1", "3", "room:1", "phx_leave", {})
    talk.send("1", "4", "room:1", "echo", {"never": "answered"})
    assert await talk.settled() == []
    made[0].gate.set()
    said = [(message[3], message[1]) for message in await talk.settled()]
    assert said == [("phx_reply", "2"), ("phx_reply", "3"), ("phx_close", "1")]


async def test_a_crash_of_a_suspended_callback_drops_queued_messages() -> None:
    talk, made = logged()
    talk.join()
    talk.send("1", "2", "room:1", "wait_raise", {})
    talk.send("1", "3", "room:1", "echo", {"never": "answered"})
    made[0].gate.set()
    assert await talk.settled() == [["1", "1", "room:1", "phx_error", CRASH]]


async def test_a_lost_connection_ends_channels_after_their_queued_messages() -> None:
    talk, made = logged()
    talk.join("room:1", "1")
    talk.join("room:2", "2")
    talk.send("1", "3", "room:1", "wait", {})
    talk.session.lost()
    assert not talk.hub.topics()
    assert (made[0].ended, made[1].ended) == ([], [("shutdown", "closed")])
    made[0].gate.set()
    assert await talk.settled() == []
    assert made[0].ended == [("shutdown", "closed")]


# --- the mailbox
async def test_a_slow_callback_blocks_only_its_channel() -> None:
    talk, made = logged()
    talk.join("room:1", "1")
    talk.join("room:2", "2")
    talk.send("1", "3", "room:1", "wait", {})
    talk.send("1", "4", "room:1", "echo", {})
    talk.send("2", "5", "room:2", "echo", {})
    talk.send(None, "6", "phoenix", "heartbeat", {})
    assert [message[1] for message in await talk.settled()] == ["5", "6"]
    made[0].gate.set()
    assert [message[1] for message in await talk.settled()] == ["3", "4"]


async def test_a_flood_to_a_slow_channel_pauses_reading() -> None:
    talk, made = logged()
    talk.join()
    talk.send("1", "0", "room:1", "wait", {})
    for ref in range(MAX_BACKLOG + 1):
        assert talk.transport.reading
        talk.send("1", str(ref), "room:1", "echo", {})
    assert not talk.transport.reading
    made[0].gate.set()
    assert len(await talk.settled()) == MAX_BACKLOG + 2
    assert talk.transport.reading


async def test_server_messages_go_through_the_mailbox() -> None:
    talk, _ = logged()
    talk.join()
    talk.send("1", "2", "room:1", "info", "hello")
    assert [message[3] for message in talk.said()] == ["phx_reply", "info"]
    talk.send("1", "3", "room:1", "info", "stop")
    assert [message[3] for message in talk.said()] == ["phx_reply", "phx_close"]
    talk.join(ref="4")
    talk.send("4", "5", "room:1", "info", "bad")
    assert [message[3] for message in talk.said()] == ["phx_reply", "phx_error"]


# --- joins
class Gated(Channel):
    """Channel that joins when its gate opens; it refuses, crashes or succeeds by its params."""

    def __init__(self, gates: dict[str, asyncio.Event], ended: list[Any]) -> None:
        self.gates = gates
        self.ended = ended

    async def join(self, topic: str, payload: Any, socket: Socket) -> Any:
        if topic in self.gates:
            await self.gates[topic].wait()
        if payload.get("refuse"):
            raise JoinError({"reason": "refused"})
        if payload.get("crash"):
            raise RuntimeError
        if payload.get("unencodable"):
            return object()
        return {"n": payload.get("n")}

    async def handle_in(self, event: str, payload: Any, socket: Socket) -> Any:
        return NoReply()

    async def terminate(self, reason: Any, socket: Socket) -> None:
        self.ended.append(reason)


def gated(**gates: asyncio.Event) -> tuple[Talk, list[Any]]:
    ended: list[Any] = []
    named = {f"room:{name}": gate for name, gate in gates.items()}
    return Talk({"room:*": lambda: Gated(named, ended)}, max_channels=2), ended


async def test_a_slow_join_blocks_the_socket_in_order() -> None:
    gate = asyncio.Event()
    talk, _ = gated(slow=gate)
    talk.send("1", "1", "room:slow", "phx_join", {})
    talk.send(None, "2", "phoenix", "heartbeat", {})
    talk.send("3", "3", "room:other", "phx_join", {})
    assert await talk.settled() == []
    gate.set()
    assert [message[1] for message in await talk.settled()] == ["1", "2", "3"]


async def test_a_flood_during_a_join_pauses_reading() -> None:
    gate = asyncio.Event()
    talk, _ = gated(slow=gate)
    talk.send("1", "1", "room:slow", "phx_join", {})
    for ref in range(MAX_BACKLOG + 1):
        talk.send(None, str(ref), "phoenix", "heartbeat", {})
    assert not talk.transport.reading
    gate.set()
    assert len(await talk.settled()) == MAX_BACKLOG + 2
    assert talk.transport.reading


@pytest.mark.parametrize(
    ("params", "reason"),
    [
        ({"refuse": 1}, "refused"),
        ({"crash": 1}, "join crashed"),
        ({"unencodable": 1}, "join crashed"),
    ],
)
async def test_a_failed_join_leaves_no_channel(params: dict[str, int], reason: str) -> None:
    talk, ended = gated()
    talk.send("1", "1", "room:1", "phx_join", params)
    refused = {"status": "error", "response": {"reason": reason}}
    assert talk.said() == [["1", "1", "room:1", "phx_reply", refused]]
    assert not talk.hub.topics()
    # A channel that has returned from its join may have something to clean up.
    assert len(ended) == ("unencodable" in params)


async def test_a_failing_channel_factory_counts_as_a_crashed_join() -> None:
    def broken() -> Channel:
        raise RuntimeError

    talk = Talk({"room:*": broken})
    talk.send("1", "1", "room:1", "phx_join", {})
    [[_, _, _, _, payload]] = talk.said()
    assert payload["response"] == {"reason": "join crashed"}
    assert not talk.hub.topics()


async def test_a_client_that_disconnects_during_a_join_is_never_joined() -> None:
    gate = asyncio.Event()
    talk, ended = gated(slow=gate)
    talk.send("1", "1", "room:slow", "phx_join", {})
    talk.session.lost()
    gate.set()
    assert await talk.settled() == []
    assert ended == []
    assert not talk.hub.topics()


async def test_a_channel_that_closes_its_connection_during_its_join_is_cleaned_up() -> None:
    ended: list[Any] = []

    class Closing(Channel):
        async def join(self, topic: str, payload: Any, socket: Socket) -> Any:
            socket.close(4000)

        async def terminate(self, reason: Any, socket: Socket) -> None:
            ended.append(reason)

    talk = Talk({"room:*": Closing})
    talk.send("1", "1", "room:1", "phx_join", {})
    assert await talk.settled() == []
    assert (talk.transport.closed_with, ended) == (4000, [("shutdown", "closed")])
    assert not talk.hub.topics()


async def test_a_join_that_takes_too_long_is_cancelled() -> None:
    cancelled = asyncio.Event()

    class Never(Channel):
        async def join(self, topic: str, payload: Any, socket: Socket) -> Any:
            try:
                await asyncio.Event().wait()
            finally:
                cancelled.set()

    talk = Talk({"room:*": Never}, join_timeout_s=0.01)
    talk.send("1", "1", "room:1", "phx_join", {})
    talk.send(None, "2", "phoenix", "heartbeat", {})
    async with asyncio.timeout(60):
        await cancelled.wait()
    refusal, heartbeat = await talk.settled()
    assert refusal[4] == {"status": "error", "response": {"reason": "join crashed"}}
    assert heartbeat[1] == "2"
    assert not talk.hub.topics()


async def test_a_slow_end_of_a_replaced_channel_does_not_count_towards_the_join_timeout() -> None:
    ended = asyncio.Event()

    class EndsSlowly(Channel):
        async def terminate(self, reason: Any, socket: Socket) -> None:
            await ended.wait()

    talk = Talk({"room:*": EndsSlowly}, join_timeout_s=0.0)
    talk.join(ref="1")
    talk.send("2", "2", "room:1", "phx_join", {})
    assert await talk.settled() == []
    ended.set()
    assert [message[:2] for message in await talk.settled()] == [["2", "2"], ["1", "1"]]


async def test_a_second_join_replaces_the_first() -> None:
    talk, ended = gated()
    talk.join(ref="1")
    talk.send("2", "2", "room:1", "phx_join", {"n": 2})
    joined = {"status": "ok", "response": {"n": 2}}
    assert talk.said() == [
        ["2", "2", "room:1", "phx_reply", joined],
        ["1", "1", "room:1", "phx_close", {}],
    ]
    assert ended == [("shutdown", "duplicate_join")]
    talk.hub.local_broadcast("room:1", "once", {})
    assert len(talk.said()) == 1


async def test_a_second_join_cancels_a_running_callback_of_the_first() -> None:
    talk, made = logged()
    talk.join()
    talk.send("1", "2", "room:1", "wait", {})
    talk.send("1", "3", "room:1", "echo", {})
    talk.send("4", "4", "room:1", "phx_join", {})
    talk.send(None, "5", "phoenix", "heartbeat", {})
    said = [(message[3], message[1]) for message in await talk.settled()]
    assert said == [("phx_reply", "4"), ("phx_close", "1"), ("phx_reply", "5")]
    assert made[0].ended == [("shutdown", "duplicate_join")]


async def test_a_refused_rejoin_still_ends_the_first() -> None:
    talk, ended = gated()
    talk.join(ref="1")
    talk.send("2", "2", "room:1", "phx_join", {"refuse": 1})
    assert [message[3] for message in talk.said()] == ["phx_reply", "phx_close"]
    assert ended == [("shutdown", "duplicate_join")]
    assert not talk.hub.topics()


async def test_a_rejoin_that_closes_the_connection_sends_nothing_after_the_close_frame() -> None:
    class ClosesTheSecondTime(Channel):
        async def join(self, topic: str, payload: Any, socket: Socket) -> Any:
            if payload:
                socket.close(4000)

    talk = Talk({"room:*": ClosesTheSecondTime})
    talk.join()
    talk.send("2", "2", "room:1", "phx_join", {"again": True})
    assert (talk.transport.closed_with, talk.said()) == (4000, [])


async def test_queued_frames_precede_the_close_frame() -> None:
    talk, _ = logged()
    talk.join()
    for n in range(3):
        talk.hub.local_broadcast("room:1", "shout", {"n": n})
    talk.session.close(4000)  # the fake transport asserts that nothing is written from now on
    assert [message[4] for message in await talk.settled()] == [{"n": 0}, {"n": 1}, {"n": 2}]
    assert not talk.hub.topics()


async def test_a_rejoin_does_not_count_twice_towards_the_channel_limit() -> None:
    talk, _ = gated()
    talk.join("room:1", "1")
    talk.join("room:2", "2")
    talk.send("3", "3", "room:3", "phx_join", {})
    too_many = {"status": "error", "response": {"reason": "too many channels joined"}}
    assert talk.said() == [["3", "3", "room:3", "phx_reply", too_many]]
    talk.send("4", "4", "room:2", "phx_join", {})
    assert [message[3] for message in talk.said()] == ["phx_reply", "phx_close"]


# --- the rest
async def test_replies_may_come_later_and_more_than_once() -> None:
    class Later(Channel):
        async def handle_in(self, event: str, payload: Any, socket: Socket) -> Any:
            ref = socket.socket_ref()
            loop = asyncio.get_running_loop()
            loop.call_soon(socket.reply, ref, Reply({"n": 2}))
            socket.reply(ref, Reply({"n": 1}, "error"))
            return NoReply()

    talk = Talk({"room:*": Later})
    talk.join()
    talk.send("1", "7", "room:1", "ask", {})
    said = await talk.settled()
    assert said == [
        ["1", "7", "room:1", "phx_reply", {"status": "error", "response": {"n": 1}}],
        ["1", "7", "room:1", "phx_reply", {"status": "ok", "response": {"n": 2}}],
    ]


async def test_assigns_start_as_a_copy_of_the_users() -> None:
    class Counting(Channel):
        async def join(self, topic: str, payload: Any, socket: Socket) -> Any:
            socket.assigns["n"] += 1
            return {"n": socket.assigns["n"], "vsn": socket.vsn, "id": socket.id}

    user = UserSocket()
    user.assigns["n"] = 1
    talk = Talk({"room:*": Counting}, user_socket=user)
    for ref in "12":
        talk.send(ref, ref, f"room:{ref}", "phx_join", {})
        [[*_, payload]] = talk.said()
        assert payload["response"] == {"n": 2, "vsn": "v2", "id": None}
    assert user.assigns == {"n": 1}


async def test_a_disconnect_broadcast_on_the_socket_id_closes_the_socket() -> None:
    class Named(UserSocket):
        def id(self) -> str:
            return "users:1"

    hub = Hub()
    talk = Talk({"room:*": Log}, hub=hub, user_socket=Named())
    talk.join()
    hub.local_broadcast("users:1", "something else", {})
    assert talk.transport.closed_with is None
    hub.local_broadcast("users:1", "disconnect", {})
    assert talk.transport.closed_with == 1001
    assert not hub.topics()
    talk.send("1", "2", "room:1", "echo", {})
    assert talk.said() == []


@pytest.mark.parametrize(
    ("data", "binary", "code"),
    [
        (b"[]", False, 1011),
        (b"\xff", False, 1007),
        (b"\xff", True, 1011),
        (b'["1","1","room:1","phx_join",{}]', True, 1011),
    ],
)
async def test_a_frame_that_cannot_be_decoded_closes_the_socket(
    data: bytes, binary: bool, code: int
) -> None:
    talk, made = logged()
    talk.join()
    talk.session.receive(data, binary)
    assert talk.transport.closed_with == code
    assert made[0].ended == [("shutdown", "closed")]


async def test_on_writable_is_called_when_a_congested_connection_has_drained() -> None:
    called = asyncio.Event()
    sockets: list[Socket] = []

    class Keeps(Channel):
        async def join(self, topic: str, payload: Any, socket: Socket) -> Any:
            sockets.append(socket)

    talk = Talk({"room:*": Keeps})
    talk.join()
    overflows: list[int] = []
    sockets[0].outlet.on_overflow = overflows.append
    talk.session.set_congested(True)
    sockets[0].outlet.on_writable(called.set)
    talk.hub.local_broadcast("room:1", "news", {})
    assert (talk.said(), overflows) == ([], [1])
    talk.join("room:2", "2")
    await talk.settled()
    assert not called.is_set()
    talk.session.set_congested(False)
    await talk.settled()
    assert called.is_set()
    called.clear()
    sockets[0].outlet.on_writable(called.set)
    await talk.settled()
    assert called.is_set()


async def test_a_broadcast_that_a_version_cannot_carry_is_sent_to_no_subscriber() -> None:
    hub = Hub()
    old, new = (Talk({"room:*": Log}, hub=hub, vsn=vsn) for vsn in ("v1", "v2"))
    old.session.receive(b'{"topic":"room:1","event":"phx_join","payload":{},"ref":"1"}', False)
    new.join()
    assert len(old.said()) == 1
    with pytest.raises(TypeError):
        hub.local_broadcast("room:1", "bin", b"\x00")
    assert (old.said(), new.said()) == ([], [])
    hub.local_broadcast("room:1", "news", {"n": 1})
    assert old.said() == [{"topic": "room:1", "event": "news", "payload": {"n": 1}, "ref": None}]
    assert new.said() == [[None, None, "room:1", "news", {"n": 1}]]


# --- interception
class Censor(Channel):
    """Channel that counts the messages it passes on, and stops at bad language."""

    intercept = ("news", "stop")

    def __init__(self) -> None:
        self.seen = 0
        self.gate: asyncio.Event | None = None

    async def handle_in(self, event: str, payload: Any, socket: Socket) -> Any:
        if event == "wait":
            self.gate = asyncio.Event()
            await self.gate.wait()
        elif event == "shout_from":
            await socket.broadcast_from("news", payload)
        elif event == "raw":
            socket.outlet.lane = socket.vsn
        return NoReply()

    async def handle_out(self, event: str, payload: Any, socket: Socket) -> Any:
        if event == "stop":
            return Stop("shutdown")
        if payload.get("bad"):
            return NoReply()
        self.seen += 1
        socket.push(event, {**payload, "seen": self.seen})
        return None


async def test_only_intercepted_broadcasts_go_through_the_channel() -> None:
    hub = Hub()
    talk, other = Talk({"room:*": Censor}, hub=hub), Talk({"room:*": Log}, hub=hub)
    talk.join()
    other.join()
    for payload in ({"n": 1}, {"n": 2, "bad": True}, {"n": 3}):
        hub.local_broadcast("room:1", "news", payload)
    hub.local_broadcast("room:1", "other", {})
    assert [message[:2] + message[3:] for message in await talk.settled()] == [
        ["1", None, "news", {"n": 1, "seen": 1}],
        ["1", None, "news", {"n": 3, "seen": 2}],
        [None, None, "other", {}],
    ]
    assert len(await other.settled()) == 4
    hub.local_broadcast("room:1", "stop", {})
    assert [message[3] for message in await talk.settled()] == ["phx_close"]
    other.session.lost()
    assert not hub.topics()


async def test_interception_waits_for_the_running_callback_and_skips_the_sender() -> None:
    hub = Hub()
    made: list[Censor] = []

    def make() -> Censor:
        made.append(Censor())
        return made[-1]

    first, second = Talk({"room:*": make}, hub=hub), Talk({"room:*": make}, hub=hub)
    first.join()
    second.join()
    first.send("1", "2", "room:1", "wait", {})
    second.send("1", "2", "room:1", "shout_from", {"n": 1})
    assert (await first.settled(), await second.settled()) == ([], [])
    assert made[0].gate is not None
    made[0].gate.set()
    assert [message[4] for message in await first.settled()] == [{"n": 1, "seen": 1}]


async def test_an_intercepting_channel_may_take_the_raw_lane() -> None:
    hub = Hub()
    talk = Talk({"room:*": Censor}, hub=hub)
    talk.join()
    talk.send("1", "2", "room:1", "raw", {})
    hub.local_broadcast("room:1", "news", {"bad": True})
    assert [message[3:] for message in await talk.settled()] == [["news", {"bad": True}]]


async def test_an_on_end_callback_is_called_once_for_every_kind_of_end() -> None:
    ends: list[str] = []

    class Ends(Channel):
        async def join(self, topic: str, payload: Any, socket: Socket) -> Any:
            def fail() -> None:
                raise RuntimeError

            socket.on_end(fail)
            socket.on_end(lambda: ends.append(topic))
            if topic == "room:refused":
                raise JoinError

    talk = Talk({"room:*": Ends})
    talk.send("1", "1", "room:refused", "phx_join", {})
    assert ends == ["room:refused"]
    talk.said()
    talk.join("room:left", "2")
    talk.send("2", "3", "room:left", "phx_leave", {})
    talk.said()
    talk.join("room:lost", "4")
    talk.session.lost()
    assert ends == ["room:refused", "room:left", "room:lost"]


# --- clients that do not read
async def test_a_client_that_reads_nothing_is_closed_although_it_sends_heartbeats() -> None:
    talk = Talk({"room:*": Log}, send_timeout_s=0.02)
    talk.join()
    talk.transport.size = 5000
    talk.session.set_congested(True)

    def is_closed() -> bool:
        talk.transport.size += 10
        if talk.transport.closed_with is None:
            talk.send(None, "7", "phoenix", "heartbeat", {})
        return talk.transport.closed_with is not None

    await eventually(is_closed, "it is closed")
    assert (talk.transport.closed_with, talk.transport.reason) == (1013, "slow")
    assert talk.hub.stats.stalled == 1


async def test_a_client_that_reads_slowly_is_not_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    talk = Talk({"room:*": Log}, send_timeout_s=30.0)
    talk.join()
    talk.transport.size = 1 << 30
    talk.session.set_congested(True)
    for _ in range(3):
        talk.transport.size -= 1
        await clock.forward(30.0)
        assert talk.transport.closed_with is None
    talk.session.set_congested(False)
    talk.session.lost()
    assert talk.hub.stats.stalled == 0


async def test_the_end_of_a_congestion_or_of_the_session_ends_the_watch() -> None:
    drained, lost, stuck = (Talk({"room:*": Log}, send_timeout_s=0.001) for _ in range(3))
    for talk in (drained, lost, stuck):
        talk.session.set_congested(True)
    drained.session.set_congested(False)
    lost.session.lost()
    await eventually(lambda: stuck.transport.closed_with == 1013, "the third is closed")
    assert drained.transport.closed_with is lost.transport.closed_with is None
