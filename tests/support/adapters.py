"""Sessions of adapters in a test, without Redis."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import numpy as np

from tests.support.eventually import eventually
from tickfire.ingest.adapter.protocol import FeedAdapter, Resume, Source
from tickfire.ingest.adapter.session import FeedSession
from tickfire.ingest.dbn.instruments import InstrumentTable
from tickfire.ingest.dbn.metadata import Metadata
from tickfire.ingest.kernel.parse import Batch, Parser
from tickfire.ingest.kernel.state import InstrumentStates
from tickfire.store.schema import TICK, TICK_TRADE, Rows


class Taken:
    """All that sessions of an adapter gave.

    Attributes
    ----------
    ticks : list of TICK[]
    gaps : list of str
    ends : list of Exception
        The reasons for which sessions ended.
    open : bool
        True while more may come; False holds the session.
    """

    def __init__(self, adapter: FeedAdapter) -> None:
        self.adapter = adapter
        self.parser = Parser(InstrumentStates())
        self.instruments = InstrumentTable(1)
        self.ticks: list[Rows] = []
        self.gaps: list[str] = []
        self.ends: list[Exception] = []
        self.metadata: Metadata | None = None
        self.source: Source | None = None
        self.open = True
        self.session: FeedSession | None = None

    async def run(self) -> Exception:
        """Run one session."""
        self.session = FeedSession(
            self.adapter,
            self.parser,
            plan=lambda source: Resume(),
            on_start=self._start,
            on_batch=self._take,
            on_gap=self.gaps.append,
        )
        self.ends.append(await self.session.run())
        return self.ends[-1]

    def _start(self, metadata: Metadata, source: Source) -> bool:
        self.metadata, self.source = metadata, source
        self.instruments.take_metadata(metadata)
        return self.open

    def _take(self, batch: Batch, received: int) -> bool:
        self.ticks.append(batch.ticks.copy())
        for record in batch.controls:
            self.instruments.take_record(record)
        return self.open

    def all_ticks(self) -> Rows:
        """Return TICK[]: all ticks so far."""
        return np.concatenate([np.zeros(0, TICK), *self.ticks])

    def trades(self) -> Rows:
        """Return TICK[]: all trades so far."""
        ticks = self.all_ticks()
        trades: Rows = ticks[ticks["kind"] == TICK_TRADE]
        return trades

    async def until_ticks(self, count: int) -> None:
        """Wait until there are so many ticks."""
        await eventually(lambda: len(self.all_ticks()) >= count, f"{count} ticks")


@asynccontextmanager
async def in_session(taken: Taken) -> AsyncIterator[None]:
    """Run one session in the background."""
    task = asyncio.create_task(taken.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
