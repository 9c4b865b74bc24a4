"""Take a lease, and wait as its standby while another process holds it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import Awaitable, Callable
from typing import Any, cast

from tickfire.base.errors import UserError
from tickfire.store.errors import REDIS_ERRORS
from tickfire.store.heartbeat import Heartbeat
from tickfire.store.lease import Holder, Lease
from tickfire.store.schema import HEALTH_KEY, standby_process
from tickfire.store.store import Store

logger = logging.getLogger(__name__)


async def take_lease(
    lease: Lease,
    store: Store,
    *,
    standby: bool,
    may_return: Callable[[], Awaitable[bool]] | None = None,
) -> None:
    """Wait until this process holds a lease; meanwhile it beats as a standby.

    Parameters
    ----------
    lease : Lease
    store : Store
    standby : bool
        False to raise an error instead of waiting for another process.
    may_return : callable, optional
        As for `Lease.wait`.

    Raises
    ------
    UserError
        Another process holds it and `standby` is false.
    """
    work = lease.work
    name = standby_process(work.name, os.getpid())
    beats = Heartbeat(store, name, dict)
    beating: asyncio.Task[None] | None = None

    def on_standby(holder: Holder) -> None:
        nonlocal beating
        if not standby:
            raise UserError(
                f"{work.is_done} by another {work.command}, {holder}; stop that one, or leave out"
                " --no-standby to wait for its end."
            )
        logger.info("%s by another %s, %s; waiting as standby", work.is_done, work.command, holder)
        beating = beating or asyncio.ensure_future(beats.run())

    try:
        await lease.wait(on_standby, may_return)
    finally:
        if beating is not None:
            beating.cancel()
            await asyncio.gather(beating, return_exceptions=True)
            with contextlib.suppress(*REDIS_ERRORS):
                await cast(Any, store.client).hdel(HEALTH_KEY, name)
    if beating is not None:
        logger.info("taking over %s", work.subject)
