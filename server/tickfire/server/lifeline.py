"""Lifeline of a supervised process: a pipe that ends the process with its supervisor.

The supervisor holds the write end of each child's standard input and never writes to it. When the
supervisor ends, even by SIGKILL, the kernel closes that end. The child, which leads a process group
of its own, then reads the end of file and kills the group: itself and every process it started.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Mapping
from typing import Final

SUPERVISED_VARIABLE: Final = "TICKFIRE_SUPERVISOR"
"""Environment variable with the supervisor's process id, set for all its descendants."""
_STDIN: Final = 0


def is_supervised(environ: Mapping[str, str]) -> bool:
    """Return whether the supervisor is the parent of this process.

    Processes further down inherit the variable too, but they belong to the child's group, end with
    it, and have a standard input that is not the lifeline.
    """
    return environ.get(SUPERVISED_VARIABLE) == str(os.getppid())


def end_with_supervisor() -> None:
    """Start a thread that kills the process group once standard input reaches its end."""
    threading.Thread(target=_watch, name="lifeline", daemon=True).start()


def _watch() -> None:
    try:
        while os.read(_STDIN, 1):
            pass
    except OSError:
        pass  # a closed standard input counts as one at its end
    if os.getpgrp() == os.getpid():
        os.killpg(os.getpid(), signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)
