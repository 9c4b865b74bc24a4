"""A slot that is moved to another node of a Cluster loses nothing, and a failover may."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.support.cluster import six_nodes
from tests.support.publisher import STREAM
from tickfire.ingest.writer.claims import find_head, replace_head, was_cut_off
from tickfire.store.head import Head
from tickfire.store.schema import META_KEY, NEWS_KEY, head_key
from tickfire.store.store import Store

KEY = head_key(STREAM)


@pytest.mark.timeout(120)
async def test_a_writer_is_not_cut_off_by_a_move_of_its_slot_but_by_a_failover(
    tmp_path: Path,
) -> None:
    with six_nodes(tmp_path) as cluster:
        async with await Store.open(cluster.url) as store:
            server = (await find_head(store, STREAM)).server
            head = Head(b"epoch001", 1, b"writer", server)
            assert await replace_head(store, STREAM, b"", head)
            source = cluster.primary_of(KEY)
            others = (cluster.primary_of(key) for key in (META_KEY, NEWS_KEY))
            target = next(one for one in others if one is not source)
            await asyncio.to_thread(cluster.move, KEY, target)
            found = await find_head(store, STREAM)
            assert found.text == head.encode() and found.server != server
            assert not await was_cut_off(store, [STREAM])

            await asyncio.to_thread(source.kill)  # where it was written last
            assert await was_cut_off(store, [STREAM])
