"""`PicturePool`: draws pictures for many requests, in one process, one after another."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from prometheus_client import Counter, Histogram

from tickfire.render import Bars, NoAdapter
from tickfire.render.picture.spec import Picture
from tickfire.render.worker.client import RenderProcess
from tickfire.server.metrics import Metrics

MAX_WAITING: Final = 16
"""Different pictures that may be drawn or wait for it."""
MAX_KEPT: Final = 64
"""Finished pictures that are kept."""
NO_ADAPTER_S: Final = 60.0
"""Time until a machine without an adapter is looked at again, in seconds."""
_VERSION: Final = b"1"
"""To be changed when the same bars give another picture."""


class Busy(Exception):
    """As many pictures wait as may."""


def tag_of(picture: Picture, bars: Bars) -> str:
    """Return a text that is the same for the same picture, by whichever worker it is drawn."""
    digest = hashlib.blake2b(_VERSION, digest_size=16)
    digest.update(repr(picture).encode())
    for column in (bars.time, bars.prices, bars.volume):
        digest.update(column.tobytes())
    digest.update(str(bars.tick_size).encode())
    return digest.hexdigest()


class PicturePool:
    """Pictures of one worker.

    Equal pictures are drawn once: while one is drawn, requests for the same wait for it, and it is
    kept afterwards.

    Parameters
    ----------
    metrics : Metrics
    process : RenderProcess, optional
        The process that draws.
    """

    def __init__(self, metrics: Metrics, process: RenderProcess | None = None) -> None:
        self.process = process or RenderProcess()
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="pictures")
        self._drawing: dict[str, asyncio.Task[bytes]] = {}
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._no_adapter_until = 0.0
        self._results = Counter(
            "tickfire_pictures",
            "Pictures of charts by result: drawn, kept, failed, busy.",
            ["result"],
            registry=metrics.registry,
        )
        self._seconds = Histogram(
            "tickfire_picture_seconds",
            "Time to draw a picture, without the wait for others.",
            registry=metrics.registry,
        )
        metrics.watch_one(
            "pictures_waiting", "Pictures that are drawn or wait.", lambda: len(self._drawing)
        )
        metrics.watch_one(
            "picture_processes",
            "Processes that were started to draw pictures.",
            lambda: self.process.starts,
            counts=True,
        )

    @property
    def is_busy(self) -> bool:
        """True while a picture is drawn."""
        return bool(self._drawing)

    def kept(self, tag: str) -> bytes | None:
        """Return a finished picture, None if it is not kept."""
        png = self._kept.get(tag)
        if png is not None:
            self._kept.move_to_end(tag)
            self._results.labels("kept").inc()
        return png

    async def draw(self, tag: str, picture: Picture, bars: Bars) -> bytes:
        """Return a picture, a PNG; `tag` is that of `tag_of`.

        Raises
        ------
        Busy
            Too many pictures wait.
        NoAdapter, RenderError
            The picture cannot be drawn.
        """
        kept = self.kept(tag)
        if kept is not None:
            return kept
        task = self._drawing.get(tag)
        if task is None:
            if time.monotonic() < self._no_adapter_until:
                raise NoAdapter
            if len(self._drawing) >= MAX_WAITING:
                self._results.labels("busy").inc()
                raise Busy
            task = asyncio.get_running_loop().create_task(self._draw(tag, picture, bars))
            self._drawing[tag] = task
            task.add_done_callback(lambda done: self._finish(tag, done))
        # A client that goes away must not end the picture of the others.
        return await asyncio.shield(task)

    def close(self) -> None:
        """End the process, and with it the pictures that wait."""
        self.process.close()
        self._executor.shutdown(cancel_futures=True)

    async def _draw(self, tag: str, picture: Picture, bars: Bars) -> bytes:
        loop = asyncio.get_running_loop()
        png = await loop.run_in_executor(self._executor, self._timed, picture, bars)
        self._kept[tag] = png
        if len(self._kept) > MAX_KEPT:
            self._kept.popitem(last=False)
        return png

    def _timed(self, picture: Picture, bars: Bars) -> bytes:
        with self._seconds.time():
            return self.process.draw(picture, bars)

    def _finish(self, tag: str, task: asyncio.Task[bytes]) -> None:
        del self._drawing[tag]
        error = None if task.cancelled() else task.exception()
        if isinstance(error, NoAdapter):
            self._no_adapter_until = time.monotonic() + NO_ADAPTER_S
        is_drawn = not task.cancelled() and error is None
        self._results.labels("drawn" if is_drawn else "failed").inc()
