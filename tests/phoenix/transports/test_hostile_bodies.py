"""Broken bodies of long-poll requests: they end their own session at most."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.phoenix.fakes import Talk
from tests.support.phoenix.hostile import Change, Room, broken, changes
from tests.support.phoenix.quiet import library_silenced
from tickfire.phoenix import Hub, LongPollOptions, PhoenixSocket, UserSocket

BRIEF_S = 0.02  # for which the server keeps silence about a frame that cannot be decoded
NDJSON = b"application/x-ndjson"


class User(UserSocket):
    channels = {"room:*": Room}  # noqa: RUF012


class Poller:
    """A long-poll client without a connection: it calls the ASGI application."""

    def __init__(self, hub: Hub, timing: LongPollOptions) -> None:
        self._app = PhoenixSocket("/socket", User, hub=hub, longpoll=timing)
        self._token = ""

    async def connect(self) -> None:
        _, answer = await self.request("GET")
        self._token = json.loads(answer)["token"]

    async def request(
        self, method: str, body: bytes = b"", content_type: bytes = NDJSON
    ) -> tuple[int, bytes]:
        """Return the HTTP status and body of a response."""
        scope: dict[str, Any] = {
            "type": "http",
            "method": method,
            "path": "/socket/longpoll",
            "root_path": "",
            "query_string": f"vsn=2.0.0&token={self._token}".encode(),
            "headers": [(b"host", b"localhost"), (b"content-type", content_type)],
        }
        sent: list[Any] = []
        messages = iter([{"type": "http.request", "body": body, "more_body": False}])

        async def receive() -> Any:
            message = next(messages, None)
            return message or await asyncio.get_running_loop().create_future()

        async def send(message: Any) -> None:
            sent.append(message)

        _, child = self._app.matches(scope)
        await self._app.handle({**scope, **child}, receive, send)
        return sent[0]["status"], sent[1]["body"]


@pytest.fixture(autouse=True, scope="module")
def quiet() -> Iterator[None]:
    """Silence the log: the crashes here are intended."""
    with library_silenced():
        yield


async def attack(bodies: list[bytes], content_type: bytes) -> None:
    hub = Hub()
    bystander = Talk({"room:*": Room}, hub=hub)
    bystander.join(ref="9")
    poller = Poller(hub, LongPollOptions(window_s=BRIEF_S, pubsub_timeout_s=BRIEF_S))
    await poller.connect()
    for body in bodies:
        status, answer = await poller.request("POST", body, content_type)
        if status == 200:
            assert json.loads(answer)["status"] in (200, 408, 410)
        else:
            assert status == 500, "base64 that is none, as Phoenix answers it"
    status, answer = await poller.request("GET")
    assert status in (200, 500)
    if status == 200:
        assert json.loads(answer)["status"] in (200, 204, 410)
    for message in await bystander.settled():
        assert message[3:] == ["shout", {}]
    bystander.send("9", "10", "room:1", "shout", {"n": 1})
    assert [message[3] for message in await bystander.settled()] == ["shout", "phx_reply"]


binary_push = bytes([0, 1, 1, 6, 3]) + b"12room:1say\x00\xff"
CONVERSATION = b"\n".join(
    [
        b'["1","1","room:1","phx_join",{}]',
        b'["1","2","room:1","say",{"a":[1,null,"\xc3\xa9"]}]',
        base64.b64encode(binary_push),
        b'["1","3","room:1","shout",{}]',
    ]
)
types = st.sampled_from([NDJSON, NDJSON, b"application/json", b""])


@settings(max_examples=60)
@given(st.lists(changes, min_size=1, max_size=3), types)
def test_broken_batches_end_their_own_session_at_most(
    how: list[list[Change]], content_type: bytes
) -> None:
    bodies = [broken(CONVERSATION, changes) for changes in how]
    asyncio.run(attack(bodies, content_type))


@settings(max_examples=40)
@given(st.lists(st.binary(max_size=60), min_size=1, max_size=3), types)
def test_random_bodies_end_their_own_session_at_most(
    bodies: list[bytes], content_type: bytes
) -> None:
    asyncio.run(attack(bodies, content_type))


def test_the_whole_batch_is_answered() -> None:
    async def answers() -> list[str]:
        poller = Poller(Hub(), LongPollOptions())
        await poller.connect()
        assert json.loads((await poller.request("POST", CONVERSATION))[1])["status"] == 200
        status, body = await poller.request("GET")
        assert status == 500, "a binary reply that is not UTF-8 cannot be polled, in Phoenix too"
        assert b"Internal Server Error" in body
        await poller.request("POST", b'["1","4","room:1","shout",{}]')
        messages: list[str] = json.loads((await poller.request("GET"))[1])["messages"]
        return messages

    assert [json.loads(each)[3] for each in asyncio.run(answers())] == ["shout", "phx_reply"]
