"""Attacks: functions of the port that return the server's answer."""

from __future__ import annotations

import contextlib
import http.client
import json
import select
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from bench.abuse.wire import REQUEST, text_frame, upgrade

MIB: Final = 1 << 20
PATIENCE_S: Final = 15.0
KEPT_S: Final = 7.0
"""Time after which a connection without a complete request counts as kept for ever."""


def nothing(port: int) -> str:
    """Do nothing, to measure the honest client under the machine's other load."""
    time.sleep(KEPT_S)
    return ""


def long_url(port: int) -> str:
    """Send a request line of 100 MiB."""
    return _send(port, [b"GET /" + b"a" * MIB, *[b"a" * MIB] * 99])


def many_headers(port: int) -> str:
    """Send 300 MiB of headers, of which each is small."""
    header = b"x-filler: " + b"a" * 990 + b"\r\n"
    return _send(port, [b"GET / HTTP/1.1\r\nhost: x\r\n", *[header * 1024] * 300])


def one_header(port: int) -> str:
    """Send one header of 100 MiB."""
    return _send(port, [b"GET / HTTP/1.1\r\nhost: x\r\nx: ", *[b"a" * MIB] * 100])


def half_handshakes(port: int) -> str:
    """Open 800 connections that send half a handshake, and count those that are kept."""
    half = REQUEST.format(port=port).encode()[:100]
    return _hold(port, 800, half)


def silent_sockets(port: int) -> str:
    """Open 500 connections that send nothing, and count those that are kept."""
    return _hold(port, 500, b"")


def bad_requests(port: int) -> str:
    """Send 2,000 requests that are not HTTP."""
    return _counted(_send(port, [b"\x16\x03\x01nonsense\r\n\r\n"]) for _ in range(2_000))


def huge_message(port: int) -> str:
    """Send one JSON message of 60 MiB with nested objects and duplicate keys."""
    return _message(port, _with_pairs(60 * MIB), 1)


def costly_messages(port: int) -> str:
    """Send 200 messages of just under 64 KiB whose keys are all the same."""
    return _message(port, _with_pairs(65_000), 200)


def deep_messages(port: int) -> str:
    """Send 200 messages that nest 900 lists in a ref."""
    deep = b"[" * 900 + b"]" * 900
    return _message(port, b"[" + deep + b',"1","phoenix","heartbeat",{}]', 200)


def long_topics(port: int) -> str:
    """Send 200 joins of a topic of 60,000 characters."""
    return _message(port, json.dumps(["1", "1", "x" * 60_000, "phx_join", {}]).encode(), 200)


def poll_sessions(port: int) -> str:
    """Begin 2,000 long-poll sessions, of which none polls."""
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, PATIENCE_S)) as client:
        return _counted(_polled(client, "GET")["status"] for _ in range(2_000))


def poll_bodies(port: int) -> str:
    """Send 50 long-poll requests of 1 MB of heartbeats, and 50 of 1 MB of nested lists."""
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, PATIENCE_S)) as client:
        answers = []
        heartbeat = b'[null,"1","phoenix","heartbeat",{}]\n'
        for body in (heartbeat * (1_000_000 // len(heartbeat)), b"[" * 1_000_000):
            for _ in range(50):
                token = _polled(client, "GET")["token"]
                answers.append(_polled(client, "POST", token, body)["status"])
        return _counted(answers)


ATTACKS: Final[dict[str, Callable[[int], str]]] = {
    attack.__name__: attack
    for attack in (
        *(
            nothing,
            long_url,
            many_headers,
            one_header,
            half_handshakes,
            silent_sockets,
            bad_requests,
        ),
        *(huge_message, costly_messages, deep_messages, long_topics),
        *(poll_sessions, poll_bodies),
    )
}


def _with_pairs(size: int) -> bytes:
    pairs = b",".join([b'"a":{"b":1}'] * (size // 12))
    return b'["1","1","t","e",{' + pairs + b"}]"


def _send(port: int, parts: Iterable[bytes]) -> str:
    with socket.create_connection(("127.0.0.1", port), PATIENCE_S) as connection:
        with contextlib.suppress(OSError):
            for part in parts:
                connection.sendall(part)
        return _answer(connection)


def _answer(connection: socket.socket) -> str:
    """Return the first line of the server's response, or the reason why there is none."""
    try:
        return connection.recv(4096).split(b"\r\n")[0].decode("latin-1") or "closed"
    except OSError as error:
        return type(error).__name__


def _message(port: int, message: bytes, times: int) -> str:
    """Send a message, and return the kinds of frames that come back."""
    with socket.create_connection(("127.0.0.1", port), PATIENCE_S) as connection:
        upgrade(connection, port)
        frame = text_frame(message)
        with contextlib.suppress(OSError):
            for _ in range(times):
                connection.sendall(frame)
                if select.select([connection], [], [], 0)[0]:
                    break
        try:
            data = connection.recv(1 << 16)
        except OSError as error:
            return type(error).__name__
        return _described(data)


def _described(data: bytes) -> str:
    if data[:1] == b"\x88":
        return f"close {int.from_bytes(data[2:4], 'big')}"
    return "closed" if not data else f"a frame: {data[2:60]!r}"


def _polled(
    client: http.client.HTTPConnection, method: str, token: str = "", body: bytes = b""
) -> dict[str, Any]:
    """Send a long-poll request, and return the JSON of its response."""
    path = f"/socket/longpoll?vsn=2.0.0&token={token}"
    client.request(method, path, body, {"content-type": "application/x-ndjson"})
    answer: dict[str, Any] = json.loads(client.getresponse().read())
    return answer


def _hold(port: int, count: int, sent: bytes) -> str:
    with contextlib.ExitStack() as stack:
        held = [stack.enter_context(one) for one in _opened(port, count)]
        for connection in held:
            with contextlib.suppress(OSError):
                connection.sendall(sent)
        time.sleep(KEPT_S)
        ended, _, _ = select.select(held, [], [], 0)
        answers = _counted(_answer(connection) for connection in ended)
        return f"{len(held) - len(ended)} of {count} kept; {answers}"


def _opened(port: int, count: int) -> Iterator[socket.socket]:
    for _ in range(count):
        yield socket.create_connection(("127.0.0.1", port), PATIENCE_S)


def _counted(answers: Iterable[object]) -> str:
    return ", ".join(f"{count} x {answer}" for answer, count in Counter(answers).items())
