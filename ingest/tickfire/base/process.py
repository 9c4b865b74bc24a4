"""Child processes: how one ended, in words, and that none outlives its parent.

A child that cannot watch its parent ends with it all the same, even on SIGKILL. Linux tells the
kernel (``PR_SET_PDEATHSIG``). Elsewhere a guard, a shell that reads a pipe whose other end the
parent holds, kills the child once the pipe ends.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from typing import Final

_PR_SET_PDEATHSIG: Final = 1
_GUARD_SCRIPT: Final = 'read -r _; kill -9 "$1"'


def describe_exit(code: int) -> str:
    """Return how a process ended, from its exit code as `subprocess` gives it."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"killed by signal {-code}"


def death_signal() -> Callable[[], None] | None:
    """Return what the child runs between fork and exec, so that it is killed with its parent.

    None where the system has no such call: start a `Guard` beside the child then. The library is
    loaded here, before the fork: after it, only plain system calls are safe.
    """
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid()

    def in_child() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # it ended before the call above
            os._exit(1)

    return in_child


class Guard:
    """Kills a process when this one ends without having called `release`."""

    def __init__(self, pid: int) -> None:
        self._shell = subprocess.Popen(
            ["/bin/sh", "-c", _GUARD_SCRIPT, "guard", str(pid)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # a signal to our group must not take the guard first
        )

    def release(self) -> None:
        """End the guard; the process is left alone. To be called once the process has ended."""
        self._shell.kill()
        self._shell.wait()
        if self._shell.stdin is not None:
            self._shell.stdin.close()
