"""A session without a connection: the transport is a list."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Callable, Mapping
from typing import Any

from tickfire.phoenix import Channel, Guard, Hub, Socket, UserSocket
from tickfire.phoenix.core.routes import Routes
from tickfire.phoenix.core.session import Session, SessionConfig
from tickfire.phoenix.core.turns import Turns
from tickfire.phoenix.wire.frames import Opcode, split_frames


class FakeTransport:
    """Transport that records its writes and other calls."""

    kind = "websocket"

    def __init__(self) -> None:
        self.frames: list[tuple[int, bytes]] = []
        self.write: Callable[[bytes], None] = self._write
        self.size = 0
        self.closed_with: int | None = None
        self.reason = ""
        self.aborted = False
        self.reading = True

    def _write(self, frames: bytes) -> None:
        assert self.closed_with is None, "written to after the close frame"
        self.frames += split_frames(frames)

    def buffered(self) -> int:
        return self.size

    def close(self, code: int, reason: str = "") -> None:
        self.closed_with, self.reason = code, reason

    def abort(self) -> None:
        self.aborted = True

    def pause_reading(self) -> None:
        assert self.reading
        self.reading = False

    def resume_reading(self) -> None:
        assert not self.reading
        self.reading = True


class Talk:
    """One client's session and its messages."""

    def __init__(
        self,
        channels: Mapping[str, Callable[[], Channel]],
        *,
        hub: Hub | None = None,
        vsn: str = "v2",
        user_socket: UserSocket | None = None,
        max_channels: int = 100,
        join_timeout_s: float | None = None,
        turn_s: float = math.inf,
        send_timeout_s: float | None = None,
        guard: Guard | None = None,
    ) -> None:
        self.hub = hub or Hub()
        self.hub.turns = Turns(turn_s)
        self.transport = FakeTransport()
        serializer = next(each for each in self.hub.serializers if each.lane == vsn)
        config = SessionConfig(
            self.hub,
            Routes(channels),
            Socket,
            max_channels,
            join_timeout_s,
            send_timeout_s=send_timeout_s,
            guard=guard,
        )
        user_socket = user_socket or UserSocket()
        self.session = Session(config, serializer, user_socket, {}, self.transport)

    def send(self, *message: Any) -> None:
        """Send a V2 message."""
        self.session.receive(json.dumps(message).encode(), False)

    def said(self) -> list[Any]:
        """Return the server's messages since the last call."""
        frames, self.transport.frames = self.transport.frames, []
        return [
            json.loads(payload) if opcode == Opcode.TEXT else payload for opcode, payload in frames
        ]

    def join(self, topic: str = "room:1", ref: str = "1", params: Any = None) -> None:
        """Join, and expect that it succeeds."""
        self.send(ref, ref, topic, "phx_join", {} if params is None else params)
        [[join_ref, got_ref, _, event, payload]] = self.said()
        assert (join_ref, got_ref, event, payload["status"]) == (ref, ref, "phx_reply", "ok")

    async def settled(self) -> list[Any]:
        """Run all ready tasks, and return the server's messages."""
        for _ in range(10):
            await asyncio.sleep(0)
        return self.said()
