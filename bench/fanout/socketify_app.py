"""A peer on socketify, which is uWebSockets in C++ with its own publish."""

from __future__ import annotations

import sys
from typing import Any

from socketify import App, AppListenOptions, CompressOptions, OpCode

from bench.fanout.peer import PATH, decode, reply, tick
from tickfire.base.garbage import freeze

MAX_BACKPRESSURE = 64 << 20


def main() -> None:
    freeze()
    app = App()

    def on_message(socket: Any, message: str | bytes, _: OpCode) -> None:
        """Execute a message of the load generator."""
        join_ref, ref, topic, event, payload = decode(message)
        if event == "publish":
            text = tick(topic, payload["payload"])
            for _ in range(payload["n"]):
                app.publish(topic, text, OpCode.TEXT)
            return
        if event == "phx_join":
            socket.subscribe(topic)
        socket.send(reply(join_ref, ref, topic, event, payload), OpCode.TEXT)

    app.ws(
        PATH,
        {
            "compression": CompressOptions.DISABLED,
            "idle_timeout": 0,
            "max_backpressure": MAX_BACKPRESSURE,
            "message": on_message,
        },
    )
    app.listen(AppListenOptions(port=int(sys.argv[1]), host="127.0.0.1"))
    app.run()


if __name__ == "__main__":
    main()
