"""The stock phoenix.js on one market topic, which may poll and resumes by itself."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

SCRIPT: Final = Path(__file__).with_suffix(".mjs")
LINE_LIMIT: Final = 1 << 24
PATIENCE_S: Final = 60


class FallbackClient:
    """A client in a Node process, and the rows that it has printed; see fallback.mjs."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.rows: list[tuple[str, Any]] = []
        self._process = process
        self._news = asyncio.Event()
        self._taken: dict[str, int] = {}

    def of(self, name: str) -> list[Any]:
        """Return the payloads of the rows of one name, so far."""
        return [payload for each, payload in self.rows if each == name]

    async def count(self, name: str, count: int) -> list[Any]:
        """Wait for this many rows of a name, and return the payloads of all of that name."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while len(self.of(name)) < count:
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"{count} of {name} did not come: {self.rows[-9:]}") from None
        return self.of(name)

    async def next(self, name: str) -> Any:
        """Wait for the next row of a name, and return its payload."""
        taken = self._taken[name] = self._taken.get(name, 0) + 1
        return (await self.count(name, taken))[taken - 1]

    async def read(self) -> None:
        """Take the rows of the process until it ends."""
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            name, payload = json.loads(line)
            self.rows.append((name, payload))
            self._news.set()


@contextlib.asynccontextmanager
async def fallback_client(
    socket: str,
    topic: str,
    params: dict[str, Any],
    /,
    *events: str,
    **options: Any,
) -> AsyncIterator[FallbackClient]:
    """Yield a client that joins a topic of the socket at an address; see the script."""
    process = await asyncio.create_subprocess_exec(
        *("node", str(SCRIPT), socket, json.dumps(options), topic, json.dumps(params)),
        *events,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=LINE_LIMIT,
    )
    client = FallbackClient(process)
    reading = asyncio.create_task(client.read())
    try:
        yield client
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await reading
        await process.wait()
