"""Servers that play their side of a recorded transcript, and a client that takes the other.

Each connection of a transcript is played by itself. The recorded client numbers its messages as it
likes; a client of ours has numbers of its own, which are mapped one to one.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from typing import Any

import httpx
from websockets.asyncio.server import ServerConnection, serve

from tests.support.phoenix.rawclient import Step
from tickfire.client import Channel, ClientError, Phoenix, Push
from tickfire.phoenix.wire.message import Message
from tickfire.phoenix.wire.serializers.binary import (
    decode_push,
    decode_server_message,
    encode_broadcast,
    encode_push,
    encode_reply,
)

PATIENCE_S = 60.0
KEYS = ("join_ref", "ref", "topic", "event", "payload")


def conversations(transcript: dict[str, Any]) -> dict[str, list[Step]]:
    """Return the frames of each connection of a transcript, in order."""
    found: dict[str, list[Step]] = {}
    for step in transcript["steps"]:
        if step["op"] in ("send", "recv"):
            found.setdefault(step["conn"], []).append(step)
    return found


def polled(transcript: dict[str, Any]) -> list[Step]:
    """Return the messages of a long-poll session, as if they were frames."""
    found: list[Step] = []
    for step in transcript["steps"]:
        if step["op"] == "http" and step["method"] == "POST":
            found += [_frame(line) for line in step["body"].splitlines()]
        elif step["op"] == "http_response":
            messages = json.loads(step["body"]).get("messages", [])
            found += [{"op": "recv", "text": message} for message in messages]
    return found


def _frame(line: str) -> Step:
    return {"op": "send", "text" if line[0] in "[{" else "binary": line}


def message_of(step: Step) -> Message:
    """Return the message that a recorded frame holds."""
    if "binary" in step:
        data = base64.b64decode(step["binary"])
        return decode_push(data) if step["op"] == "send" else decode_server_message(data)
    value = json.loads(step["text"])
    if isinstance(value, list):
        return Message(*value)
    return Message(*(value.get(key) for key in KEYS))


@dataclass
class Refs:
    """One-to-one mapping of recorded refs to those of a client."""

    ours: dict[str, str] = field(default_factory=dict)

    def same(self, recorded: str | None, ours: str | None) -> bool:
        """Return whether two refs stand for each other; new ones do from now on."""
        if recorded is None or ours is None:
            return recorded == ours
        if recorded not in self.ours and ours in self.ours.values():
            return False
        return self.ours.setdefault(recorded, ours) == ours

    def of(self, recorded: str | None) -> str | None:
        return None if recorded is None else self.ours.get(recorded, recorded)


class Player(ABC):
    """The server's side of one connection."""

    def __init__(self, steps: Iterable[Step]) -> None:
        self.differences: list[str] = []
        self.refs = Refs()
        self.is_v1 = any(step.get("text", "")[:1] == "{" for step in steps)

    @abstractmethod
    async def receive(self) -> str | bytes:
        """Return the next frame of the client."""

    @abstractmethod
    async def send(self, data: str | bytes) -> None:
        """Send a frame."""

    async def expect(self, step: Step) -> None:
        """Read a frame of the client, and compare it with the recorded one."""
        data = await asyncio.wait_for(self.receive(), PATIENCE_S)
        is_text = isinstance(data, str)
        got = {"op": "send", **({"text": data} if is_text else {"binary": _base64(data)})}
        expected, actual = message_of(step), message_of(got)
        same = ("text" in step) == is_text and all(
            repr(getattr(expected, key)) == repr(getattr(actual, key)) for key in KEYS[2:]
        )
        same = same and self.refs.same(expected.ref, actual.ref)
        # vsn 1.0.0 may leave out the join_ref.
        left_out = self.is_v1 and expected.join_ref is None
        same = same and (left_out or self.refs.same(expected.join_ref, actual.join_ref))
        if not same:
            self.differences.append(f"expected {expected}, got {actual}")

    async def play(self, step: Step) -> None:
        """Send a recorded frame, with the client's refs."""
        message = message_of(step)
        join_ref, ref = self.refs.of(message.join_ref), self.refs.of(message.ref)
        topic, event, payload = message.topic, message.event, message.payload
        if "binary" in step:
            kind = base64.b64decode(step["binary"])[0]
            if kind == 0:
                await self.send(encode_push(join_ref, topic, event, payload))
            elif kind == 1:
                status, response = payload["status"], payload["response"]
                await self.send(encode_reply(join_ref, ref, topic, status, response))
            else:
                await self.send(encode_broadcast(topic, event, payload))
        elif self.is_v1:
            value = {"topic": topic, "event": event, "payload": payload, "ref": ref}
            await self.send(json.dumps(value))
        else:
            await self.send(json.dumps([join_ref, ref, topic, event, payload]))


class FramePlayer(Player):
    """A player over a WebSocket."""

    def __init__(self, steps: Iterable[Step]) -> None:
        super().__init__(steps)
        self._connected: asyncio.Future[ServerConnection] = asyncio.Future()
        self._over = asyncio.Event()

    async def handle(self, connection: ServerConnection) -> None:
        self._connected.set_result(connection)
        await self._over.wait()

    async def receive(self) -> str | bytes:
        return await (await self._connected).recv()

    async def send(self, data: str | bytes) -> None:
        await (await self._connected).send(data)

    def end(self) -> None:
        self._over.set()


class PollPlayer(Player):
    """A player over long-poll, which answers requests without a network."""

    TOKEN = "a token"

    def __init__(self, steps: Iterable[Step]) -> None:
        super().__init__(steps)
        self._received: asyncio.Queue[str] = asyncio.Queue()
        self._outgoing: asyncio.Queue[str] = asyncio.Queue()

    async def answer(self, request: httpx.Request) -> httpx.Response:
        if "token" not in request.url.params:
            body: dict[str, Any] = {"status": 410, "token": self.TOKEN, "messages": []}
        elif request.method == "POST":
            assert request.headers["content-type"] == "application/x-ndjson"
            for line in request.content.decode().split("\n"):
                self._received.put_nowait(line)
            body = {"status": 200}
        else:
            messages = [await self._outgoing.get()]
            body = {"status": 200, "token": self.TOKEN, "messages": messages}
        return httpx.Response(200, json=body)

    async def receive(self) -> str | bytes:
        line = await self._received.get()
        return line if line[0] in "[{" else base64.b64decode(line)

    async def send(self, data: str | bytes) -> None:
        assert isinstance(data, str)
        self._outgoing.put_nowait(data)


@contextlib.asynccontextmanager
async def playing(steps: list[Step]) -> AsyncIterator[tuple[FramePlayer, int]]:
    """Yield a player, and the port on which it waits for its client."""
    player = FramePlayer(steps)
    async with serve(player.handle, "127.0.0.1", 0, compression=None) as server:
        try:
            yield player, next(iter(server.sockets)).getsockname()[1]
        finally:
            player.end()


class Follower:
    """Our client, which says whatever the recorded one said."""

    def __init__(self, socket: Phoenix) -> None:
        self.socket = socket
        self.messages: asyncio.Queue[Message] = asyncio.Queue()
        self.channels: dict[str, Channel] = {}
        self.pushes: dict[str, Push] = {}
        self.events: list[tuple[str, str, Any]] = []
        socket.on_message(self.messages.put_nowait)

    def can_say(self, message: Message) -> bool:
        """Return whether a well-behaved client may send a message like the recorded one now.

        It neither pushes to a topic that it has not joined, or that is over, nor joins one twice.
        """
        if message.topic == "phoenix":
            return True
        channel = self.channels.get(message.topic)
        if message.event == "phx_join":
            return channel is None or channel.state == "closed"
        states = ("joined", "joining") if message.event == "phx_leave" else ("joined",)
        return channel is not None and channel.state in states and message.payload is not None

    def say(self, message: Message) -> None:
        """Do that which sends a message like the recorded one."""
        topic, event, payload = message.topic, message.event, message.payload
        if topic == "phoenix":
            ping = asyncio.ensure_future(self.socket.ping())
            ping.add_done_callback(lambda task: task.cancelled() or task.exception())
        elif event == "phx_join":
            channel = self.channels[topic] = self.socket.channel(topic, lambda: payload)
            channel.on_event(lambda *what: self.events.append((topic, *what)))
            self.pushes[str(message.ref)] = channel.join()
        elif event == "phx_leave":
            self.pushes[str(message.ref)] = self.channels[topic].leave()
        else:
            self.pushes[str(message.ref)] = self.channels[topic].push(event, payload)

    async def heard(self, message: Message) -> None:
        """Wait for a message of the server, and check that it had its effect."""
        got = await asyncio.wait_for(self.messages.get(), PATIENCE_S)
        assert (got.topic, got.event, got.payload) == (
            message.topic,
            message.event,
            message.payload,
        )
        if message.event == "phx_reply" and str(message.ref) in self.pushes:
            push = self.pushes[str(message.ref)]
            status, response = message.payload["status"], message.payload["response"]
            if status == "ok":
                assert await push == response
            else:
                error = await _error_of(push)
                assert getattr(error, "response", None) == response
        elif not message.event.startswith("phx_"):
            assert (message.topic, message.event, message.payload) in self.events


async def converse(player: Player, socket: Phoenix, steps: list[Step]) -> int:
    """Let a client say what the recorded one said; return the number of messages compared.

    It ends where the recorded client says something that ours cannot.
    """
    follower = Follower(socket)
    for number, step in enumerate(steps):
        message = message_of(step)
        if step["op"] == "send":
            if not follower.can_say(message):
                return number
            follower.say(message)
            await player.expect(step)
        else:
            await player.play(step)
            await follower.heard(message)
    return len(steps)


async def _error_of(push: Push) -> ClientError:
    try:
        response = await push
    except ClientError as error:
        return error
    raise AssertionError(f"{push.event} was to be refused, and got {response}")


def _base64(data: str | bytes) -> str:
    assert isinstance(data, bytes)
    return base64.b64encode(data).decode()
