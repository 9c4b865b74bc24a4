"""Deviations from Phoenix: each with its reason and the check that pins it.

docs/conformance.md lists the same deviations, and a test compares the two. The transcripts have no
deviations: even recorded quirks of Phoenix, in which it loses data, are reproduced.
"""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest

from tests.support.paths import ROOT
from tests.support.phoenix.rawclient import CLOSE, TEXT, RawWebSocket, frame, open_websocket
from tickfire.phoenix.core.session import DEFAULT_JOIN_TIMEOUT_S
from tickfire.phoenix.core.subscriber import DEFAULT_WRITE_LIMIT
from tickfire.phoenix.wire.jsoncodec import encode_json

PATIENCE_S = 60
TOPIC = "market:deviations"
DOCUMENT = ROOT / "docs" / "conformance.md"

type Send = Callable[[bytes], Awaitable[None]]


@dataclass(frozen=True)
class Deviation:
    """One deviation.

    Attributes
    ----------
    phoenix, here
        Behaviour of Phoenix 1.8, and of this server.
    reason
        Reason for the deviation.
    check
        Asserts the behaviour of this server, on a joined connection.
    """

    phoenix: str
    here: str
    reason: str
    check: Callable[[RawWebSocket], Awaitable[None]]


async def _next(socket: RawWebSocket) -> dict[str, Any]:
    step = await socket.next(PATIENCE_S)
    assert step is not None, "the server sent nothing"
    return step


def _closes(sent: bytes, code: int) -> Callable[[RawWebSocket], Awaitable[None]]:
    async def check(socket: RawWebSocket) -> None:
        await socket.send(sent)
        closed = await _next(socket)
        assert (closed["op"], closed.get("code")) == ("recv_close", code), closed

    return check


def _holds(what: Callable[[], bool]) -> Callable[[RawWebSocket], Awaitable[None]]:
    async def check(socket: RawWebSocket) -> None:
        assert what()

    return check


def _echo(payload: str) -> bytes:
    return frame(TEXT, f'["1","2","{TOPIC}","echo",{payload}]'.encode())


def _header_of(size: int) -> bytes:
    return b"\x82\xff" + size.to_bytes(8, "big") + b"\0\0\0\0"


DEVIATIONS = {
    "deep JSON": Deviation(
        "reads JSON of any depth",
        "closes with 1011 beyond the interpreter's recursion limit, about a thousand levels",
        "depth costs stack, and no real client nests so deeply",
        _closes(_echo("[" * 100_000 + "]" * 100_000), 1011),
    ),
    "long integers": Deviation(
        "reads integers of any length",
        "closes with 1011 beyond 4,300 digits",
        "the time to decode them grows with the square of the length",
        _closes(_echo("9" * 5_000), 1011),
    ),
    "large messages": Deviation(
        "accepts messages of any size by default",
        "closes with 1009 beyond 64 MiB by default (`max_message_size`)",
        "one client must not exhaust the memory",
        _closes(_header_of((64 << 20) + 1), 1009),
    ),
    "text that is not UTF-8, in fragments": Deviation(
        "closes with 1007 when the message is complete",
        "closes with 1007 at the first invalid fragment",
        "RFC 6455 allows it, and no data is buffered in vain",
        _closes(frame(TEXT, b"\xf4\x90\x80\x80", fin=False), 1007),
    ),
    "close codes 1012, 1013 and 1014": Deviation(
        "answers a client's close frame with 1002, as for codes that must not be sent",
        "answers it with 1000",
        "the codes have been registered since RFC 6455 was written",
        _closes(frame(CLOSE, (1012).to_bytes(2, "big")), 1000),
    ),
    "NaN and infinities from the server": Deviation(
        "cannot have them: Erlang's floats are finite",
        "sends null",
        "as JSON.stringify does; a computed value need not crash a channel",
        _holds(lambda: encode_json([math.nan, math.inf]) == b"[null,null]"),
    ),
    "a join that never decides": Deviation(
        "waits forever, and blocks the socket",
        "cancels it after 30 s and answers as if it had crashed (`join_timeout_s`)",
        "a join holds up everything else on its connection",
        _holds(lambda: DEFAULT_JOIN_TIMEOUT_S == 30.0),
    ),
    "a client that does not read": Deviation(
        "blocks the socket's process until the send times out",
        "closes it with 1013 when it has read nothing for 30 s, and drops it when 8 MiB are "
        "waiting, unless its channel conflates (`on_overflow`)",
        "memory is bounded, and no other client has to wait",
        _holds(lambda: DEFAULT_WRITE_LIMIT == 8 << 20),
    ),
}


async def _check_on_a_connection(
    check: Callable[[RawWebSocket], Awaitable[None]], port: int
) -> None:
    target = "/socket/websocket?vsn=2.0.0"
    socket, response = await open_websocket("c", "127.0.0.1", port, target)
    assert socket is not None, response
    try:
        await socket.send(frame(TEXT, json.dumps(["1", "1", TOPIC, "phx_join", {}]).encode()))
        assert (await _next(socket))["op"] == "recv"
        await check(socket)
    finally:
        await socket.end()


@pytest.mark.parametrize("name", DEVIATIONS)
def test_deviation(name: str, port: int) -> None:
    asyncio.run(_check_on_a_connection(DEVIATIONS[name].check, port))


def test_the_document_lists_each_deviation() -> None:
    text = DOCUMENT.read_text("utf8")
    for name, deviation in DEVIATIONS.items():
        row = f"| {name} | {deviation.phoenix} | {deviation.here} | {deviation.reason} |"
        assert row in text, row
