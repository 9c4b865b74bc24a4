"""Signals that a failover loses while infer is killed are made again: each comes once."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.chaos.numbered import MODEL
from tests.support.eventually import eventually
from tests.support.logged import logged
from tests.support.publisher import STREAM
from tests.support.recording import recording, rows_of
from tests.support.replica import primary_and_replica
from tests.support.server import Serve
from tests.support.told import Told
from tickfire.models.infer.service import Infer, InferConfig
from tickfire.store.schema import ticks_key
from tickfire.store.store import Store


@contextlib.asynccontextmanager
async def standby(url: str) -> AsyncIterator[None]:
    """Run inference in this process, after that which holds the lease."""
    async with await Store.open(url) as store:
        task = asyncio.create_task(Infer(InferConfig(models=(MODEL,)), store).run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


@pytest.mark.timeout(240)
async def test_signals_that_are_made_again_come_once(tmp_path: Path, serve: Serve) -> None:
    archive = str(tmp_path / "archive")
    with primary_and_replica(tmp_path) as pair:
        client, url = pair.primary.client, pair.primary.url
        told = Told(pair.primary)
        server = await serve(url, archive=archive)
        joined = await (await server.client()).join("signals:AAA")

        arguments = ("infer", "--redis-url", url, "--model", MODEL)
        record = recording(url, archive, tables=("signals",))
        async with record as recorder, logged(*arguments) as first:

            async def is_everywhere(count: int) -> None:
                await joined.count("signal", count)
                what = f"{count} are recorded"
                await eventually(lambda: recorder.metrics.rows >= count, what)

            await first.said("following feed 1", timeout_s=120)
            async with standby(url):
                await told.trades_are_news()
                told.trade()
                await is_everywhere(10)
                await pair.part()
                told.trade()
                await is_everywhere(20)
                entries: Any = client.xrange(ticks_key(STREAM))

                first.process.kill()
                await pair.fail_over()
                assert len(told.signals()) == 10
                told.write_again(entries)
                await eventually(lambda: len(told.signals()) == 20, "the lost are made again")
                told.trade()
                await is_everywhere(30)

        wanted = list(range(1, 31))
        assert told.signals() == wanted
        found = joined.of("signal")
        assert [one["number"] for one in found] == wanted
        ids = [one["id"] for one in found]
        rows = rows_of(archive, "SELECT position, id FROM signals ORDER BY position")
        assert rows == [(10 * n, name) for n, name in zip(wanted, ids, strict=True)]

        # A server that has seen none of them tells the same ids, and so does the REST API.
        other = await serve(url)
        latest = await (await other.client()).join("signals:all")
        assert [one["id"] for one in latest.response["signals"]] == ids
        page = (await server.get("/v1/signals?symbol=AAA")).json()
        assert [row["id"] for row in page["rows"]] == ids[::-1]
