"""A live gateway that is not ours replays from a start: every record is in the stream once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.dbn import shared_files
from tests.support.gateway import records_of
from tests.support.livegateway import LiveGateway, event_time, receive_time
from tests.support.resume import check_live
from tickfire.ingest.dbn.file import open_dbn
from tickfire.ingest.dbn.layout import SIZE_MBP_1
from tickfire.store.store import Store

pytestmark = pytest.mark.usefixtures("reconnect_at_once")


@pytest.mark.parametrize("index", [event_time, receive_time])
async def test_a_live_gateway_may_be_cut_anywhere(
    index: Callable[[bytes], int], client: Any, store: Store
) -> None:
    source = open_dbn(shared_files("esu4-*.dbn.zst")[0])
    data = bytes(source.read_all())[: 200 * SIZE_MBP_1]
    faults = [("half-close", 2), *[("cut", 1)] * 40]
    gateway = LiveGateway(source.metadata, b"", records_of(data), faults, index)
    await check_live(gateway, client, store)
