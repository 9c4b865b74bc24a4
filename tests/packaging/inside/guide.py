"""Use the first example of a guide through the test kit: `python guide.py docs/starlette.md`."""

from __future__ import annotations

import asyncio
import re
import sys
from pathlib import Path
from typing import Any

from tickfire.phoenix.testing import connect

BLOCK = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)


async def use(namespace: dict[str, Any]) -> None:
    client = await connect(namespace["socket"])
    room, response = await client.join("room:lobby", {"name": "Ann"})
    assert response == {"room": "lobby"}, response
    room.push("message", {"text": "hello"})
    await room.assert_push("message", {"from": "Ann", "text": "hello"})


def main() -> None:
    example, *_ = BLOCK.findall(Path(sys.argv[1]).read_text("utf8"))
    namespace: dict[str, Any] = {"__name__": "example"}
    exec(example, namespace)
    asyncio.run(use(namespace))
    assert "numba" not in sys.modules
    sys.stdout.write("the first example of the guide runs\n")


if __name__ == "__main__":
    main()
