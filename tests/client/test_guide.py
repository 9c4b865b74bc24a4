"""The Python of docs/python-client.md runs, block after block, against a server."""

from __future__ import annotations

import ast
import asyncio
import inspect
import re
from typing import Any

from tests.support.paths import ROOT
from tests.support.publisher import DAY, SECOND, Publisher, mixed
from tests.support.server import Server

BLOCK = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)


async def test_its_python_runs(publisher: Publisher, server: Server) -> None:
    publisher.publish(mixed(500))
    guide = (ROOT / "docs" / "python-client.md").read_text()
    text = guide.replace("SPY", "AAA").replace("4000", str(server.port))
    text = text.replace("timeout_s=10", "timeout_s=100")  # a busy machine is slow
    blocks = BLOCK.findall(text)
    assert len(blocks) > 4
    publishing = asyncio.create_task(_publish(publisher, server))
    names: dict[str, Any] = {"__name__": "guide"}
    try:
        for block in blocks:
            code = compile(block, "guide", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
            result = eval(code, names)
            if inspect.isawaitable(result):
                await result
        assert len(names["ticks"]) == len(names["more"]) == 10
        assert len(names["frame"]) == len(names["candles"]) > 0
        assert names["table"].num_rows > 0
        assert await asyncio.to_thread(names["last_price"]) > 0
    finally:
        publishing.cancel()


async def _publish(publisher: Publisher, server: Server) -> None:
    """Write ticks all the time, as fast as the server reads them."""
    number = 0
    while True:
        number += 1
        publisher.publish(mixed(10, start=DAY + (100 + number) * SECOND))
        await server.reaches(publisher)
