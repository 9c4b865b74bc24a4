"""Ingest of a feed whose connection breaks: what was stored equals what was sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from tests.support.eventually import eventually
from tests.support.gateway import records_of
from tests.support.ingest import ingesting
from tests.support.livegateway import LiveGateway, live_gateway
from tests.support.proxy import Fault, faulty_proxy
from tickfire.ingest.dbn.file import open_dbn
from tickfire.ingest.dbn.layout import CONTROL_RTYPES
from tickfire.ingest.gateway.config import GatewayConfig
from tickfire.ingest.gateway.server import serve_gateway
from tickfire.ingest.kernel.intake import Intake
from tickfire.ingest.kernel.parse import Parser
from tickfire.ingest.kernel.state import InstrumentStates
from tickfire.ingest.writer.service import Ingest
from tickfire.kernels.pointers import address_of
from tickfire.store.schema import TICK, Rows, Stream, ticks_key
from tickfire.store.store import Store

FAULTS = ("cut", "half-close", "stall")


class Faulty(Protocol):
    """A source of data with faults."""

    @property
    def left(self) -> int:
        """Number of faults still to come."""


def parsed(data: bytes, feed: int = 1) -> tuple[Rows, Counter[int]]:
    """Return the ticks, and the number of records by source, of bytes read without a fault."""
    parser = Parser(InstrumentStates(feed=feed))
    ticks = [batch.ticks.copy() for batch in parser.feed(data)]
    return np.concatenate([np.zeros(0, TICK), *ticks]), sources_of(records_of(data))


def sources_of(records: list[bytes]) -> Counter[int]:
    words = (int.from_bytes(record[:8], "little") & ~0xFF for record in records)
    return Counter(word for word in words if word >> 8 & 0xFF not in CONTROL_RTYPES)


def seen_by(ingest: Ingest) -> Counter[int]:
    """Return the number of records by source that were parsed."""
    assert ingest.parser.intake is not None
    cursors = ingest.parser.intake.cursors
    return Counter(dict(zip(cursors["source"].tolist(), cursors["total"].tolist(), strict=True)))


async def stored_ticks(client: Any, feed: int = 1) -> Rows:
    entries = await client.xrange(ticks_key(Stream(feed, 0)))
    return np.concatenate(
        [np.zeros(0, TICK), *(np.frombuffer(fields[b"d"], TICK) for _, fields in entries)]
    )


async def ticks_of_all(
    ingest: Ingest, source: Faulty, expected: Counter[int], client: Any, feed: int
) -> Rows:
    """Wait until there are no more faults and every record; return the ticks that were stored."""

    def is_complete() -> bool:
        return source.left == 0 and seen_by(ingest).total() >= expected.total()

    await eventually(is_complete, "every record", timeout_s=60)
    await eventually(lambda: ingest.pipes[0].unacknowledged == 0, "acknowledgements")
    assert seen_by(ingest) == expected
    return await stored_ticks(client, feed)


async def check_recording(
    path: Path,
    faults: Iterable[Fault],
    client: Any,
    store: Store,
    *,
    feed: int = 1,
    schemas: tuple[str, ...] = ("trades", "mbp-1"),
) -> None:
    """Read a file through a gateway of our own and faults, and compare what is stored."""
    ticks, expected = parsed(bytes(open_dbn(path).read_all()), feed)
    async with (
        await serve_gateway(GatewayConfig(port=0, file=path, speed=0)) as gateway,
        faulty_proxy((gateway.host, gateway.port), faults) as proxy,
        ingesting(proxy, store, feed=feed, schemas=schemas) as ingest,
    ):
        got = await ticks_of_all(ingest, proxy, expected, client, feed)
    assert np.array_equal(got, ticks)


async def check_live(
    gateway: LiveGateway,
    client: Any,
    store: Store,
    *,
    feed: int = 1,
    schemas: tuple[str, ...] = ("trades", "mbp-1"),
) -> None:
    """Read a live gateway that is not ours through its faults, and compare what is stored."""
    ticks, expected = parsed(b"".join(gateway.records), feed)
    async with (
        live_gateway(gateway),
        ingesting(gateway, store, feed=feed, schemas=schemas) as ingest,
    ):
        got = await ticks_of_all(ingest, gateway, expected, client, feed)
    assert np.array_equal(got, ticks)


def count_records(intake: Intake, data: bytes) -> None:
    """Let the intake count records."""
    buffer = np.zeros(len(data) // 8 + 1, np.int64).view(np.uint8)
    buffer[: len(data)] = np.frombuffer(data, np.uint8)
    intake.count_parsed(address_of(buffer), 0, len(data))
