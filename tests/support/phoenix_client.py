"""Phoenix client over `websockets` (vsn 1 and 2) that keeps every event in order."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable
from typing import Any, Self

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

TIMEOUT_S = 60.0
OPTIONS: dict[str, Any] = {
    "compression": None,
    "max_size": None,
    "max_queue": None,
    "open_timeout": TIMEOUT_S,
    "ping_interval": None,  # a client that a test lets read nothing must not give up by itself
}


class Joined:
    """A joined topic: the join reply, and the events since then in order."""

    def __init__(self, client: PhoenixClient, topic: str, join_ref: str, reply: Any) -> None:
        self._client = client
        self._join_ref = join_ref
        self.topic, self.status, self.response = topic, reply["status"], reply["response"]

    @property
    def events(self) -> list[tuple[str, Any]]:
        return self._client.events.setdefault(self.topic, [])

    def of(self, *kinds: str) -> list[Any]:
        return [payload for kind, payload in self.events if kind in kinds]

    async def push(self, event: str, payload: Any) -> Any:
        """Push an event, and return the reply: its status and response."""
        return await self._client.push(self.topic, event, payload, self._join_ref)

    async def until(self, holds: Callable[[Joined], bool], what: str = "") -> None:
        try:
            async with asyncio.timeout(TIMEOUT_S):
                while not holds(self):
                    await self._client.changed()
        except TimeoutError:
            raise AssertionError(f"{what or 'events'} did not come: {self.events[-5:]}") from None

    async def count(self, kind: str, count: int) -> list[Any]:
        """Wait for this many events of a kind, and return all of that kind."""
        await self.until(lambda joined: len(joined.of(kind)) >= count, f"{count} {kind}")
        return self.of(kind)


class PhoenixClient:
    """One connection, and the events that it has received by topic."""

    def __init__(self, socket: ClientConnection, vsn: str) -> None:
        self._socket = socket
        self._v1 = vsn.startswith("1")
        self._ref = 0
        self._replies: dict[str, asyncio.Future[Any]] = {}
        self._changed = asyncio.Event()
        self.events: dict[str, list[tuple[str, Any]]] = {}
        self.reading = asyncio.get_running_loop().create_task(self._read())

    @classmethod
    async def open(cls, port: int, vsn: str = "2.0.0", **options: Any) -> Self:
        url = f"ws://127.0.0.1:{port}/socket/websocket?vsn={vsn}"
        socket = await connect(url, **{**OPTIONS, **options})
        return cls(socket, vsn)

    async def close(self) -> None:
        self.reading.cancel()
        await self._socket.close()

    async def push(self, topic: str, event: str, payload: Any, join_ref: str | None = None) -> Any:
        self._ref += 1
        ref = str(self._ref)
        join_ref = ref if event == "phx_join" else join_ref
        reply = self._replies[ref] = asyncio.get_running_loop().create_future()
        if self._v1:
            message: Any = {"topic": topic, "event": event, "payload": payload, "ref": ref}
        else:
            message = [join_ref, ref, topic, event, payload]
        await self._socket.send(json.dumps(message))
        async with asyncio.timeout(TIMEOUT_S):
            return await reply

    async def join(self, topic: str, payload: Any = None) -> Joined:
        join_ref = str(self._ref + 1)
        reply = await self.push(topic, "phx_join", {} if payload is None else payload)
        return Joined(self, topic, join_ref, reply)

    async def leave(self, topic: str) -> None:
        await self.push(topic, "phx_leave", {})

    async def changed(self) -> None:
        await self._changed.wait()
        self._changed.clear()

    async def _read(self) -> None:
        with contextlib.suppress(ConnectionClosed):
            async for data in self._socket:
                self._take(data)

    @property
    def close_code(self) -> int | None:
        return self._socket.close_code

    def _take(self, data: str | bytes) -> None:
        topic, event, payload, ref = self._decode(data)
        if event == "phx_reply" and ref in self._replies:
            self._replies.pop(ref).set_result(payload)
        else:
            self.events.setdefault(topic, []).append((event, payload))
        self._changed.set()

    def _decode(self, data: str | bytes) -> tuple[str, str, Any, Any]:
        if isinstance(data, bytes):
            assert data[0] == 2
            topic_end = 3 + data[1]
            event_end = topic_end + data[2]
            return (
                data[3:topic_end].decode(),
                data[topic_end:event_end].decode(),
                data[event_end:],
                None,
            )
        message = json.loads(data)
        if self._v1:
            return message["topic"], message["event"], message["payload"], message["ref"]
        _, ref, topic, event, payload = message
        return topic, event, payload, ref
