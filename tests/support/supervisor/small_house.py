"""Supervisor of two child processes: prints their ids, and runs until it is killed."""

from __future__ import annotations

import asyncio
import sys

from tests.support.supervisor import small_child
from tickfire.base.ports import free_port
from tickfire.server.supervisor.plan import ChildSpec, Probe
from tickfire.server.supervisor.supervisor import Supervisor

CHILD = (sys.executable, small_child.__file__)


async def main() -> None:
    ports = free_port(), free_port()
    specs = [
        ChildSpec("one", ("parent", str(ports[0])), probe=Probe("tcp", "127.0.0.1", ports[0])),
        ChildSpec("two", ("listen", str(ports[1])), probe=Probe("tcp", "127.0.0.1", ports[1])),
    ]
    house = Supervisor(specs, command=CHILD)
    await house.run(asyncio.Event(), lambda: print(*house.pids.values(), flush=True))


if __name__ == "__main__":
    asyncio.run(main())
