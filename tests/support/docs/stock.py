"""The stock phoenix.js from npm, driven from Python."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

SCRIPT = Path(__file__).with_name("stock.mjs")
PATIENCE_S = 60
LINE_LIMIT = 1 << 20


class StockClient:
    """One phoenix.js socket in a Node process, which runs stock.mjs."""

    def __init__(self, node: asyncio.subprocess.Process, port: int) -> None:
        self._node = node
        self._port = port
        self._ids = itertools.count()
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._events: list[tuple[str, str, Any]] = []
        self._news = asyncio.Event()

    async def connect(self, path: str = "/socket", **options: Any) -> str:
        """Connect, and return "open" or "refused".

        Options are those of phoenix.js, `polled` for long-polling, and `cookie` for the value of a
        Cookie header.
        """
        answer = await self._do("connect", f"ws://localhost:{self._port}{path}", options)
        return str(answer)

    async def join(self, topic: str, params: Any = None) -> list[Any]:
        """Join, and return [status, response]."""
        return await self._do("join", topic, {} if params is None else params)  # type: ignore[no-any-return]

    async def push(self, topic: str, event: str, payload: Any = None) -> list[Any]:
        """Push, and return [status, response]."""
        return await self._do("push", topic, event, {} if payload is None else payload)  # type: ignore[no-any-return]

    async def event(
        self, topic: str, event: str, wanted: Callable[[Any], bool] = lambda payload: True
    ) -> Any:
        """Wait for an event, and return its payload."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                for index, (at, name, payload) in enumerate(self._events):
                    if (at, name) == (topic, event) and wanted(payload):
                        del self._events[index]
                        return payload
                self._news.clear()
                await self._news.wait()

    async def people(self, topic: str, *keys: str) -> list[dict[str, Any]]:
        """Wait until exactly these keys are present; return their presences in order of keys."""
        wanted = sorted(keys)
        found = await self.event(
            topic, "people", lambda people: sorted(each["key"] for each in people) == wanted
        )
        return sorted(found, key=lambda each: str(each["key"]))

    async def _do(self, name: str, *values: Any) -> Any:
        number = next(self._ids)
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        assert self._node.stdin is not None
        self._node.stdin.write(json.dumps([number, name, *values]).encode() + b"\n")
        async with asyncio.timeout(PATIENCE_S):
            return await answer

    async def read(self) -> None:
        """Receive the lines of the Node process until it ends."""
        assert self._node.stdout is not None
        async for line in self._node.stdout:
            match json.loads(line):
                case [None, topic, event, payload]:
                    self._events.append((topic, event, payload))
                    self._news.set()
                case [number, result]:
                    self._answers.pop(number).set_result(result)


@contextlib.asynccontextmanager
async def stock_client(port: int) -> AsyncIterator[StockClient]:
    """Yield a client in a Node process of its own, and end the process."""
    pipe = asyncio.subprocess.PIPE
    node = await asyncio.create_subprocess_exec(
        "node", str(SCRIPT), stdin=pipe, stdout=pipe, limit=LINE_LIMIT
    )
    client = StockClient(node, port)
    reading = asyncio.create_task(client.read())
    try:
        yield client
    finally:
        assert node.stdin is not None
        node.stdin.close()
        await reading
        await node.wait()
