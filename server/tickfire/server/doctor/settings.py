"""Checks of settings: who may connect, the archive, and ports that are set twice."""

from __future__ import annotations

import asyncio
import shutil
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from tickfire.archive.names import COMMITS
from tickfire.base.errors import UserError
from tickfire.base.extras import require_extra
from tickfire.base.folders import may_write, nearest
from tickfire.server.access.rules import Access
from tickfire.server.doctor.check import Check, failed, ok, split_sentence, warning

GIB: Final = 1 << 30
LEAST_SHARE: Final = 0.1
"""Share of a disk that is free at least."""


async def examine_access(access: Access) -> list[Check]:
    """Check that a rule decides who may connect to `tickfire serve`."""
    try:
        access.load()
    except UserError as error:
        reason, _ = split_sentence(str(error))
        advice = "Set SECRET_KEY_BASE or another rule for `tickfire serve`; `tickfire dev` has one."
        return [warning("clients", reason, advice)]
    if access.dev:
        return [ok("clients", "all are accepted")]
    if access.authenticator is not None:
        return [ok("clients", f"{access.authenticator} decides")]
    rules = {
        "signed tokens": access.secret is not None,
        "keys": True,
        "JSON Web Tokens": access.jwt is not None,
    }
    return [ok("clients", f"accepted with {', '.join(name for name in rules if rules[name])}")]


async def examine_archive(address: str) -> list[Check]:
    """Check that an archive can be reached, and written here; nothing is written."""
    require_extra("archive", "TICKFIRE_ARCHIVE")
    from tickfire.archive.target import Target

    target = await asyncio.to_thread(Target, address)
    if not target.is_local:
        try:
            await asyncio.to_thread(target.names, COMMITS)
        except OSError as error:
            advice = "Correct TICKFIRE_ARCHIVE, or the credentials of its file system."
            reason = error.strerror or type(error.__cause__ or error).__name__
            return [failed("archive", f"{target.shown} cannot be read: {reason}", advice)]
        return [ok("archive", f"{target.shown} can be read")]
    folder = Path(target.root)
    if not may_write(folder):
        advice = "Servers need to read it alone; let the user of `tickfire record` write it."
        return [warning("archive", f"{target.shown} cannot be written", advice)]
    disk = shutil.disk_usage(nearest(folder))
    found = f"{target.shown} can be written, {disk.free / GIB:.1f} GiB free"
    if disk.free < LEAST_SHARE * disk.total:
        advice = "Free some space, or set RECORD_KEEP_DAYS: a full disk pauses recording."
        return [warning("archive", found, advice)]
    return [ok("archive", found)]


async def examine_shared_ports(ports: Mapping[str, int | None]) -> list[Check]:
    """Check that no two processes are to use one port.

    Parameters
    ----------
    ports : mapping of str to int
        Ports by the variables that set them; None or 0 for none.
    """
    variables = defaultdict[int, list[str]](list)
    for variable, port in ports.items():
        if port:
            variables[port].append(variable)
    return [_shared(port, names) for port, names in variables.items() if len(names) > 1]


def _shared(port: int, names: Sequence[str]) -> Check:
    found = f"{port} is set for {' and '.join(names)}"
    return failed("ports", found, "Give each process a port of its own.")
