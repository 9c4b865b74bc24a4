"""Messages beyond a quota are refused with the time to wait, and a flood ends the connection."""

from __future__ import annotations

import logging
from typing import Any, cast

import pytest

from tickfire.phoenix import Close, Message, Reply
from tickfire.server.limits.buckets import Rate
from tickfire.server.limits.meter import Holder, Meter, MeteredSocket
from tickfire.server.limits.quotas import SHARED, Quotas
from tickfire.server.limits.refusals import Refusals

QUOTAS = Quotas(joins=Rate(1, 4), messages=Rate(2, 8), replays=Rate(0.5, 2))
CLOSED = Close(1008, "too many messages")
SINCE = {"since": "1-0.0"}


class Clients:
    """A meter with a clock of its own, and what it says to messages."""

    def __init__(self, quotas: Quotas = QUOTAS) -> None:
        self.now = 50.0
        self.refusals = Refusals()
        self.meter = Meter(quotas, self.refusals, lambda: self.now)

    def send(self, socket: MeteredSocket, event: str, payload: Any = None) -> Any:
        """Return "ok", the response that refuses the message, or a `Close`."""
        topic = "phoenix" if event == "heartbeat" else "market:AAA"
        verdict = self.meter.check(socket, Message("1", "1", topic, event, payload))
        return verdict.response if isinstance(verdict, Reply) else verdict or "ok"

    def count(self, socket: MeteredSocket, times: int, *message: Any) -> int:
        """Return how many of equal messages pass."""
        return sum(self.send(socket, *message) == "ok" for _ in range(times))


def client(name: str | None = None, quotas: Quotas | None = None) -> MeteredSocket:
    socket = MeteredSocket()
    socket.client, socket.quotas = name, quotas
    return socket


@pytest.mark.parametrize(
    ("message", "passing", "refusal"),
    [
        (("push",), 8, {"reason": "too many messages", "retry_after": 1}),
        (("phx_join", {}), 4, {"reason": "too many joins", "retry_after": 1}),
        (("phx_join", SINCE), 2, {"reason": "too many requests for history", "retry_after": 2}),
        (("history", {}), 2, {"reason": "too many requests for history", "retry_after": 2}),
        (("phx_join", {"since": None}), 4, {"reason": "too many joins", "retry_after": 1}),
        (("phx_join", "since"), 4, {"reason": "too many joins", "retry_after": 1}),
    ],
)
async def test_messages_beyond_a_quota_are_refused_until_there_is_room(
    message: tuple[Any, ...], passing: int, refusal: dict[str, Any]
) -> None:
    clients, one, other = Clients(), client(), client()
    assert clients.count(one, passing, *message) == passing
    assert clients.send(one, *message) == refusal
    assert clients.send(other, *message) == "ok"
    clients.now += refusal["retry_after"]
    assert clients.send(one, *message) == "ok"


async def test_connections_of_a_client_share_a_quota() -> None:
    clients = Clients()
    passing = sum(clients.count(client("10.0.0.1"), 4, "phx_join", {}) for _ in range(SHARED + 5))
    assert passing == 4 * SHARED
    assert clients.send(client("10.0.0.1"), "phx_join", {})["reason"] == "too many joins"
    assert clients.send(client("10.0.0.2"), "phx_join", {}) == "ok"


async def test_a_grant_has_quotas_of_its_own_for_all_connections_together() -> None:
    clients = Clients()
    granted = QUOTAS.override({"joins": "1/6"})
    one, other = client("key:a", granted), client("key:a", granted)
    assert clients.count(one, 5, "phx_join", {}) == 5
    assert clients.count(other, 5, "phx_join", {}) == 1
    assert clients.count(client("key:b", granted), 6, "phx_join", {}) == 6


async def test_heartbeats_and_leaves_pass_and_a_flood_is_closed(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING)
    clients, one = Clients(), client()
    assert clients.count(one, 8, "push") == 8
    assert [clients.send(one, event) for event in ("heartbeat", "phx_leave")] == ["ok", "ok"]
    assert clients.count(one, 6, "push") == 0
    assert clients.send(one, "heartbeat") == CLOSED
    assert (clients.refusals.counts["messages"], clients.refusals.counts["flood"]) == (6, 1)
    assert [text.partition(": ")[2] for text in caplog.messages] == [
        "too many messages",
        "messages go on although they are refused",
    ]


async def test_a_client_at_twice_its_rate_is_refused_but_not_closed() -> None:
    clients, one = Clients(), client()
    said = []
    for _ in range(200):
        clients.now += 0.25
        said.append(clients.send(one, "push"))
    assert CLOSED not in said
    assert 100 <= said.count("ok") <= 108


async def test_a_page_may_join_many_topics_at_once_by_default() -> None:
    clients = Clients(Quotas())
    page = client("10.0.0.1")
    assert clients.count(page, 20, "phx_join", SINCE) == 20
    office = [client("10.0.0.1") for _ in range(100)]
    assert sum(clients.count(one, 20, "phx_join", SINCE) for one in office) >= 1_900


class Connection:
    """A connection that was sent some bytes."""

    sent = 0

    def bytes_sent(self) -> int:
        return self.sent


async def test_a_connection_that_was_sent_too_much_waits_and_joins_no_more() -> None:
    clients = Clients(Quotas(bandwidth=Rate(10, 100)))
    socket, connection = client("10.0.0.1"), Connection()
    socket.connection = cast(Any, connection)
    connection.sent = 100 * 1024
    assert clients.meter.bandwidth_wait_s(socket) == 0
    clients.now += 1
    connection.sent += 40 * 1024
    assert clients.meter.bandwidth_wait_s(socket) == pytest.approx(3)
    assert clients.send(socket, "phx_join", {})["retry_after"] == 3
    assert clients.send(socket, "history", {})["retry_after"] == 3
    assert clients.send(socket, "heartbeat") == "ok"
    clients.now += 3
    assert clients.send(socket, "phx_join", {}) == "ok"


async def test_the_bandwidth_of_a_grant_is_for_all_connections_together() -> None:
    clients = Clients()
    granted = QUOTAS.override({"bandwidth": "10/20"})
    sockets = [client("key:a", granted) for _ in range(2)]
    for socket in sockets:
        connection = Connection()
        connection.sent = 15 * 1024
        socket.connection = cast(Any, connection)
    waits = [clients.meter.bandwidth_wait_s(socket) for socket in sockets]
    assert waits == pytest.approx([0, 1])


async def test_requests_and_connections_of_a_client_have_the_same_buckets() -> None:
    clients = Clients()
    granted = QUOTAS.override({"replays": "0.5/2", "bandwidth": "10/20"})
    socket, holder = client("key:a", granted), Holder("key:a", granted)
    socket.connection = cast(Any, Connection())
    assert clients.send(socket, "phx_join", SINCE) == "ok"
    assert clients.meter.request(holder) is None
    assert clients.send(socket, "phx_join", SINCE)["retry_after"] == 2
    assert clients.send(socket, "history", {})["retry_after"] == 2
    excess = clients.meter.request(holder)
    assert excess is not None
    assert (excess.cause.name, excess.wait_s) == ("replays", 2)
    clients.now += 2
    clients.meter.responded(holder, 50 * 1024)
    assert clients.send(socket, "phx_join", {})["retry_after"] == 3
    excess = clients.meter.request(holder)
    assert excess is not None
    assert (excess.cause.name, excess.wait_s) == ("bandwidth", 3)
    assert clients.meter.request(Holder("key:b", granted)) is None
    assert clients.meter.request(Holder(None, None)) is None


async def test_requests_of_an_address_have_the_buckets_of_all_its_connections() -> None:
    clients, holder = Clients(), Holder("10.0.0.1", None)
    passed = [clients.meter.request(holder) is None for _ in range(2 * SHARED + 5)]
    assert passed.count(True) == 2 * SHARED
    assert clients.send(client("10.0.0.1"), "phx_join", SINCE)["retry_after"] >= 1
