"""The idle wheel: silent connections expire in time, and active ones do not."""

from __future__ import annotations

import asyncio
import time

from hypothesis import given
from hypothesis import strategies as st

from tickfire.phoenix.transports.idle import SPOKES, IdleWheel

TIMEOUT_S = 0.2
PATIENCE_S = 60.0


class Peer:
    def __init__(self) -> None:
        self.last_seen = 0
        self.expired_at: int | None = None
        self.expired = asyncio.Event()

    def expire(self) -> None:
        self.expired.set()


class Talking(Peer):
    """A peer whose client sends something at every turn of the wheel, until it falls silent."""

    def __init__(self, wheel: IdleWheel) -> None:
        self._wheel: IdleWheel | None = wheel
        super().__init__()

    @property
    def last_seen(self) -> int:
        return self._seen if self._wheel is None else self._wheel.now

    @last_seen.setter
    def last_seen(self, now: int) -> None:
        self._seen = now

    def fall_silent(self) -> None:
        self._seen, self._wheel = self.last_seen, None


async def test_only_silent_connections_expire() -> None:
    wheel, silent = IdleWheel(TIMEOUT_S), Peer()
    talking = Talking(wheel)
    wheel.add(silent)
    wheel.add(talking)
    started = time.monotonic()
    await asyncio.wait_for(silent.expired.wait(), PATIENCE_S)
    assert time.monotonic() - started >= TIMEOUT_S * 0.9
    assert not talking.expired.is_set()
    talking.fall_silent()
    await asyncio.wait_for(talking.expired.wait(), PATIENCE_S)


async def test_removed_connections_never_expire_and_the_wheel_stops() -> None:
    wheel, removed, other = IdleWheel(TIMEOUT_S), Peer(), Peer()
    wheel.add(removed)
    wheel.add(other)
    wheel.remove(removed)
    wheel.remove(removed)
    await asyncio.wait_for(other.expired.wait(), PATIENCE_S)
    assert not removed.expired.is_set()
    assert wheel.watched == 0
    turned = wheel.now
    another, peer = IdleWheel(TIMEOUT_S), Peer()
    another.add(peer)
    await asyncio.wait_for(peer.expired.wait(), PATIENCE_S)
    assert wheel.now == turned


async def test_without_a_timeout_nothing_is_watched() -> None:
    wheel = IdleWheel(None)
    wheel.add(Peer())
    assert wheel.watched == 0


@given(st.lists(st.integers(0, SPOKES * 2), max_size=5).map(sorted))
def test_a_connection_expires_a_timeout_after_its_last_activity(signs: list[int]) -> None:
    async def scenario() -> None:
        wheel, peer = IdleWheel(1000.0), Peer()
        wheel.add(peer)
        last = 0
        for tick in range(SPOKES * 4):
            if peer.expired.is_set():
                break
            if tick in signs:
                peer.last_seen = last = wheel.now
            wheel.turn()
        assert wheel.now == last + SPOKES

    asyncio.run(scenario())
