"""A peer on picows, a WebSocket server in Cython."""

from __future__ import annotations

import sys

import uvloop
from picows import WSFrame, WSListener, WSMsgType, WSTransport, WSUpgradeRequest, ws_create_server

from bench.fanout.peer import decode, reply, tick
from tickfire.base.garbage import freeze


class Client(WSListener):
    """One connection; all share the subscribers of one topic."""

    def __init__(self, subscribers: dict[WSTransport, None]) -> None:
        self._subscribers = subscribers

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """Forget a subscriber."""
        self._subscribers.pop(transport, None)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Execute a message of the load generator."""
        if frame.msg_type == WSMsgType.CLOSE:
            transport.disconnect()
        if frame.msg_type != WSMsgType.TEXT:
            return
        join_ref, ref, topic, event, payload = decode(frame.get_payload_as_memoryview())
        if event == "publish":
            text = tick(topic, payload["payload"])
            for _ in range(payload["n"]):
                for subscriber in self._subscribers:
                    subscriber.send(WSMsgType.TEXT, text)
            return
        if event == "phx_join":
            self._subscribers[transport] = None
        transport.send(WSMsgType.TEXT, reply(join_ref, ref, topic, event, payload))


async def serve(port: int) -> None:
    """Serve until cancelled."""
    subscribers: dict[WSTransport, None] = {}

    def connected(_: WSUpgradeRequest) -> Client:
        return Client(subscribers)

    server = await ws_create_server(connected, "127.0.0.1", port, backlog=4096)
    await server.serve_forever()


def main() -> None:
    freeze()
    uvloop.run(serve(int(sys.argv[1])))


if __name__ == "__main__":
    main()
