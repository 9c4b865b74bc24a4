"""A peer on Starlette's WebSocket and plain uvicorn.

This is the usual code without a library: a set of sockets, one JSON text per broadcast, and
`send_text` to each socket.
"""

from __future__ import annotations

import sys
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

from bench.fanout.peer import PATH, decode, reply, tick
from tickfire.base.garbage import freeze


class Market:
    """Subscribers of one topic."""

    def __init__(self) -> None:
        self.subscribers: dict[WebSocket, None] = {}

    async def serve(self, socket: WebSocket) -> None:
        """Serve one connection until it ends."""
        await socket.accept()
        try:
            async for text in socket.iter_text():
                await self.handle(socket, *decode(text))
        finally:
            self.subscribers.pop(socket, None)

    async def handle(
        self, socket: WebSocket, join_ref: Any, ref: Any, topic: str, event: str, payload: Any
    ) -> None:
        """Execute a message of the load generator."""
        if event == "publish":
            text = tick(topic, payload["payload"]).decode()
            for _ in range(payload["n"]):
                for subscriber in list(self.subscribers):
                    await subscriber.send_text(text)
            return
        if event == "phx_join":
            self.subscribers[socket] = None
        await socket.send_text(reply(join_ref, ref, topic, event, payload).decode())


def main() -> None:
    freeze()
    market = Market()
    app = Starlette(routes=[WebSocketRoute(PATH, market.serve)])
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=int(sys.argv[1]),
        ws="websockets-sansio",
        loop="uvloop",
        log_level="warning",
        backlog=4096,
        ws_ping_interval=None,
        ws_per_message_deflate=False,
    )


if __name__ == "__main__":
    main()
