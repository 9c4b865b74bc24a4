"""Replay of one scenario against a server, with the differences found."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from tests.conformance.app import TIME_SCALE
from tests.conformance.matching import BIG, Bindings, same_step, show, substitute
from tests.support.phoenix.rawclient import (
    BINARY,
    CLOSE,
    TEXT,
    RawWebSocket,
    Response,
    Step,
    fetch,
    frame,
    open_websocket,
)

ARRIVES = {"recv", "recv_close", "recv_pong", "recv_ping", "eof", "response", "http_response"}
UPGRADE_HEADERS = ("Connection", "Upgrade", "Sec-WebSocket-Version", "Sec-WebSocket-Key")

PATIENCE_S = 20.0
PATIENCE_AFTER_A_MISS_S = 0.3
LONGEST_POLL_S = 10.0 + PATIENCE_S  # the default window, and the patience
LONGEST_POLL_AFTER_A_MISS_S = 3.0
SETTLE_S = 0.05


class Scenario:
    """One run of one transcript's steps.

    Parameters
    ----------
    transcript
        The transcript.
    steps
        Its steps, or one of its alternatives.
    host, port
        Of the server.
    """

    def __init__(self, transcript: dict[str, Any], steps: list[Step], host: str, port: int) -> None:
        self._unordered = transcript.get("unordered_within_step", False)
        self._is_v2 = transcript["vsn"] == "2.0.0"
        self._steps = steps
        self._host, self._port = host, port
        self._bound: Bindings = {}
        self._differences: list[str] = []
        self._sockets: dict[str, RawWebSocket] = {}
        self._opened: list[RawWebSocket] = []
        self._responses: dict[str, Step] = {}
        self._requests: list[tuple[str | None, asyncio.Task[Step]]] = []
        self._patience_s = PATIENCE_S

    async def run(self) -> list[str]:
        """Replay, and return the differences."""
        try:
            for driver, expected in _groups(self._steps):
                if driver is not None:
                    await self._drive(driver)
                await self._compare_all(expected)
            await asyncio.sleep(SETTLE_S)
            self._report_leftovers()
            return self._differences
        finally:
            tasks = [task for _, task in self._requests]
            for task in tasks:
                task.cancel()
            ends = (socket.end() for socket in self._opened)
            await asyncio.gather(*ends, *tasks, return_exceptions=True)
            await self._leave_longpoll_topics()

    # --- what the client does
    async def _drive(self, step: Step) -> None:
        try:
            await getattr(self, f"_do_{step['op']}")(step)
        except (OSError, EOFError, KeyError, TimeoutError) as error:
            self._differences.append(f"step {step['op']}: {type(error).__name__} {error}")

    async def _do_open(self, step: Step) -> None:
        name = step["conn"]
        self._sockets.pop(name, None)
        path, _, query = step["target"].partition("?")
        socket, response = await open_websocket(
            name,
            self._host,
            self._port,
            f"{path}?{substitute(query, self._bound)}" if query else path,
            method=step["method"],
            headers={
                key: substitute(value, self._bound)
                for key, value in step["headers"].items()
                if value != "<any:key>"
            },
            omit=tuple(key for key in UPGRADE_HEADERS if key not in step["headers"]),
        )
        self._responses[name] = response
        if socket is not None:
            self._sockets[name] = socket
            self._opened.append(socket)

    async def _do_send(self, step: Step) -> None:
        if "text" in step:
            data = frame(TEXT, step["text"].encode())
        else:
            data = frame(BINARY, base64.b64decode(step["binary"]))
        await self._sockets[step["conn"]].send(data)

    async def _do_send_generated(self, step: Step) -> None:
        message: Any = ["1", "2", "market:1", "echo", {"p": BIG}]
        if not self._is_v2:
            keys = ("join_ref", "ref", "topic", "event", "payload")
            message = dict(zip(keys, message, strict=True))
        await self._sockets[step["conn"]].send(frame(TEXT, json.dumps(message).encode()))

    async def _do_send_raw(self, step: Step) -> None:
        await self._sockets[step["conn"]].send(base64.b64decode(step["bytes"]))

    async def _do_send_close(self, step: Step) -> None:
        socket = self._sockets[step["conn"]]
        socket.closing = True
        code = step["code"]
        payload = code.to_bytes(2, "big") + step["reason"].encode() if code else b""
        await socket.send(frame(CLOSE, payload))

    async def _do_drop(self, step: Step) -> None:
        await self._sockets.pop(step["conn"]).end()

    async def _do_wait(self, step: Step) -> None:
        await asyncio.sleep(step["ms"] / 1000 * TIME_SCALE)

    async def _do_http(self, step: Step) -> None:
        label = step.get("label")
        if self._requests:  # concurrent requests must still start in order
            soon = label == "post" or "second" in (label or "")
            await asyncio.sleep(0.12 if soon else 0.3)
        self._requests.append((label, asyncio.ensure_future(self._request(step))))

    async def _request(self, step: Step) -> Step:
        if "body_b64" in step:
            body = base64.b64decode(step["body_b64"])
        else:
            body = step.get("body", "").encode()
        headers = {"Host": f"localhost:{self._port}", "Connection": "close"}
        headers |= {k: substitute(v, self._bound) for k, v in step["headers"].items()}
        if "body" in step or "body_b64" in step or step["method"] == "POST":
            headers["Content-Length"] = str(len(body))
        target = self._target(step["target"])
        is_patient = self._patience_s == PATIENCE_S
        limit = LONGEST_POLL_S if is_patient else LONGEST_POLL_AFTER_A_MISS_S
        try:
            async with asyncio.timeout(limit):
                response = await fetch(
                    self._host, self._port, step["method"], target, headers, body
                )
        except TimeoutError:
            self._lose_patience()
            response = Response(0, {}, b"no response in time")
        except (EOFError, OSError):
            return {"op": "http_response", "error": "connection closed without a response"}
        return {
            "op": "http_response",
            "status": response.status,
            "headers": response.headers,
            "body": response.text,
        }

    def _target(self, recorded: str) -> str:
        path, _, query = recorded.partition("?")
        pairs = []
        for pair in query.split("&"):
            name, equals, value = pair.partition("=")
            if "<" in value:
                value = quote(substitute(value, self._bound), safe="")
            pairs.append(name + equals + value)
        return f"{path}?{'&'.join(pairs)}" if query else path

    async def _leave_longpoll_topics(self) -> None:
        """Leave topics joined over long-poll: its session outlives the scenario by seconds."""
        for step in self._steps:
            body = step.get("body", "")
            if step["op"] != "http" or step["method"] != "POST" or "phx_join" not in body:
                continue
            for line in body.splitlines() if self._is_v2 else [body]:
                bye = self._goodbye(line)
                if bye is None:
                    continue
                try:
                    await asyncio.wait_for(self._request(step | {"body": bye}), 0.5)
                except TimeoutError:
                    return

    def _goodbye(self, line: str) -> str | None:
        try:
            join = json.loads(line)
        except ValueError:
            return None
        if self._is_v2:
            return json.dumps([None, "bye", join[2], "phx_leave", {}])
        keys = ("topic", "event", "payload", "ref", "join_ref")
        return json.dumps(
            dict(zip(keys, (join["topic"], "phx_leave", {}, "bye", None), strict=True))
        )

    # --- what the server does
    async def _arrived(self, expected: Step) -> Step | None:
        if expected["op"] == "response":
            return self._responses.pop(expected["conn"], None)
        if expected["op"] == "http_response":
            return await self._http_response(expected.get("label"))
        socket = self._sockets.get(expected["conn"])
        got = await socket.next(self._patience_s) if socket else None
        while got and got["op"] == "send_failed" and socket:
            got = await socket.next(self._patience_s)
        if got is None:
            self._lose_patience()
        return got

    async def _http_response(self, label: str | None) -> Step | None:
        if not self._requests:
            return None
        request = next((each for each in self._requests if each[0] == label), self._requests[0])
        self._requests.remove(request)
        return await request[1]

    def _lose_patience(self) -> None:
        """Wait less from now on: the scenario has failed already."""
        self._patience_s = min(self._patience_s, PATIENCE_AFTER_A_MISS_S)

    async def _compare_all(self, expected: dict[str, list[Step]]) -> None:
        for conn, steps in expected.items():
            where = f"conn {conn}: " if conn else ""
            if self._unordered:
                got = [await self._arrived(step) for step in steps]
                self._compare_unordered(where, steps, got)
            else:
                await self._compare_in_order(where, steps)

    def _is_same(self, expected: Step, got: Step | None) -> bool:
        bound = dict(self._bound)
        if not same_step(expected, got, bound):
            return False
        self._bound = bound
        return True

    async def _compare_in_order(self, where: str, steps: list[Step]) -> None:
        for expected in steps:
            actual = await self._arrived(expected)
            if not self._is_same(expected, actual):
                self._lose_patience()
                self._differences.append(
                    f"{where}expected {show(expected)}\n     got {show(actual)}"
                )

    def _compare_unordered(self, where: str, steps: list[Step], got: list[Step | None]) -> None:
        left = [step for step in got if step is not None]
        for expected in steps:
            found = next((step for step in left if self._is_same(expected, step)), None)
            if found is None:
                self._differences.append(f"{where}expected (in any order) {show(expected)}")
            else:
                left.remove(found)
        self._differences += [f"{where}unexpected {show(step)}" for step in left]

    def _report_leftovers(self) -> None:
        for name, socket in self._sockets.items():
            self._differences += [
                f"conn {name}: extra at the end {show(step)}"
                for step in socket.arrived
                if step["op"] not in ("eof", "send_failed")
            ]


def _groups(steps: list[Step]) -> Iterator[tuple[Step | None, dict[str, list[Step]]]]:
    """Yield each step of the client with the server's reaction, by connection."""
    driver: Step | None = None
    arrivals: dict[str, list[Step]] = {}
    for step in steps:
        if step["op"] in ARRIVES:
            arrivals.setdefault(step.get("conn", ""), []).append(step)
            continue
        if driver is not None or arrivals:
            yield driver, arrivals
        driver, arrivals = step, {}
    yield driver, arrivals
