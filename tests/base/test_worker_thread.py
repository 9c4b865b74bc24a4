"""A thread that does work in turn, and ends without the work that waits."""

from __future__ import annotations

import threading
from concurrent.futures import CancelledError

import pytest

from tickfire.base.worker_thread import WorkerThread


def test_work_is_done_in_turn_and_its_errors_are_passed_on() -> None:
    thread, done = WorkerThread("test"), list[int]()
    futures = [thread.submit(lambda n=n: done.append(n)) for n in range(5)]  # type: ignore[misc]
    failing = thread.submit(lambda: 1 // 0)
    after = thread.submit(lambda: threading.current_thread().name)
    assert after.result(60) == "test"
    assert [future.result(0) for future in futures] == [None] * 5
    assert done == list(range(5))
    with pytest.raises(ZeroDivisionError):
        failing.result(0)
    thread.stop()
    assert thread.join(60)


async def test_a_stopped_thread_cancels_what_waits_and_is_not_waited_for_without_end() -> None:
    thread, begun, go = WorkerThread("test"), threading.Event(), threading.Event()

    def work() -> str:
        begun.set()
        go.wait(60)
        return "done"

    running, waiting = thread.submit(work), thread.submit(work)
    assert begun.wait(60)
    thread.stop()
    assert not await thread.ended(0.01)
    with pytest.raises(CancelledError):
        waiting.result(0)
    with pytest.raises(CancelledError):
        thread.submit(work).result(0)
    go.set()
    assert running.result(60) == "done"
    assert await thread.ended(60)
