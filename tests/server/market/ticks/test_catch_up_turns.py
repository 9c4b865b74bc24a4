"""Turns of subscribers that catch up, of which some clients do not read."""

from __future__ import annotations

from typing import Any, cast

import pytest

from tests.support.eventually import eventually
from tickfire.server.market.ticks import blocked
from tickfire.server.market.ticks.catch_up import CatchUp, PresentSource


class Unread:
    """A subscriber whose client does not read what it is sent."""

    has_unread = False
    served = 0

    def send_next(self) -> int:
        self.served += 1
        self.has_unread = True
        return 1

    def give_up(self) -> None:
        raise AssertionError("it is not given up")


@pytest.fixture
def catch_up() -> CatchUp:
    return CatchUp(cast(PresentSource, Any))


@pytest.fixture(autouse=True)
def _strict(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the limit stay as it is, and nobody count as slow."""
    monkeypatch.setattr(blocked, "STEP", 0)
    monkeypatch.setattr(blocked, "SLOW_S", 1e9)


def served(subscribers: list[Unread]) -> int:
    return sum(each.served for each in subscribers)


async def test_as_many_are_served_as_may_wait(catch_up: CatchUp) -> None:
    subscribers = [Unread() for _ in range(3 * blocked.FIRST)]
    for each in subscribers:
        catch_up.add(each)
    await eventually(lambda: served(subscribers) == blocked.FIRST, "the first ones are served")
    first, second, third, *_ = subscribers
    first.has_unread = False
    catch_up.add(first)  # it has read, and waits for its next turn
    await eventually(lambda: served(subscribers) == blocked.FIRST + 1, "another is served")
    catch_up.remove(second)
    catch_up.remove(third)
    await eventually(lambda: served(subscribers) == blocked.FIRST + 3, "two others are served")
    assert first.served == 1
    catch_up.close()


async def test_those_that_go_before_their_turn_are_not_served(catch_up: CatchUp) -> None:
    stays, goes = Unread(), Unread()
    catch_up.add(goes)
    catch_up.add(stays)
    catch_up.remove(goes)
    await eventually(lambda: stays.served == 1, "the other one is served")
    assert not goes.served
    catch_up.close()
