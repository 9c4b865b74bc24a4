"""The conformance app in a process that can be stopped and started again on its port."""

from __future__ import annotations

import subprocess
import sys
from types import TracebackType
from typing import Self

from tests.support.paths import ROOT
from tickfire.base.ports import free_port

STOP_TIMEOUT_S = 30


class AppProcess:
    """A module that serves `--port`, and prints `listening`."""

    def __init__(self, module: str = "tests.conformance.app") -> None:
        self._module = module
        self.port = free_port()
        self._process: subprocess.Popen[str] | None = None

    def do(self, what: str) -> None:
        """Carry out a client script's request: start, stop, restart or kill (and start again)."""
        if what in ("stop", "restart"):
            self.stop()
        elif what == "kill":
            self.stop(kill=True)
        if what != "stop":
            self.start()

    def start(self) -> None:
        """Start, and return when it listens."""
        command = [sys.executable, "-m", self._module, "--port", str(self.port)]
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        self._process = process
        assert process.stdout is not None
        assert process.stdout.readline() == "listening\n"

    def stop(self, *, kill: bool = False) -> None:
        """Stop in order, or at once, and return when it has ended."""
        process, self._process = self._process, None
        if process is None:
            return
        with process:
            if kill:
                process.kill()
            else:
                process.terminate()
            process.wait(STOP_TIMEOUT_S)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()
