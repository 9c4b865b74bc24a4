"""A supervised process ends when its supervisor does, however that ended.

The supervisor holds the other end of a child's standard input and never writes to it. When the
supervisor is gone, even by SIGKILL, the kernel closes that end, and the child, which leads a
process group of its own, kills the group: itself and whatever it started.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Mapping
from typing import Final

SUPERVISED_VARIABLE: Final = "TICKFIRE_SUPERVISOR"
"""Holds the supervisor's process id in the environment of all below it."""
_STDIN: Final = 0


def is_supervised(environ: Mapping[str, str]) -> bool:
    """Return whether this process was started by the supervisor itself.

    What such a process starts in turn inherits the variable, but is in its group, ends with it,
    and has another standard input.
    """
    return environ.get(SUPERVISED_VARIABLE) == str(os.getppid())


def end_with_supervisor() -> None:
    """Watch standard input from a thread of its own; at its end, kill the process group."""
    threading.Thread(target=_watch, name="lifeline", daemon=True).start()


def _watch() -> None:
    try:
        while os.read(_STDIN, 1):
            pass
    except OSError:
        pass  # no standard input: as good as an ended one
    if os.getpgrp() == os.getpid():
        os.killpg(os.getpid(), signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)
