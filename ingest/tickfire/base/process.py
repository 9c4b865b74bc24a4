"""Child processes that end with their parent, and exit codes in words.

The child ends even if its parent is killed by SIGKILL. On Linux the kernel kills it
(``PR_SET_PDEATHSIG``). On other systems a guard does: a shell that reads from a pipe, whose other
end the parent holds, and kills the child at end of file.
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
    """Describe in words how a process ended, given its return code from `subprocess`."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"killed by signal {-code}"


def death_signal() -> Callable[[], None] | None:
    """Return a ``preexec_fn`` that makes the kernel kill the child when its parent ends.

    Returns None on systems other than Linux: use a `Guard` there. The C library is loaded here,
    since only plain system calls are safe between fork and exec.
    """
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid()

    def in_child() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # the parent ended before the call above
            os._exit(1)

    return in_child


class Guard:
    """Helper process that kills another process if this one ends before `release`."""

    def __init__(self, pid: int) -> None:
        self._shell = subprocess.Popen(
            ["/bin/sh", "-c", _GUARD_SCRIPT, "guard", str(pid)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # a signal to our group must not end the guard first
        )

    def release(self) -> None:
        """End the guard without killing the process, to be called once the process has ended."""
        self._shell.kill()
        self._shell.wait()
        if self._shell.stdin is not None:
            self._shell.stdin.close()
