"""`FeedSession`: one session of an adapter, from its bytes to parsed batches.

The callbacks may hold the session, which then neither parses nor reads until `FeedSession.go_on`,
so that the source is slowed down, as by TCP's flow control.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any, Final

from tickfire.base.errors import UserError
from tickfire.ingest.adapter.protocol import (
    FeedAdapter,
    FeedFinished,
    Pause,
    Resume,
    SessionEnded,
    Source,
)
from tickfire.ingest.dbn.metadata import Metadata
from tickfire.ingest.kernel.parse import Batch, FeedCorrupt, Parser

logger = logging.getLogger(__name__)

CONNECT_TIMEOUT_S: Final = 30.0
OUTLIER_WAIT_S: Final = 1.0
"""Seconds for which a record that disagrees with the feed's clock waits for later ones."""


class FeedSession:
    """One session of an adapter; it is the adapter's `Inlet`.

    Parameters
    ----------
    adapter : FeedAdapter
    parser : Parser
        Its buffer receives the bytes of the source.
    plan : callable (Source) -> Resume
        Called once the source is connected.
    on_start : callable (Metadata, Source) -> bool
        Called before the first record is parsed. Returning False holds the session until `go_on`.
    on_batch : callable (Batch, int) -> bool
        Called with the output of each step of the parser, whose arrays are valid only during the
        call, and the time at which its bytes were received, in ns since the Unix epoch. Returning
        False holds the session until `go_on`.
    on_gap : callable (str)
        Called with a sentence on data that the adapter found missing.
    """

    def __init__(
        self,
        adapter: FeedAdapter,
        parser: Parser,
        *,
        plan: Callable[[Source], Resume],
        on_start: Callable[[Metadata, Source], bool],
        on_batch: Callable[[Batch, int], bool],
        on_gap: Callable[[str], None],
    ) -> None:
        self._adapter = adapter
        self._parser = parser
        self._plan = plan
        self._on_start, self._on_batch = on_start, on_batch
        self._pause: Pause | None = None
        self._held = False
        self._opened = asyncio.Event()
        self._opened.set()
        self._decision: asyncio.TimerHandle | None = None
        self._received = 0
        self._heard = time.monotonic()
        self._failed: asyncio.Future[Exception] = asyncio.get_running_loop().create_future()
        self.gap = on_gap

    async def run(self) -> Exception:
        """Run the session and return the reason of its end.

        Returns
        -------
        Exception
            `SessionEnded`, `FeedFinished`, or the error that ended the session, such as
            `FeedCorrupt` or `FeedRefused`.
        """
        self._parser.reset()
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                source = await self._adapter.connect()
                metadata = await self._adapter.subscribe(self._plan(source))
            self._heard = time.monotonic()
            if not self._on_start(metadata, source):
                self._hold()
            return await self._records()
        except TimeoutError:
            return SessionEnded(
                f"{self._adapter.name} did not answer within {CONNECT_TIMEOUT_S:g} s"
            )
        except (SessionEnded, FeedFinished, UserError) as error:
            return error
        except OSError as error:
            return SessionEnded(f"{self._adapter.name}: {error.strerror or error}")
        except Exception as error:
            logger.exception("the adapter of %s failed", self._adapter.name)
            return SessionEnded(f"the adapter of {self._adapter.name} failed ({error})")
        finally:
            await self._adapter.close()

    async def _records(self) -> Exception:
        """Run the adapter until it ends, is silent for too long, or sends a corrupt record."""
        loop = asyncio.get_running_loop()
        running = loop.create_task(self._adapter.run(self))
        silence = loop.create_task(self._watch_silence())
        try:
            ends: list[asyncio.Future[Any]] = [running, self._failed]
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            if self._failed.done():
                return self._failed.result()
            await self._settled()
            why = running.exception() or SessionEnded(f"{self._adapter.name} ended the session")
            if isinstance(why, FeedFinished):
                self._decide()
            if self._failed.done():
                return self._failed.result()
            raise why
        finally:
            for task in (running, silence):
                task.cancel()
            await asyncio.gather(running, silence, return_exceptions=True)
            self._keep_undecided()

    async def _settled(self) -> None:
        """Wait until all bytes that were received are parsed."""
        while self._held and not self._failed.done():
            await self._opened.wait()

    async def _watch_silence(self) -> None:
        limit_s = self._adapter.silence_s
        if limit_s is None:
            return
        while (left := self._heard + limit_s - time.monotonic()) > 0 or self._held:
            await asyncio.wait([self._failed], timeout=max(left, 1))
        self._fail(SessionEnded(f"{self._adapter.name} sent nothing for {limit_s:g} s"))

    def _fail(self, why: Exception) -> None:
        if not self._failed.done():
            self._failed.set_result(why)
        self._opened.set()

    # --- flow control
    def go_on(self) -> None:
        """Resume parsing and reading if the session is held."""
        if self._held and not self._failed.done():
            self._held = False
            self._heard = time.monotonic()
            self._parse()
            if not self._held:
                self._opened.set()
                if self._pause is not None:
                    self._pause(False)

    def _hold(self) -> None:
        if self._opened.is_set():
            self._opened.clear()
            if self._pause is not None:
                self._pause(True)
        self._held = True

    def _parse(self) -> None:
        self._keep_undecided()
        try:
            while (batch := self._parser.step()) is not None:
                if not self._on_batch(batch, self._received):
                    self._hold()
                    return
        except FeedCorrupt as error:
            self._fail(error)
            return
        if self._parser.intake is not None and self._parser.intake.waits:
            loop = asyncio.get_running_loop()
            self._decision = loop.call_later(OUTLIER_WAIT_S, self._decide)

    def _decide(self) -> None:
        """Decide on a record that waited for later ones, now that none came in time."""
        intake = self._parser.intake
        if intake is not None and not self._held and not self._failed.done():
            intake.decide()
            self._parse()
            intake.wait()

    def _keep_undecided(self) -> None:
        if self._decision is not None:
            self._decision.cancel()
            self._decision = None

    # --- Inlet
    async def put(self, records: bytes | memoryview) -> None:
        """Take the bytes of records, and return when more may come."""
        left = memoryview(records)
        while True:
            await self._opened.wait()
            if not left or self._failed.done():
                return
            room = self.free()
            size = min(len(room), len(left))
            room[:size] = left[:size]
            left = left[size:]
            self.received(size)

    def free(self) -> memoryview:
        """Return memory to receive bytes into, without a copy."""
        return self._parser.free()

    def received(self, count: int) -> None:
        """Take `count` bytes that were received into `free`."""
        self._received = time.time_ns()
        self._heard = time.monotonic()
        self._parser.received(count)
        if not self._held and not self._failed.done():
            self._parse()

    def on_hold(self, pause: Pause) -> None:
        """Set the function that pauses the adapter's own reading and lets it go on."""
        self._pause = pause
        pause(self._held)

    def heard(self) -> None:
        """Note a sign of life of the source that brought no record."""
        self._heard = time.monotonic()
