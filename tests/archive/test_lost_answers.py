"""A target that does what is asked, but whose answer is lost: each entry is recorded once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.eventually import eventually
from tests.support.publisher import Publisher, trades
from tests.support.recording import recording, rows_of
from tests.support.valkey import Valkey
from tickfire.archive.commits import COMMIT, INTENT
from tickfire.archive.target import Target

ANSWERS = 3
"""Answers that are lost."""


@pytest.fixture
def publisher(valkey: Valkey) -> Publisher:
    made = Publisher(valkey.client)
    made.instruments({1: "AAA"})
    return made


@pytest.fixture(params=["commit", "no commit", "removed intent"])
def lost(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The files whose answers were lost: commits, written or not, or intents that were removed."""
    found: list[str] = []
    write, remove = Target.write, Target.remove

    def is_lost(name: str, suffix: str) -> bool:
        if not name.endswith(suffix) or name in found or len(found) >= ANSWERS:
            return False
        found.append(name)
        return True

    def write_silently(self: Target, name: str, data: Any) -> None:
        is_silent = is_lost(name, COMMIT) if request.param != "removed intent" else False
        if not is_silent or request.param == "commit":
            write(self, name, data)
        if is_silent:
            raise TimeoutError("no answer")

    def remove_silently(self: Target, name: str) -> None:
        remove(self, name)
        if request.param == "removed intent" and is_lost(name, INTENT):
            raise TimeoutError("no answer")

    monkeypatch.setattr(Target, "write", write_silently)
    monkeypatch.setattr(Target, "remove", remove_silently)
    yield found
    assert len(found) == ANSWERS


def intents(target: Path) -> list[Path]:
    return list(target.rglob(f"*{INTENT}"))


async def test_an_answer_that_is_lost_loses_no_entry(
    valkey: Valkey, publisher: Publisher, tmp_path: Path, lost: list[str]
) -> None:
    target = str(tmp_path)
    async with recording(valkey.url, target, tables=("ticks",)) as recorder:
        for number in range(ANSWERS + 1):
            publisher.publish(trades(100))
            rows = 100 * (number + 1)

            def is_recorded(rows: int = rows) -> bool:
                return recorder.metrics.rows >= rows

            await eventually(is_recorded, "it is recorded")
    positions = rows_of(target, "SELECT position FROM ticks ORDER BY position")
    assert positions == [(n,) for n in range(1, 100 * (ANSWERS + 1) + 1)]
    assert rows_of(target, "SELECT * FROM gaps") == []
    assert not intents(tmp_path)


async def test_a_batch_that_is_left_at_the_end_is_read_again(
    valkey: Valkey, publisher: Publisher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = str(tmp_path)
    write = Target.write
    is_refused = True

    def refuse(self: Target, name: str, data: Any) -> None:
        if is_refused and "ticks/" in name:
            raise TimeoutError("no answer")
        write(self, name, data)

    monkeypatch.setattr(Target, "write", refuse)
    async with recording(valkey.url, target, tables=("ticks",)) as recorder:
        publisher.publish(trades(100))
        await eventually(lambda: recorder.metrics.is_paused, "recording is paused")
        publisher.publish(trades(100))
        lanes = [each.lane for _, running in recorder._feeds.values() for each in running]
        await eventually(lambda: sum(lane.waiting for lane in lanes) == 200, "all is read")
        finish = lanes[0].finish

        async def finish_late(**options: Any) -> None:
            nonlocal is_refused
            assert lanes[0]._work is not None
            await lanes[0]._work
            is_refused = False
            await finish(**options)

        monkeypatch.setattr(lanes[0], "finish", finish_late)
    async with recording(valkey.url, target, tables=("ticks",)) as recorder:
        await eventually(lambda: recorder.metrics.rows == 200, "all is recorded")
    assert rows_of(target, "SELECT * FROM gaps") == []
    positions = rows_of(target, "SELECT position FROM ticks ORDER BY position")
    assert positions == [(n,) for n in range(1, 201)]
