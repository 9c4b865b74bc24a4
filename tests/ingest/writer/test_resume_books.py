"""Order books after a restart of ingest that reads a recording."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.dbn import shared_files, write_dbn
from tests.support.eventually import eventually
from tests.support.ingest import ingesting
from tests.support.proxy import Fault, faulty_proxy
from tests.support.resume import parsed, seen_by, stored_ticks
from tickfire.ingest.dbn.file import open_dbn
from tickfire.ingest.dbn.layout import SIZE_MBO
from tickfire.ingest.gateway.config import GatewayConfig
from tickfire.ingest.gateway.server import serve_gateway
from tickfire.ingest.kernel.parse import Parser
from tickfire.ingest.kernel.state import InstrumentStates
from tickfire.store.store import Store

pytestmark = pytest.mark.usefixtures("reconnect_at_once")

ESH4 = 17077, 1


async def test_books_are_built_again_of_the_orders_that_were_seen(
    tmp_path: Path, client: Any, store: Store
) -> None:
    source = open_dbn(shared_files("esh4-*.mbo.dbn.zst")[0])
    data = bytes(source.read_all())[: 6_000 * SIZE_MBO]
    path = write_dbn(tmp_path / "x.dbn", data, source.metadata)
    states = InstrumentStates()
    for _ in Parser(states).feed(data):
        states.drain()
    ticks, expected = parsed(data)
    faults = [Fault("cut", 2_000 * SIZE_MBO), Fault("cut", 3_000 * SIZE_MBO)]
    async with await serve_gateway(GatewayConfig(port=0, file=path, speed=0)) as gateway:
        async with (
            faulty_proxy((gateway.host, gateway.port), [Fault("cut", len(data) // 2)]) as proxy,
            ingesting(proxy, store) as ingest,
        ):
            await eventually(lambda: seen_by(ingest) == expected, "every record")
            await eventually(lambda: ingest.pipes[0].unacknowledged == 0, "acknowledgements")
        async with (
            faulty_proxy((gateway.host, gateway.port), faults) as proxy,
            ingesting(proxy, store) as ingest,
        ):
            books = ingest.states.books

            def are_equal() -> bool:
                return books.levels(*ESH4) == states.books.levels(*ESH4)

            await eventually(lambda: proxy.left == 0 and are_equal(), "the book")
            assert books.is_synced(*ESH4)
            assert seen_by(ingest) == expected
    assert np.array_equal(await stored_ticks(client), ticks)
    assert states.books.levels(*ESH4)[0]
