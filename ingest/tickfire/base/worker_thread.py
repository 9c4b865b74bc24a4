"""`WorkerThread`: a thread that does work in turn, for which a process need not wait to end."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any


class WorkerThread:
    """Thread of its own, unlike those of `concurrent.futures`, which every exit waits for.

    Parameters
    ----------
    name : str
    """

    def __init__(self, name: str) -> None:
        self._jobs: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._is_stopped = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def submit[T](self, work: Callable[[], T]) -> Future[T]:
        """Do work once what was submitted before is done; it is cancelled if the thread stops."""
        future: Future[T] = Future()
        with self._lock:
            if self._is_stopped:
                future.cancel()
            else:
                self._jobs.put((future, work))
        return future

    def stop(self) -> None:
        """Cancel the work that waits; let the thread end with the work that it does."""
        with self._lock:
            self._is_stopped = True
            while not self._jobs.empty():
                job = self._jobs.get()
                if job is not None:
                    job[0].cancel()
            self._jobs.put(None)

    def join(self, timeout_s: float) -> bool:
        """Wait until the thread has ended, but no longer than a time; return whether it has."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    async def ended(self, timeout_s: float) -> bool:
        """Wait as `join` does, while the event loop runs."""
        return await asyncio.to_thread(self.join, timeout_s)

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            future, work = job
            if not future.set_running_or_notify_cancel():
                continue
            try:
                result = work()
            except BaseException as error:
                future.set_exception(error)
            else:
                future.set_result(result)
            del job, future, work
