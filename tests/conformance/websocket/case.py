"""A case of the WebSocket layer: the bytes sent, the expected reaction, and the expected end.

The numbers are those of the Autobahn test suite's sections, whose subjects these are. Its server
echoes any message; ours echoes the payload of a push, so a text or binary *message* here is a
whole push of the topic that the client has joined.
"""

from __future__ import annotations

import base64
import itertools
import json
from dataclasses import dataclass
from typing import Any

from tests.support.phoenix.rawclient import BINARY, PING, PONG, TEXT, frame

CONT = 0
TOPIC = "market:ws"
SOCKET = "/socket"
ALIVE = 0
"""The case does not end the connection: a close in order is answered as one."""

WHOLE, BY_FRAME, BY_OCTET = 0, -1, 1


@dataclass(frozen=True)
class Echo:
    """A message that the server repeats, and the step by which it does so."""

    opcode: int
    message: bytes
    heard: dict[str, Any]


@dataclass(frozen=True)
class Case:
    """One case.

    Attributes
    ----------
    name
        Its number, with what is particular about it.
    sent
        Frames.
    heard
        Steps of the server, in order, before the end.
    end
        The code with which the server closes.
    chop
        Number of bytes to write at a time; 0: all at once; -1: a frame.
    path
        Of the socket.
    """

    name: str
    sent: tuple[bytes, ...]
    heard: tuple[dict[str, Any], ...] = ()
    end: int = ALIVE
    chop: int = WHOLE
    path: str = SOCKET

    def pieces(self) -> list[bytes]:
        """Return what is written at a time."""
        if self.chop == BY_FRAME:
            return list(self.sent)
        stream = b"".join(self.sent)
        size = self.chop or len(stream)
        return [stream[at : at + size] for at in range(0, len(stream), size)]

    def each_way(self) -> list[Case]:
        """Return the case with its bytes written in each of three ways."""
        ways = {"": WHOLE, ", frame by frame": BY_FRAME, ", octet by octet": BY_OCTET}
        return [
            Case(self.name + how, self.sent, self.heard, self.end, chop, self.path)
            for how, chop in ways.items()
        ]


def text(payload: str, size: int = 0) -> Echo:
    """Return a text message of at least `size` bytes whose echo is `payload`."""
    push = json.dumps(["1", "2", TOPIC, "echo", payload], ensure_ascii=False).encode()
    reply = ["1", "2", TOPIC, "phx_reply", {"response": payload, "status": "ok"}]
    return Echo(TEXT, push.ljust(size), {"op": "recv", "json": reply})


def binary(size: int) -> Echo:
    """Return a binary message of exactly `size` bytes, at least that of its head."""
    names = [b"1", b"2", TOPIC.encode(), b"echo"]
    head = bytes([0, *map(len, names)]) + b"".join(names)
    payload = bytes(at & 0xFF for at in range(256)) * (size // 256 + 1)
    payload = payload[: size - len(head)]
    names[-1] = b"ok"
    reply = bytes([1, *map(len, names)]) + b"".join(names) + payload
    heard = {"op": "recv", "binary": base64.b64encode(reply).decode()}
    return Echo(BINARY, head + payload, heard)


def whole(echo: Echo) -> bytes:
    """Return a message in one frame."""
    return frame(echo.opcode, echo.message)


def fragments(echo: Echo, *cuts: int, size: int = 0) -> list[bytes]:
    """Return a message in frames, cut at these places, or every `size` bytes."""
    at = [0, *cuts, len(echo.message)]
    if size:
        at = [*range(0, len(echo.message), size), len(echo.message)]
    return [
        frame(
            CONT if index else echo.opcode,
            echo.message[start:end],
            fin=index == len(at) - 2,
        )
        for index, (start, end) in enumerate(itertools.pairwise(at))
    ]


def ping(payload: bytes = b"") -> bytes:
    """Return a ping."""
    return frame(PING, payload)


def pong(payload: bytes = b"") -> dict[str, Any]:
    """Return the pong that answers it."""
    return {"op": "recv_pong", "data": base64.b64encode(payload).decode()}


def unasked_pong(payload: bytes = b"") -> bytes:
    """Return a pong that nobody asked for."""
    return frame(PONG, payload)
