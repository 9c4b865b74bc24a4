"""Cost of `tickfire infer`: latency of a headline's sentiment, and ticks per second.

Run it with ``python -m bench.models.infer``. It starts a Valkey of its own. Latency is wall-clock
time, from before the headline is written until a reader has its sentiment. Ticks are read by this
process, once with a model that does nothing, and once with all models that take ticks.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any, Final, cast

import msgspec
import numpy as np
from redis.asyncio import Redis

from tickfire.base.ports import free_port
from tickfire.ingest.redis.options import RedisOptions
from tickfire.ingest.redis.server import EmbeddedRedis
from tickfire.models.infer.counters import Counters
from tickfire.models.infer.instruments import Instruments
from tickfire.models.infer.outlet import SignalWriter
from tickfire.models.infer.service import INFERENCE, Infer, InferConfig
from tickfire.models.infer.stream_model import StreamModel
from tickfire.models.infer.streams import Streams
from tickfire.models.records import SENTIMENT_KEY, Signal
from tickfire.models.registry import STREAM_MODELS, stream_model
from tickfire.store.epoch import Epoch
from tickfire.store.lease import Lease
from tickfire.store.schema import NEWS_KEY, TICK, Headline, Rows, ticks_key
from tickfire.store.store import Store
from tickfire.store.writes import tick_writes

HEADLINES: Final = 300
TICKS: Final = 1_000_000
INSTRUMENTS: Final = 20
START_NS: Final = 1_700_000_000_000_000_000
SEED: Final = 42
EPOCH: Final = Epoch(1, b"\x01benchmk", shards=1)
(STREAM,) = EPOCH.streams()


class Idle(StreamModel):
    """Model that counts ticks."""

    name = "idle/1"
    wants_ticks = True
    seen = 0
    done: asyncio.Event

    def on_ticks(self, shard: int, first: int, ticks: Rows) -> Sequence[Signal]:
        """Count ticks."""
        self.seen += len(ticks)
        if self.seen >= TICKS:
            self.done.set()
        return ()


async def headlines(store: Store, reader: Redis) -> None:
    """Measure the latency from headline to sentiment."""
    running = asyncio.create_task(Infer(InferConfig(models=()), store).run())
    taken = []
    last: Any = b"0-0"
    for number in range(HEADLINES):
        text = f"Example {number} beats expectations, shares rise {number} %"
        packed = msgspec.msgpack.encode(Headline(str(number), text, "bench", 0, 0))
        began = time.perf_counter()
        await reader.xadd(NEWS_KEY, {"d": packed})
        reply: Any = await reader.xread({SENTIMENT_KEY: last}, block=5_000)
        taken.append(1e3 * (time.perf_counter() - began))
        streams = next(iter(reply.values()))[0] if isinstance(reply, dict) else reply[0][1]
        last = streams[-1][0]
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    middle, late = np.percentile(taken[10:], [50, 99])
    print(f"headline to sentiment, ms: p50 {middle:.2f}, p99 {late:.2f}")


def market() -> Any:
    """Return TICK[TICKS], trades and quotes of some instruments, a millisecond apart."""
    chance = np.random.default_rng(SEED)
    rows = np.zeros(TICKS, TICK)
    rows["ts_event"] = START_NS + np.arange(TICKS) * 1_000_000
    rows["instrument_id"] = 1 + np.arange(TICKS) // 3 % INSTRUMENTS
    rows["kind"] = 1 + np.arange(TICKS) % 3
    rows["price"] = (5_000 + np.cumsum(chance.normal(size=TICKS)) / 100) * 1e9
    rows["size"] = chance.integers(1, 100, TICKS)
    rows["side"], rows["feed"] = ord("B"), 1
    return rows


async def ticks(store: Store, client: Any) -> None:
    """Measure the reading of ticks, without and with models."""
    rows = market()
    pipe = client.pipeline(transaction=False)
    for entry in tick_writes(STREAM, 1, rows, 0, 0, TICKS):
        pipe.xadd(ticks_key(STREAM), {"h": entry.header(0), "d": entry.data}, id=f"{entry.last}-0")
    await pipe.execute()
    made = [stream_model(name)(Instruments()) for name in STREAM_MODELS]
    await read(store, "nothing", [])
    await read(store, "all models of ticks", [model for model in made if model.wants_ticks])


async def read(store: Store, name: str, models: list[StreamModel]) -> None:
    """Give all ticks to models and print the rate."""
    last = Idle(Instruments())
    last.done = asyncio.Event()
    counters, lease = Counters(), Lease(store, INFERENCE)
    writer = SignalWriter(store, counters)
    await lease.take()
    await writer.claim(lease)
    streams = Streams(writer, EPOCH, [*models, last], learn_nothing, counters)
    # Start at the first tick, so that none of them only warms the models up.
    field = f"{EPOCH.key.hex()}:{ticks_key(STREAM).decode()}"
    await cast(Any, store.client).hset("{signals}:positions", field, "0-0")
    began, cpu = time.perf_counter(), time.process_time()
    running = asyncio.create_task(streams.run())
    await last.done.wait()
    wall, cpu = time.perf_counter() - began, time.process_time() - cpu
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await lease.release()
    lease.close()
    print(f"M ticks per second to {name}: processor {TICKS / cpu / 1e6:.2f}, wall clock ", end="")
    print(f"{TICKS / wall / 1e6:.2f}")


async def learn_nothing(feed: int, ids: set[int]) -> None:
    """Take instruments without names for known."""


async def measure() -> None:
    """Start Valkey, measure and print."""
    embedded = EmbeddedRedis(RedisOptions(free_port()))
    await embedded.start()
    try:
        store = await Store.open(f"redis://127.0.0.1:{embedded.options.port}/0")
        async with Redis(port=embedded.options.port) as client:
            await headlines(store, client)
            await ticks(store, client)
        await store.close()
    finally:
        await embedded.stop()


def main() -> None:
    """Measure and print."""
    asyncio.run(measure())


if __name__ == "__main__":
    main()
