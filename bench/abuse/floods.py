"""Attacks by clients that ask for too much, each within the rules of the protocol."""

from __future__ import annotations

import contextlib
import json
import socket
import struct
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from bench.abuse.wire import Target, frames_in, text_frame, upgrade

PATIENCE_S: Final = 5.0
BLOCK: Final = 500
"""Messages that are sent before the replies are read."""
RESET: Final = struct.pack("ii", 1, 0)
"""Value of SO_LINGER with which a socket that is closed resets its connection."""
ATTACKER: Final = "127.0.0.2"
"""Another address of this machine than the honest client's."""


def join_flood(target: Target) -> str:
    """Join one topic 20,000 times."""
    return _flood(target, (_join("market:realtime", {}) for _ in range(20_000)))


def replay_flood(target: Target) -> str:
    """Join 5,000 times with `since`, from the beginning."""
    join = _join("market:realtime", {"since": _newest(target)})
    return _flood(target, (join for _ in range(5_000)))


def topic_flood(target: Target) -> str:
    """Join 2,000 topics, of which each is an indicator, and as many views by `max_hz`."""
    topics = (_join(f"indicators:AAA:1s:ema({n})", {}) for n in range(2, 2_002))
    views = (
        _join("market:realtime", {"mode": "merge", "max_hz": n / 100}) for n in range(10, 2010)
    )
    return _flood(target, (each for pair in zip(topics, views, strict=True) for each in pair))


def message_flood(target: Target) -> str:
    """Send 100,000 events to a topic that is not joined."""
    push: list[Any] = [None, "1", "market:AAA", "x", {}]
    return _flood(target, (push for _ in range(100_000)))


def reconnect_flood(target: Target) -> str:
    """Open and drop 5,000 WebSockets, one after the other."""
    answers: Counter[str] = Counter()
    for _ in range(5_000):
        with target.connect(PATIENCE_S) as connection:
            try:
                upgrade(connection, target)
                answers["101"] += 1
            except ConnectionError as refused:
                answers[str(refused).split(" ")[1]] += 1
    return _listed(answers)


def vanishing_flood(target: Target) -> str:
    """Send 1,000 joins and reset the connection without reading, 300 times."""
    answers: Counter[str] = Counter()
    joins = text_frame(json.dumps(_join("market:realtime", {})).encode()) * 1_000
    for _ in range(300):
        with target.connect(PATIENCE_S) as connection:
            try:
                upgrade(connection, target)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                connection.sendall(joins)
                answers["reset"] += 1
            except ConnectionError as refused:
                answers[str(refused)] += 1
    return _listed(answers)


FLOODS: Final[dict[str, Callable[[Target], str]]] = {
    each.__name__: each
    for each in (
        *(join_flood, replay_flood, topic_flood, message_flood, reconnect_flood, vanishing_flood),
    )
}


def _join(topic: str, params: dict[str, Any]) -> list[Any]:
    return ["1", "1", topic, "phx_join", params]


def _newest(target: Target) -> str:
    """Return the newest id."""
    with target.connect(PATIENCE_S) as connection:
        upgrade(connection, target)
        connection.sendall(text_frame(json.dumps(_join("market:realtime", {})).encode()))
        for opcode, payload in frames_in(connection):
            reply = json.loads(payload)[4] if opcode == 1 else {}
            if "response" in reply:
                return str(reply["response"]["id"])
    raise ConnectionError("the server did not answer a join")


def _flood(target: Target, messages: Iterable[list[Any]]) -> str:
    """Send messages as fast as the replies come, and return how many there are of each kind."""
    answers: Counter[str] = Counter()
    with target.connect(PATIENCE_S) as connection, contextlib.suppress(OSError):
        upgrade(connection, target)
        frames = frames_in(connection)
        block: list[bytes] = []
        for message in messages:
            block.append(text_frame(json.dumps(message).encode()))
            if len(block) == BLOCK:
                connection.sendall(b"".join(block))
                _read(frames, len(block), answers)
                block.clear()
    return _listed(answers)


def _read(frames: Iterator[tuple[int, bytes]], count: int, answers: Counter[str]) -> None:
    """Read so many replies; raise ConnectionError at the end of the connection."""
    while count:
        opcode, payload = next(frames)
        if opcode == 8:
            answers[f"close {int.from_bytes(payload[:2], 'big')}"] += 1
            raise ConnectionError
        message = json.loads(payload)
        if message[3] == "phx_reply":
            answers[message[4]["response"].get("reason", message[4]["status"])] += 1
            count -= 1


def _listed(answers: Counter[str]) -> str:
    return ", ".join(f"{count} x {answer}" for answer, count in answers.items())
