"""Checks of this machine: its size, its limits, its clock, its disk and its ports."""

from __future__ import annotations

import asyncio
import ctypes
import errno
import os
import platform
import resource
import shutil
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Final

import httpx

from tickfire.base.errors import UserError
from tickfire.base.ports import check_port
from tickfire.server.doctor.check import Check, failed, ok, warning
from tickfire.server.limits.descriptors import connections_within, raise_descriptor_limit

GIB: Final = 1 << 30
LEAST_MEMORY: Final = 2 * GIB
LEAST_DISK: Final = 1 * GIB
LEAST_DESCRIPTORS: Final = 4096
TIME_ERROR: Final = 5
"""State of `adjtimex` while the clock is not synchronized."""
_TIMEX_BYTES: Final = 512


async def examine_machine() -> list[Check]:
    """Check cores, memory, Python and the space for files."""
    cores, memory = _cores(), _memory()
    python = ".".join(map(str, sys.version_info[:3]))
    about = f"{platform.system()} {platform.machine()}, Python {python}"
    size = f"{cores} cores, {memory / GIB:.1f} GiB of memory"
    checks = [ok("tickfire", f"{version('tickfire')}, {about}")]
    if cores < 2:
        advice = "Every process wants a core; expect ticks to be late under load."
        checks.append(warning("machine", size, advice))
    elif memory < LEAST_MEMORY:
        checks.append(warning("machine", size, "Use a machine with at least 2 GiB."))
    else:
        checks.append(ok("machine", size))
    return [*checks, _disk()]


def _cores() -> int:
    """Return the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):  # not on macOS
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _memory() -> int:
    """Return the memory that this process may use: that of the machine, or of its container."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = Path("/sys/fs/cgroup/memory.max")
    try:
        text = limit.read_text().strip()
    except OSError:
        return machine
    return min(machine, int(text)) if text.isdigit() else machine


def _disk() -> Check:
    """Check the folder of temporary files, where the embedded Valkey and sockets are."""
    folder = tempfile.gettempdir()
    free = shutil.disk_usage(folder).free
    found = f"{free / GIB:.1f} GiB free in {folder}"
    if free < LEAST_DISK:
        return warning("disk", found, "Free some space.")
    return ok("disk", found)


async def examine_limits() -> list[Check]:
    """Check the limit of open files, which `serve` raises by itself as far as it may."""
    before, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = raise_descriptor_limit()
    connections = f"enough for {connections_within(limit):,} connections of a worker"
    found = f"{limit:,} open files, {connections}"
    if before != limit:
        found = f"{limit:,} open files (raised from {before:,}), {connections}"
    if limit != resource.RLIM_INFINITY and limit < LEAST_DESCRIPTORS:
        advice = (
            "Raise the hard limit: `ulimit -Hn 1048576` as root, LimitNOFILE=1048576 in a systemd "
            "unit, or --ulimit nofile=1048576 of a container."
        )
        return [warning("open files", found, advice)]
    return [ok("open files", found)]


async def examine_clock() -> list[Check]:
    """Check whether the kernel's clock is synchronized."""
    state = _clock_state()
    if state is None:
        return []
    if state == TIME_ERROR:
        advice = "Run a time service such as chrony or systemd-timesyncd; latencies depend on it."
        return [warning("clock", "not synchronized, says the kernel", advice)]
    return [ok("clock", "synchronized, says the kernel")]


def _clock_state() -> int | None:
    """Return the state of the kernel's clock, None where it cannot be asked."""
    buffer = ctypes.create_string_buffer(_TIMEX_BYTES)  # `modes` is 0: read only
    try:
        state = ctypes.CDLL(None, use_errno=True).adjtimex(buffer)
    except (AttributeError, OSError):
        return None
    return None if state < 0 else int(state)


async def examine_port(name: str, host: str, port: int, advice: str) -> list[Check]:
    """Check that a port is free, or that tickfire itself listens on it."""
    try:
        await asyncio.to_thread(check_port, host, port)
    except UserError as error:
        if await _is_ours(host, port):
            return [ok(name, f"{port} on {host}: tickfire is running there")]
        reason = str(error).partition(";")[0].rstrip(".")
        cause = error.__cause__
        number = cause.errno if isinstance(cause, OSError) else None
        return [failed(name, reason, advice if number == errno.EADDRINUSE else _other(number))]
    return [ok(name, f"{port} on {host} is free")]


def _other(number: int | None) -> str:
    """Return advice for a port that is free and cannot be had all the same."""
    if number == errno.EACCES:
        return "Choose a port above 1023, or grant CAP_NET_BIND_SERVICE."
    return "Listen on an address of this machine, or on 0.0.0.0 for all of them."


async def _is_ours(host: str, port: int) -> bool:
    reached = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    shown = f"[{reached}]" if ":" in reached else reached
    try:
        async with httpx.AsyncClient(timeout=2, trust_env=False) as http:
            answer = (await http.get(f"http://{shown}:{port}/healthz")).json()
    except (httpx.HTTPError, ValueError):
        return False
    return isinstance(answer, dict) and "why" in answer
