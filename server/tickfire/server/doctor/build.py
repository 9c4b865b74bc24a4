"""Checks of what is built or optional: the page, the kernels, and the adapter that draws."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Final

from tickfire.base.extras import missing_of
from tickfire.base.folders import may_write
from tickfire.kernels.jit import cache_root
from tickfire.server.doctor.check import Check, ok, warning
from tickfire.server.page import PYTHON, STATIC

_ADAPTER: Final = (
    "from tickfire.render.gpu.device import describe, open_device; print(describe(open_device()))"
)
SOFTWARE: Final = ("llvmpipe", "swiftshader", "lavapipe")
"""Words in the names of adapters that draw with the processor."""


async def examine_page(static: Path = STATIC) -> list[Check]:
    """Check that the page and the browser's Python are built."""
    if not (static / "index.html").is_file():
        advice = "Run `make setup` in a checkout; an installed package brings it. Clients connect."
        return [warning("page", f"not built in {static}", advice)]
    if not (static / PYTHON).is_dir():
        advice = "Run `make wasm` for Python in the page; everything else works."
        return [warning("page", "built, without the browser's Python", advice)]
    return [ok("page", "built")]


async def examine_cache() -> list[Check]:
    """Check the folder of compiled kernels."""
    folder = cache_root()
    if not may_write(folder):
        advice = "Set TICKFIRE_CACHE to a folder that can be written; each start compiles anew."
        return [warning("kernel cache", f"{folder} cannot be written", advice)]
    return [ok("kernel cache", str(folder))]


async def examine_adapter() -> list[Check]:
    """Check the adapter for pictures, in a process of its own, as a driver may abort."""
    missing = missing_of("render")
    if missing is not None:
        advice = "Install tickfire[render] for pictures of charts; everything else works."
        return [warning("GPU", f"pictures need {missing}", advice)]
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _ADAPTER,
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        said, _ = await child.communicate()
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    name = said.decode(errors="replace").strip()
    if child.returncode == 0:
        is_software = any(word in name.lower() for word in SOFTWARE)
        return [ok("GPU", f"{name}, which draws with the processor" if is_software else name)]
    advice = "Install a Vulkan driver (Debian: mesa-vulkan-drivers) for pictures; all else works."
    return [warning("GPU", "no adapter that can draw", advice)]


def slow_adapter(name: str, found: str) -> Check:
    """Return the check of an adapter that did not open in time: only pictures wait for it."""
    advice = "Ask again with a longer `--timeout`; pictures wait for it, everything else works."
    return warning(name, found, advice)
