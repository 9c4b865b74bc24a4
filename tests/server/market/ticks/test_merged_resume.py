"""A client of merged ticks that is cut after any message, as often as may be, misses nothing."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import pytest

from tests.support.eventually import eventually
from tests.support.fallback import FallbackClient, fallback_client
from tests.support.folds import (
    SHARDS,
    SYMBOLS,
    Merged,
    Packed,
    PackedMerged,
    Some,
    Volumes,
    publishers_of,
)
from tests.support.narrow import narrow_sending, narrow_socket
from tests.support.phoenix_client import Joined
from tests.support.proxy import Fault, faulty_proxy
from tests.support.publisher import DAY, SECOND, STREAM, Publisher, mixed, tick
from tests.support.server import Serve, Server
from tests.support.truth import Truths
from tests.support.valkey import Valkey
from tickfire.server.market.epoch.reader import StreamReader
from tickfire.server.market.ticks import lag, rest_maker, subscription
from tickfire.server.market.ticks.positions import FeedPositions, Unfinished, WireId
from tickfire.server.market.ticks.views import REALTIME

HIGH_WATER = 4 << 10
MAX_LAG_S = 0.05
CUTS = 40
SEED = int(os.environ.get("MERGE_SEED", "1"))


class SomeMerged(Some):
    params = {**Some.params, "mode": "merge", "max_hz": 20}  # noqa: RUF012


class Scene:
    """A server of two feeds, and the true states of their instruments."""

    def __init__(self, server: Server, publishers: dict[int, Publisher], seed: int) -> None:
        self.server = server
        self.publishers = publishers
        self.truth = Truths(SHARDS, SYMBOLS)
        self.random = random.Random(seed)
        self.time = DAY

    async def publish(self, bursts: int, most: int) -> None:
        """Write bursts of ticks of both feeds, each in entries of one size."""
        for _ in range(bursts):
            feed = self.random.choice(list(self.publishers))
            keys = [key for of, key in SYMBOLS if of == feed]
            count = self.random.randint(1, most)
            rows = np.concatenate([self._tick(self.random.choice(keys)) for _ in range(count)])
            self.truth.take(feed, rows)
            self.publishers[feed].publish(rows, entry_size=self.random.choice((1, 7, 40, 256)))
            await asyncio.sleep(0)
        for publisher in self.publishers.values():
            await self.server.reaches(publisher)

    def _tick(self, key: int) -> Any:
        draw = self.random
        self.time += SECOND // 1000
        kind = draw.choice(("trade", "trade", "trade", "bid"))
        price, size = (100 + draw.randrange(9)) * SECOND, 1 + draw.randrange(5)
        return tick(kind, key, price, size, self.time)

    def told(self, client: FallbackClient) -> dict[str, int]:
        """Return the volumes that a client has been sent."""
        volumes = dict.fromkeys(SYMBOLS.values(), 0)
        for payload in client.of("tick"):
            volumes[payload["symbol"]] += payload["volume"]
        return volumes

    def whole(self, fold: Volumes) -> dict[str, int]:
        """Return the volumes that a client has in the end."""
        return {symbol: self.truth.top(symbol, 1 << 60).volume for symbol in fold.symbols}

    async def resume(self, fold: Volumes, **options: Any) -> Joined:
        """Join with the place of a client."""
        client = await self.server.client(**options)
        since = {} if fold.since is None else {"since": fold.since}
        joined = await client.join(fold.topic, {**fold.params, **since})
        assert joined.status == "ok", joined.response
        return joined

    def in_other_form(self, fold: Volumes) -> Volumes:
        """Return the same client, with another mode or encoding from now on."""
        if fold.symbols != Volumes.symbols or fold.since is None:
            return fold
        kind = self.random.choice((Volumes, Merged, Packed, PackedMerged))
        other = kind(self.truth)
        other.since, other.volumes = fold.since, fold.volumes
        other.reached = {
            stream: self.truth.position(symbol, fold.since)
            for symbol in fold.symbols
            for stream in (self.truth.stream(symbol),)
        }
        return other

    async def finish(self, fold: Volumes, cuts: int) -> None:
        """Let a client resume, and be cut again after any message; then it has everything."""
        while True:
            fold = self.in_other_form(fold)
            joined = await self.resume(fold)
            fold.begin(joined.response)
            last = await self._all(joined, fold)
            events = joined.events[:last]
            if cuts:
                events = events[: self.random.randint(0, len(events))]
            for event, payload in events:
                fold.take(event, payload)
            await joined._client.close()
            if not cuts:
                break
            cuts -= 1
        assert fold.volumes == self.whole(fold)

    async def _all(self, joined: Joined, fold: Volumes) -> int:
        """Wait for all that a client lacks; return the number of its events."""
        other, taken = type(fold)(self.truth), 0
        other.since, other.reached, other.volumes = fold.since, {**fold.reached}, {**fold.volumes}

        def is_whole(joined: Joined) -> bool:
            nonlocal taken
            for event, payload in joined.events[taken:]:
                other.take(event, payload)
            taken = len(joined.events)
            return other.volumes == self.whole(fold)

        await joined.until(is_whole)
        return taken


@pytest.fixture
async def scene(
    valkey: Valkey, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Scene]:
    monkeypatch.setattr(subscription, "HIGH_WATER", HIGH_WATER)
    monkeypatch.setattr("tickfire.server.app.HIGH_WATER", HIGH_WATER)
    monkeypatch.setattr("tickfire.server.app.LOW_WATER", HIGH_WATER // 4)
    monkeypatch.setattr(lag, "PATIENCE", 1_000)
    monkeypatch.setattr(rest_maker, "AT_ONCE", 16)
    publishers = publishers_of(valkey.client)
    yield Scene(await serve(valkey.url, max_lag_s=MAX_LAG_S), publishers, SEED)


@pytest.mark.parametrize("memory", [True, False])
@pytest.mark.parametrize("kind", [Merged, SomeMerged, PackedMerged])
async def test_what_was_merged_is_told_once_however_often_the_client_is_cut(
    scene: Scene, kind: type[Volumes], memory: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not memory:
        monkeypatch.setattr(StreamReader, "recent", lambda self, position: None)
    fold = kind(scene.truth)
    watching = await scene.resume(fold)
    fold.begin(watching.response)
    await scene.publish(12, 60)
    count = await scene._all(watching, fold)
    begin, seen = watching.response, watching.events[:count]
    for at in range(count + 1):
        cut = kind(scene.truth)
        cut.begin(begin)
        for event, payload in seen[:at]:
            cut.take(event, payload)
        await scene.finish(cut, cuts=at % 3)


@pytest.mark.parametrize("kind", [Volumes, Packed])
async def test_the_backlog_of_a_slow_client_is_told_once_however_often_it_is_cut(
    scene: Scene, kind: type[Volumes]
) -> None:
    fold = kind(scene.truth)
    slow = await scene.resume(fold, sock=narrow_socket(scene.server.port))
    narrow_sending(scene.server)
    fold.begin(slow.response)
    slow._client._socket.transport.pause_reading()
    count = scene.server.market.metrics.registry.get_sample_value
    while not count("tickfire_conflated"):
        await scene.publish(8, 200)
    await scene.publish(4, 200)
    slow._client._socket.transport.resume_reading()
    end = await scene._all(slow, fold)
    begin, seen = slow.response, slow.events[:end]
    merged = [at for at, (event, _) in enumerate(seen) if event == "status"]
    assert merged, "its backlog was merged"
    near = range(max(0, merged[0] - 2), end + 1)
    for at in sorted(scene.random.sample(near, min(len(near), CUTS))):
        cut = kind(scene.truth)
        cut.begin(begin)
        for event, payload in seen[:at]:
            cut.take(event, payload)
        await scene.finish(cut, cuts=at % 3)


async def test_phoenix_js_that_is_cut_within_writes_has_every_trade_once(scene: Scene) -> None:
    faults = [Fault("cut", scene.random.randint(2_500, 6_000)) for _ in range(8)]
    params = {"mode": "merge", "max_hz": 50}
    async with faulty_proxy(("127.0.0.1", scene.server.port), faults) as proxy:
        socket = f"ws://127.0.0.1:{proxy.port}/socket"
        async with fallback_client(socket, REALTIME, params, "tick", "gap") as client:
            await client.next("reply")
            while proxy.left:
                await scene.publish(2, 100)
                await eventually(
                    lambda: scene.told(client) == scene.whole(Volumes(scene.truth)), "all trades"
                )
        assert all(reply.get("recovered", True) for reply in client.of("reply"))
        assert len(client.of("reply")) >= len(faults) - 1 and not client.of("gap")


def within(publisher: Publisher, complete: int, sent: int, end: int) -> str:
    """Return the id of a client that was cut in a write."""
    unfinished = Unfinished(0, sent, end)
    return str(WireId((FeedPositions(publisher.epoch, (complete,), unfinished),)))


def volume(first: int, last: int) -> int:
    """Return the volume of an instrument in `mixed`, from one of its positions to another."""
    return sum(1 + at // 2 % 5 for at in range(first, last + 1, 4))


@pytest.mark.parametrize(("oldest", "lost_to"), [(11, 10), (31, 30), (61, 60)])
async def test_what_was_trimmed_of_a_write_is_said(
    server: Server, publisher: Publisher, monkeypatch: pytest.MonkeyPatch,
    oldest: int, lost_to: int,
) -> None:  # fmt: skip
    monkeypatch.setattr(StreamReader, "recent", lambda self, position: None)
    publisher.publish(mixed(50), entry_size=10)
    await server.reaches(publisher)
    publisher.trim(oldest)
    since = within(publisher, 5, 25, 37)
    joined = await (await server.client()).join("market:realtime", {"since": since})
    assert joined.response["recovered"] is False
    goes_on = publisher.id(lost_to) if lost_to >= 25 else within(publisher, lost_to, 25, 37)
    assert joined.response["missed"] == {"from": since, "to": goes_on}
    if lost_to < 25:
        rest = (await joined.count("tick", 2))[:2]
        assert [tick["id"] for tick in rest] == [within(publisher, 12, 35, 37), publisher.id(37)]
        assert [tick["volume"] for tick in rest] == [volume(11, 35), volume(13, 37)]
    else:
        first, *_ = await joined.count("tick", 1)
        assert first["id"] == publisher.id(lost_to + 1)
    assert not joined.of("gap")


async def test_a_write_that_never_was_is_not_recovered(
    server: Server, publisher: Publisher
) -> None:
    publisher.publish(mixed(5))
    await server.reaches(publisher)
    for since in (within(publisher, 3, 5, 11), within(publisher, 20, 21, 22)):
        joined = await (await server.client()).join("market:realtime", {"since": since})
        assert joined.response["recovered"] is False
        assert joined.response["missed"] == {"from": since, "to": publisher.id(10)}
    publisher.publish(mixed(1))
    (last,) = await joined.count("tick", 1)
    assert last["id"] == publisher.id(11)


async def test_a_client_in_a_write_that_this_worker_has_not_read_waits_for_it(
    server: Server, publisher: Publisher
) -> None:
    publisher.publish(mixed(5))
    await server.reaches(publisher)
    live = server.market.live
    assert live is not None
    live.data.positions[STREAM] = 4  # as if the rest was not read yet
    since = within(publisher, 2, 5, 7)
    joined = await (await server.client()).join("market:realtime", {"since": since})
    assert joined.response["recovered"] is True
    live.data.positions[STREAM] = 10
    publisher.publish(mixed(1))
    got = await joined.count("tick", 3)
    assert [tick["id"] for tick in got] == [publisher.id(at) for at in (7, 9, 11)]
    assert [tick["volume"] for tick in got] == [2 + 4, 5, 1]
