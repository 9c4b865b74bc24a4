"""The server under test: one channel on `tickfire.phoenix`."""

from __future__ import annotations

import sys
from typing import Any, ClassVar

import uvicorn
from starlette.applications import Starlette

from tickfire.base.garbage import freeze
from tickfire.phoenix import (
    Channel,
    Hub,
    NoReply,
    PhoenixHTTP,
    PhoenixProtocol,
    PhoenixSocket,
    Reply,
    Socket,
    UserSocket,
)


class Market(Channel):
    """Channel that publishes and echoes on request."""

    async def handle_in(self, event: str, payload: Any, socket: Socket) -> Reply | NoReply:
        """Execute a message of the load generator."""
        if event == "echo":
            return Reply(payload)
        for _ in range(payload["n"]):
            socket.hub.broadcast(socket.topic, "tick", payload["payload"])
        return NoReply()


class User(UserSocket):
    """User socket that accepts every client."""

    channels: ClassVar = {"market:*": Market}


def main() -> None:
    freeze()
    app = Starlette(routes=[PhoenixSocket("/socket", User, hub=Hub())])
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=int(sys.argv[1]),
        http=PhoenixHTTP,
        ws=PhoenixProtocol,
        loop="uvloop",
        log_level="warning",
        backlog=4096,
    )


if __name__ == "__main__":
    main()
