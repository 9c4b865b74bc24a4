"""Joining with ``since`` in an epoch that has ended: the archive has the rest, then Redis."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.eventually import eventually
from tests.support.phoenix_client import Joined
from tests.support.publisher import Publisher, mixed
from tests.support.recording import recording
from tests.support.server import Serve
from tests.support.valkey import Valkey
from tickfire.archive.pending import Rotation
from tickfire.archive.recorder import Recorder
from tickfire.server.market.epoch import routes
from tickfire.store.schema import BINARY_HEADER_2, TICK

QUICK = Rotation(rows=1_000_000, age_s=0.05)
SYMBOLS = {1: "AAA", 2: "BBB"}


@pytest.fixture
def archive(tmp_path: Path) -> str:
    return str(tmp_path / "archive")


@pytest.fixture(autouse=True)
def little_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes, "SETTLE_S", 0.5)


class Recorded:
    """A Redis that is recorded, with the ids of all trades in all epochs."""

    def __init__(self, publisher: Publisher, recorder: Recorder) -> None:
        self.publisher, self.recorder = publisher, recorder
        self.ids: list[str] = []
        self.ticks: list[bytes] = []

    def publish(self, ticks: Any, entry_size: int = 50) -> None:
        at = self.publisher.positions[0]
        self.publisher.publish(ticks, entry_size)
        kinds = ticks["kind"].tolist()
        self.ids += [self.publisher.id(at + 1 + n) for n, kind in enumerate(kinds) if kind == 1]
        own = ticks.copy()
        own["feed"] = self.publisher.feed
        self.ticks += [row.tobytes() for row in own]

    async def settles(self) -> None:
        """Wait until all is recorded, and the recorder has seen the epoch since."""
        rows = sum(self.publisher.positions)
        key = self.publisher.epoch

        def is_recorded() -> bool:
            lanes = [
                each.lane
                for epoch, running in self.recorder._feeds.values()
                if epoch.key == key
                for each in running
            ]
            return (
                sum(lane.last_tick for lane in lanes) == rows
                and bool(lanes)
                and all(lane.saw_all for lane in lanes)
            )

        self.publisher.status("session")
        await eventually(is_recorded, "all is recorded")

    async def begin_epoch(self) -> None:
        """Empty Redis, and begin a new epoch, of which the recorder learns."""
        self.publisher.client.flushall()
        self.publisher.begin_epoch()
        self.publisher.instruments(SYMBOLS)
        key = self.publisher.epoch
        await eventually(
            lambda: any(epoch.key == key for epoch, _ in self.recorder._feeds.values()),
            "the new epoch is recorded",
        )


@contextlib.asynccontextmanager
async def recorded(valkey: Valkey, archive: str, shards: int = 1) -> AsyncIterator[Recorded]:
    publisher = Publisher(valkey.client, shards)
    publisher.instruments(SYMBOLS)
    async with recording(valkey.url, archive, rotation=QUICK, tables=("ticks",)) as recorder:
        yield Recorded(publisher, recorder)


def ids(joined: Joined) -> list[str]:
    return [payload["id"] for payload in joined.of("tick")]


def records(joined: Joined) -> list[bytes]:
    data = b"".join(payload[BINARY_HEADER_2.itemsize :] for payload in joined.of("ticks"))
    return [data[i : i + TICK.itemsize] for i in range(0, len(data), TICK.itemsize)]


@pytest.mark.parametrize("epochs", [1, 2])
async def test_an_ended_epoch_is_recovered(
    valkey: Valkey, serve: Serve, archive: str, epochs: int
) -> None:
    async with recorded(valkey, archive) as past:
        for number in range(epochs):
            past.publish(mixed(400 + 100 * number))
            await past.settles()
            await past.begin_epoch()
        past.publish(mixed(300))
        server = await serve(valkey.url, archive=archive)
        await server.reaches(past.publisher)
        client = await server.client()
        realtime = await client.join("market:realtime", {"since": past.ids[100]})
        assert realtime.response["recovered"] is True
        past.publish(mixed(10))
        await realtime.count("tick", len(past.ids) - 101)
        assert ids(realtime) == past.ids[101:]
        one = await client.join("market:AAA", {"since": past.ids[100]})
        expected = [payload for payload in realtime.of("tick") if payload["symbol"] == "AAA"]
        await one.count("tick", len(expected))
        assert one.of("tick") == expected
        params = {"since": past.ids[100], "symbols": ["BBB"]}
        some = await (await server.client()).join("market:realtime", params)
        expected = [payload for payload in realtime.of("tick") if payload["symbol"] == "BBB"]
        await some.count("tick", len(expected))
        assert some.of("tick") == expected
        packed = {"since": past.ids[100], "encoding": "binary", "header": 2}
        binary = await (await server.client()).join("market:realtime", packed)
        wanted = past.ticks[201:]
        await binary.until(lambda joined: len(records(joined)) >= len(wanted))
        assert records(binary) == wanted
        heads = [
            np.frombuffer(p[: BINARY_HEADER_2.itemsize], BINARY_HEADER_2)[0]
            for p in binary.of("ticks")
        ]
        assert len({bytes(head["epoch"]) for head in heads}) == epochs + 1
        for joined in (realtime, one, some, binary):
            assert not joined.of("gap", "instruments")
