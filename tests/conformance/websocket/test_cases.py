"""The WebSocket layer of our server (RFC 6455), case by case, over a real connection."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from tests.conformance.websocket.basics import FRAMING, OPCODES, PINGS, RESERVED
from tests.conformance.websocket.case import ALIVE, TOPIC, Case
from tests.conformance.websocket.closing import CLOSING
from tests.conformance.websocket.fragmented import FRAGMENTATION
from tests.conformance.websocket.large import LARGE
from tests.conformance.websocket.utf8 import UTF8
from tests.support.phoenix.rawclient import CLOSE, TEXT, RawWebSocket, frame, open_websocket

pytestmark = pytest.mark.timeout(120)

CASES = [*FRAMING, *PINGS, *RESERVED, *OPCODES, *FRAGMENTATION, *UTF8, *CLOSING, *LARGE]
PATIENCE_S = 60
NORMAL = 1000


async def connected(port: int, path: str) -> RawWebSocket:
    """Connect, and join the topic that echoes."""
    target = f"{path}/websocket?vsn=2.0.0"
    socket, response = await open_websocket("c", "127.0.0.1", port, target)
    assert socket is not None, response
    await socket.send(frame(TEXT, json.dumps(["1", "1", TOPIC, "phx_join", {}]).encode()))
    reply = await heard(socket)
    assert json.loads(reply["text"])[4]["status"] == "ok"
    return socket


async def heard(socket: RawWebSocket) -> dict[str, Any]:
    """Return the next event from the server."""
    step = await socket.next(PATIENCE_S)
    assert step is not None, "nothing came"
    return step


async def write(socket: RawWebSocket, case: Case) -> None:
    for piece in case.pieces():
        await socket.send(piece)
        if case.chop:
            await asyncio.sleep(0)


def same(expected: dict[str, Any], got: dict[str, Any]) -> bool:
    if "json" in expected:
        return "text" in got and bool(json.loads(got["text"]) == expected["json"])
    kept = {key: got.get(key) for key in expected}
    return kept == expected


def brief(step: dict[str, Any]) -> str:
    return str(step)[:300]


async def run(case: Case, port: int) -> None:
    socket = await connected(port, case.path)
    writing = asyncio.create_task(write(socket, case))
    try:
        for expected in case.heard:
            got = await heard(socket)
            assert same(expected, got), f"expected {brief(expected)}\n     got {brief(got)}"
        if case.end == ALIVE:
            await writing
            await socket.send(frame(CLOSE, NORMAL.to_bytes(2, "big")))
        closed, ended = await heard(socket), await heard(socket)
        assert (closed["op"], ended["op"]) == ("recv_close", "eof"), brief(closed)
        assert closed["code"] == (case.end or NORMAL)
    finally:
        writing.cancel()
        await socket.end()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case(case: Case, port: int) -> None:
    asyncio.run(run(case, port))


def test_case_names_are_unique() -> None:
    names = [case.name for case in CASES]
    assert len(set(names)) == len(names)
