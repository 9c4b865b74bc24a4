"""`Recorder`: the process `tickfire record`, which keeps the streams as files."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from tickfire.archive.commits import RecordedElsewhere
from tickfire.archive.epoch_log import EpochLog
from tickfire.archive.lane import Lane
from tickfire.archive.metrics import RecordMetrics
from tickfire.archive.names import SHARED_SOURCE, Source, source_of
from tickfire.archive.naming import Naming
from tickfire.archive.pauses import RETRY_S, Pauses
from tickfire.archive.pending import Pending, Rotation
from tickfire.archive.retention import Retention
from tickfire.archive.tables import NEWS, SENTIMENT, SIGNALS, TABLE, TABLES
from tickfire.archive.target import Target, shown
from tickfire.archive.upkeep import Upkeep
from tickfire.archive.writer import TableWriter
from tickfire.base.errors import UserError
from tickfire.store.entries import Entry, status_of
from tickfire.store.epoch import (
    Ended,
    Epoch,
    ended_of,
    epoch_of,
    epochs_of,
    read_hash,
)
from tickfire.store.errors import REDIS_ERRORS
from tickfire.store.heartbeat import Heartbeat
from tickfire.store.requests import newest_id
from tickfire.store.schema import (
    META_KEY,
    NEWS_KEY,
    SENTIMENT_KEY,
    SIGNALS_KEY,
    STATUS_KEY,
)
from tickfire.store.store import Store
from tickfire.store.tail import Tail

PROCESS: Final = "record"
LOOK_S: Final = 1.0
"""Interval at which the epochs of feeds are checked."""
COMPACT_S: Final = 60.0
"""Interval at which days are looked for whose files are to be merged."""
STOP_S: Final = 20.0
"""Time that the last batches are given when the process is told to stop."""

SHARED_KEYS: Final = (
    ((NEWS_KEY, NEWS), (SENTIMENT_KEY, SENTIMENT)),
    ((SIGNALS_KEY, SIGNALS),),
)
"""Keys with their tables, of the streams that all feeds share; each group is in one slot."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RecordConfig:
    """Configuration of recording.

    Attributes
    ----------
    target : str
        The folder of the archive: a path, or an address of fsspec.
    tables : tuple of str
        The tables to record.
    rotation : Rotation
    keep_days : float or None
        Age, in days, at which files are removed; None keeps them for ever.
    compact_after_s : float or None
        Time in seconds without new rows after which the files of a past day are merged; None
        leaves them as they are.
    """

    target: str = field(repr=False)
    tables: tuple[str, ...] = TABLES
    rotation: Rotation = field(default_factory=Rotation)
    keep_days: float | None = None
    compact_after_s: float | None = 3600.0


@dataclass(slots=True)
class _Running:
    """A lane, and the task that runs it."""

    lane: Lane
    task: asyncio.Task[None]


class Recorder:
    """The recording of all streams, until it is cancelled.

    Parameters
    ----------
    config : RecordConfig
    store : Store
        The caller closes it.

    Attributes
    ----------
    rotation : Rotation
    metrics : RecordMetrics

    Raises
    ------
    UserError
        The target cannot be used.
    """

    def __init__(self, config: RecordConfig, store: Store) -> None:
        self.rotation = config.rotation
        self.metrics = RecordMetrics(self._waiting, self._waiting_s, shown(config.target))
        self._config = config
        self._store = store
        self._target = Target(config.target)
        self._target.check()
        self._pauses = Pauses(self._target, self.metrics)
        self._log = EpochLog(self._target)
        self._naming = Naming(store)
        self._noted: set[Epoch] = set()
        self._upkeep: Upkeep | None = None
        if config.compact_after_s is not None:
            self._upkeep = Upkeep(self._target, config.compact_after_s)
        self._keeping = asyncio.Lock()
        self._retention = Retention(
            self._target, self.metrics, self._keeping, self._config.keep_days
        )
        self._feeds: dict[int, tuple[Epoch, list[_Running]]] = {}
        self._shared: list[_Running] = []
        self._announced = asyncio.Event()
        self._stopping = asyncio.Event()
        self._left: set[TableWriter] = set()
        """Those of which a batch was left to the next start."""

    async def run(self) -> None:
        """Record until cancelled.

        Raises
        ------
        UserError
            Another process records to the same target.
        """
        try:
            async with asyncio.TaskGroup() as tasks:
                for group in SHARED_KEYS:
                    keys = {key: name for key, name in group if name in self._config.tables}
                    if keys:
                        self._shared.append(await self._begin(tasks, keys, SHARED_SOURCE, None))
                tasks.create_task(self._follow_status())
                tasks.create_task(self._watch_epochs(tasks))
                tasks.create_task(Heartbeat(self._store, PROCESS, self._figures).run())
                tasks.create_task(self._retention.run(self._writers))
                if self._upkeep is not None:
                    tasks.create_task(self._compact_for_ever(self._upkeep))
        finally:
            self._stopping.set()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(STOP_S):
                    await self._finish_all()

    async def write(self, writer: TableWriter, pending: Pending, *, is_over: bool = False) -> None:
        """Write a batch, of an epoch that is over or not; while the target refuses, try again.

        Raises
        ------
        UserError
            Another process records to the same target.
        """
        if writer in self._left:
            return  # later entries must not be written before a batch that was left
        stream = writer.source.stream
        if stream is not None and is_over:
            mappings = await self._naming.ended(stream.feed)
        else:
            mappings = await self._naming.present()
        while True:
            try:
                commit = await asyncio.to_thread(
                    writer.write, pending.entries, mappings, pending.counted, pending.missing
                )
            except OSError as error:
                self._pauses.begin(error)
                if self._stopping.is_set():
                    self._left.add(writer)
                    return  # Redis has the entries; the next start reads them again
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(RETRY_S):
                        await self._stopping.wait()
                continue
            except RecordedElsewhere as error:
                raise UserError(
                    f"another process records to {self._target.shown} ({error}); stop one of them."
                ) from None
            self._pauses.end()
            if commit is not None:
                self.metrics.committed(writer.table.name, commit)
                if self._upkeep is not None:
                    self._upkeep.note(commit)
                for first, last in commit.missing:
                    logger.warning(
                        "%s of %s lack %d to %d: Redis had trimmed or lost them",
                        *(writer.table.name, writer.source.name, first, last),
                    )
            return

    # --- lanes
    async def _begin(
        self,
        tasks: asyncio.TaskGroup,
        keys: dict[bytes, str],
        source: Source,
        epoch: Epoch | None,
    ) -> _Running:
        writers = {
            key: TableWriter(self._target, TABLE[name], source) for key, name in keys.items()
        }
        lane = Lane(self._store, writers, self, epoch)
        await self._pauses.outlast(lane.recover)
        await self._retention.expire(lane.writers)
        return _Running(lane, tasks.create_task(lane.run()))

    async def _watch_epochs(self, tasks: asyncio.TaskGroup) -> None:
        while True:
            self._announced.clear()
            table = await self._naming.present()  # before the epochs, so that it is of these
            try:
                meta = await read_hash(self._store.client, META_KEY)
            except REDIS_ERRORS as error:
                logger.debug("cannot read the epochs: %s", error)
            else:
                for epoch in epochs_of(meta).values():
                    await self._follow(tasks, epoch, ended_of(meta, epoch.feed))
                    self._naming.confirm(epoch.feed, table)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S):
                    await self._announced.wait()

    async def _follow(self, tasks: asyncio.TaskGroup, epoch: Epoch, told: Ended | None) -> None:
        known, running = self._feeds.get(epoch.feed, (None, []))
        if known == epoch:
            for each in running:
                each.lane.confirm()
            await self._note_begin(epoch)
            return
        if known is not None:
            logger.info("feed %d has a new epoch", epoch.feed)
            await self._end_epoch(known, running, epoch, told)
        elif told is not None:  # it ended while nothing was recorded
            before = Epoch(epoch.feed, told.key, len(told.positions))
            await self._note_end(before, epoch, told.positions, is_told=True)
        await self._note_begin(epoch)
        lanes = []
        for stream in epoch.streams():
            chosen = (TABLE[name] for name in self._config.tables)
            keys = {table.key(stream): table.name for table in chosen if table.key is not None}
            if keys:
                lanes.append(await self._begin(tasks, keys, source_of(stream, epoch.key), epoch))
        self._feeds[epoch.feed] = epoch, lanes

    async def _end_epoch(
        self, known: Epoch, running: Sequence[_Running], epoch: Epoch, told: Ended | None
    ) -> None:
        """Write the rest of an epoch, and note where it ended."""
        await self._end(running, is_over=True)
        if told is not None and told.key == known.key:
            await self._note_end(known, epoch, told.positions, is_told=True)
        elif all(each.lane.saw_all for each in running):
            ends = tuple(each.lane.last_tick for each in running)
            await self._note_end(known, epoch, ends)
        else:
            logger.warning("the end of epoch %s was not seen", known.key.hex())
            await self._note_end(known, epoch, None)

    async def _note_begin(self, epoch: Epoch) -> None:
        """Note that an epoch is recorded; while the target refuses, this is tried again later."""
        if epoch in self._noted:
            return
        try:
            await asyncio.to_thread(self._log.begin, epoch)
            self._noted.add(epoch)
        except OSError as error:  # recording is paused once there is something to record
            logger.debug("cannot note epoch %s: %s", epoch.key.hex(), error)

    async def _note_end(
        self, known: Epoch, epoch: Epoch, ends: tuple[int, ...] | None, *, is_told: bool = False
    ) -> None:
        note = partial(self._log.end, known, epoch.key, ends, is_told=is_told)
        await self._pauses.outlast(note)

    async def is_current(self, epoch: Epoch) -> bool:
        """Return whether Redis holds an epoch; false also if it cannot be asked now."""
        try:
            return epoch_of(await read_hash(self._store.client, META_KEY), epoch.feed) == epoch
        except REDIS_ERRORS as error:
            logger.debug("cannot read the epochs: %s", error)
            return False

    async def _end(self, running: Iterable[_Running], *, is_over: bool = False) -> None:
        for each in running:
            each.task.cancel()
            await asyncio.gather(each.task, return_exceptions=True)
            await each.lane.finish(is_over=is_over)

    async def _finish_all(self) -> None:
        for _, running in self._feeds.values():
            await self._end(running)
        await self._end(self._shared)

    def _waiting(self) -> int:
        return sum(each.lane.waiting for each in self._all())

    def _waiting_s(self) -> float:
        return max((each.lane.waiting_s for each in self._all()), default=0.0)

    def _writers(self) -> list[TableWriter]:
        return [writer for each in self._all() for writer in each.lane.writers]

    def _all(self) -> list[_Running]:
        return [*self._shared, *(each for _, running in self._feeds.values() for each in running)]

    # --- what Redis says beside the streams
    async def _follow_status(self) -> None:
        last = await newest_id(self._store, STATUS_KEY)
        await Tail(self._store, {STATUS_KEY: last}, self._on_status).run()

    def _on_status(self, key: bytes, entries: list[Entry], read_ns: int) -> None:
        statuses = map(status_of, entries)
        if any(status is not None and status.changes_feeds for status in statuses):
            self._naming.forget()
            self._announced.set()

    # --- files of past days
    async def _compact_for_ever(self, upkeep: Upkeep) -> None:
        is_listed = False
        while True:
            try:
                if not is_listed:
                    await asyncio.to_thread(upkeep.find, self._config.tables)
                    is_listed = True
                async with self._keeping:
                    await asyncio.to_thread(
                        upkeep.compact, self._stopping.is_set, self.metrics.merged
                    )
            except OSError as error:
                logger.warning("the files of past days cannot be merged: %s", error)
            await asyncio.sleep(COMPACT_S)

    def _figures(self) -> dict[str, float]:
        """Return the figures of a heartbeat; see docs/formats.md."""
        return {
            "rows": self.metrics.rows,
            "missing": self.metrics.missing,
            "waiting": self._waiting(),
            "paused": float(self.metrics.is_paused),
        }
