"""Pages of ticks go on over epochs that have ended, and while the recorder writes."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.http import http_client
from tests.support.publisher import trades
from tests.support.recording import recorded
from tests.support.server import Serve, Server
from tests.support.valkey import Valkey
from tickfire.archive.reading import ArchiveReader

pytestmark = pytest.mark.timeout(300)  # kernels may have to be compiled


async def ticks(server: Server, **params: Any) -> httpx.Response:
    async with http_client(timeout=60) as client:
        url = f"http://127.0.0.1:{server.port}/v1/ticks"
        return await client.get(url, params={"symbol": "AAA", **params})


async def positions(server: Server, limit: int, cursor: str) -> list[tuple[str, int]]:
    """Return the epochs and positions of the rows of all pages after a cursor."""
    found = []
    next_one: str | None = cursor
    while next_one is not None:
        page = (await ticks(server, limit=limit, cursor=next_one)).json()
        found += [(row["epoch"], row["position"]) for row in page["rows"]]
        next_one = page["next"]
    return found


def cursor_of(epoch: bytes, position: int) -> str:
    return f"{int.from_bytes(epoch)}-{position}"


async def test_a_cursor_of_an_ended_epoch_goes_on_with_those_that_followed(
    valkey: Valkey, serve: Serve, tmp_path: Path
) -> None:
    target = str(tmp_path / "archive")
    async with recorded(valkey, target) as past:
        epochs = []
        for instrument in (1, 2, 1):  # the second has no tick of AAA
            past.publish(trades(30, instrument))
            await past.settles()
            epochs.append(past.publisher.epoch)
            await past.begin_epoch()
        past.publish(trades(30))
        await past.settles()
        epochs.append(past.publisher.epoch)
        server = await serve(valkey.url, archive=target)
        await server.reaches(past.publisher)
        of_aaa = [(epochs[n].hex(), at) for n in (0, 2, 3) for at in range(1, 31)]
        assert await positions(server, 7, cursor_of(epochs[0], 10)) == of_aaa[10:]
        assert await positions(server, 7, cursor_of(epochs[1], 10)) == of_aaa[30:]
        assert await positions(server, 7, cursor_of(epochs[3], 29)) == of_aaa[-1:]
        unknown = await ticks(server, cursor=cursor_of(b"\1unknown", 10))
        assert (unknown.status_code, "epoch" in unknown.json()["reason"]) == (400, True)
        alone = await serve(valkey.url)
        await alone.reaches(past.publisher)
        assert await positions(alone, 7, cursor_of(epochs[3], 20)) == of_aaa[-10:]
        assert (await ticks(alone, cursor=cursor_of(epochs[2], 20))).status_code == 400


async def test_a_batch_that_is_recorded_while_a_page_is_read_is_on_it(
    valkey: Valkey, serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = str(tmp_path / "archive")
    listed, may_read = threading.Event(), threading.Event()
    list_files = ArchiveReader.files

    def slow_files(self: ArchiveReader, *about: Any) -> Any:
        found = list_files(self, *about)
        listed.set()
        assert may_read.wait(60)
        return found

    monkeypatch.setattr(ArchiveReader, "files", slow_files)
    async with recorded(valkey, target) as past:
        past.publish(trades(30))
        await past.settles()
        server = await serve(valkey.url, archive=target)
        async with asyncio.TaskGroup() as group:
            page = group.create_task(ticks(server))
            await asyncio.to_thread(listed.wait, 60)
            past.publish(trades(30))
            await past.settles()
            await server.reaches(past.publisher)
            may_read.set()
        rows = page.result().json()["rows"]
        assert [row["position"] for row in rows] == list(range(1, 61))
