"""Clients that are cut while epochs of several shards end, whose last ticks begin the next epochs.

Random programs: each client is sent every tick once, whatever it has joined.
"""

from __future__ import annotations

import os

import pytest

from tests.support.carrying import KINDS, Carrying, Reader, follows
from tests.support.server import Serve
from tests.support.valkey import Valkey

PROGRAMS = int(os.environ.get("CARRIED_PROGRAMS", "2"))
STEPS = 30
ACTIONS = ("ticks", "ticks", "cut", "cut", "epoch")


@pytest.mark.parametrize("seed", range(PROGRAMS))
async def test_every_tick_comes_once(valkey: Valkey, serve: Serve, archive: str, seed: int) -> None:
    scene = Carrying(valkey.client, archive, seed)
    scene.mark()
    server = await serve(valkey.url, archive=archive)
    await follows(server, scene)
    readers = [Reader(scene, server, kind) for kind in KINDS]
    for reader in readers:
        await reader.join()
    for _ in range(STEPS):
        action = scene.random.choice(ACTIONS)
        if action == "ticks":
            scene.ticks()
        elif action == "cut":
            for reader in scene.random.sample(readers, 4):
                await reader.some()
                await reader.cut(least=1)
                await reader.join()
        else:
            for reader in readers:
                await reader.cut()
            scene.end_epoch()
            await follows(server, scene)
            for reader in readers:
                await reader.join()
    scene.mark()
    await follows(server, scene)
    for reader in readers:
        await reader.compare()
        await reader.cut()
