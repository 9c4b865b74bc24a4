"""The watch goes on whatever becomes of a look at the servers."""

from __future__ import annotations

import asyncio

import pytest

from tests.support.eventually import eventually
from tickfire.store import watch as watching
from tickfire.store.outage import Outage
from tickfire.store.url import Host
from tickfire.store.watch import Watch


class Faulty:
    """Servers whose first look goes wrong."""

    version = 0

    def __init__(self, error: Exception | None) -> None:
        self.error, self.looks = error, 0

    async def find(self, key: bytes) -> Host:
        return "127.0.0.1", 1

    def known(self, key: bytes) -> Host | None:
        return None

    def doubt(self) -> None:
        pass

    async def look(self) -> None:
        self.looks += 1
        if self.looks > 1:
            return
        if self.error is not None:
            raise self.error
        await asyncio.Event().wait()


@pytest.mark.parametrize("error", [None, OSError("no route"), IndexError("of a strange reply")])
async def test_a_look_that_fails_or_hangs_is_followed_by_others(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: Exception | None
) -> None:
    caplog.set_level("INFO")
    monkeypatch.setattr(watching, "LOOK_S", 0.01)
    monkeypatch.setattr(watching, "SILENCE_S", 0.05)
    outage, servers = Outage("redis://x"), Faulty(error)
    outage.begin("a part", OSError("refused"))
    running = asyncio.create_task(Watch(outage, servers).run())
    outage.end("a part")
    await eventually(lambda: outage.since is None, "the outage is over")
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert servers.looks > 1
    assert "answers again" in caplog.text
    assert ("strange reply" in caplog.text) == isinstance(error, IndexError)
