"""The process `tickfire record`: one recorder of a target, and others that stand by."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import math
import os

from tickfire.archive.recorder import PROCESS, RecordConfig, Recorder
from tickfire.archive.target import shown
from tickfire.base.attended import attended
from tickfire.base.endpoint import Endpoint
from tickfire.base.errors import UserError
from tickfire.base.run import until_stopped
from tickfire.store.lease import Lease, LeaseLost, Work
from tickfire.store.standby import take_lease
from tickfire.store.store import Store

logger = logging.getLogger(__name__)


async def run(config: RecordConfig, redis_url: str, metrics: Endpoint | None = None) -> None:
    """Record until SIGINT or SIGTERM.

    Raises
    ------
    UserError
        Redis refuses the connection, or the target cannot be written.
    """
    await until_stopped(record(config, redis_url, metrics))
    logger.info("stopped")


async def record(config: RecordConfig, redis_url: str, metrics: Endpoint | None = None) -> None:
    """Record until cancelled, first as a standby while another process has the lease.

    Raises
    ------
    UserError
        As `run`.
    """
    async with await Store.open(redis_url, patience_s=math.inf) as store:
        recorder = Recorder(config, store)
        async with attended(recorder.metrics.registry, metrics, lambda: recorder.metrics.trouble):
            lease = Lease(store, _work(config.target))
            lag = asyncio.ensure_future(recorder.metrics.loop_lag.run())
            try:
                await take_lease(lease, store, standby=True)
                logger.info("recording %s to %s", ", ".join(config.tables), shown(config.target))
                recorder.metrics.writes = True
                await _run_leased(recorder, lease)
            finally:
                lag.cancel()
                await lease.release()
                lease.close()


async def _run_leased(recorder: Recorder, lease: Lease) -> None:
    """Record until cancelled, or until another process has the lease."""
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(lease.keep())
            tasks.create_task(recorder.run())
    except* LeaseLost as lost:
        raise UserError(f"{lost.exceptions[0]}; this process ends.") from None


def _work(target: str) -> Work:
    """Return the work of recording to a target."""
    place = target if "://" in target else os.path.abspath(target)
    name = hashlib.sha256(place.encode()).hexdigest()[:16]
    key = b"lease:{record:%b}" % name.encode()
    return Work(key, f"{PROCESS}:{name}", f"the archive {shown(target)}", "is written", PROCESS)
