"""`RenderProcess`: a process that draws, started when needed and replaced when it dies or hangs."""

from __future__ import annotations

import contextlib
import queue
import subprocess
import sys
import threading
from collections import deque
from typing import IO, Final

from tickfire.base.process import describe_exit
from tickfire.render.bars import Bars
from tickfire.render.errors import NoAdapter, RenderError
from tickfire.render.picture.spec import Picture
from tickfire.render.worker.messages import Answer, Drawn, Failed, Job, Ready, read, write

COMMAND: Final = (sys.executable, "-P", "-m", "tickfire.render.worker")
START_S: Final = 120.0
"""Maximum time for the start of a process, and for its first picture: kernels may be compiled."""
DEADLINE_S: Final = 15.0
"""Maximum time for each further picture."""
STOP_S: Final = 5.0
ATTEMPTS: Final = 2
"""Processes that may die of one picture; another may have killed the first."""
KEPT_LINES: Final = 10


class RenderDied(RenderError):
    """The process that draws died, or was ended because it hung."""


class RenderProcess:
    """A process that draws pictures, one after another. Not safe for threads: use a lock.

    Parameters
    ----------
    deadline_s, start_s : float
        Maximum time, in seconds, for one picture and for the start of the process.

    Attributes
    ----------
    starts : int
        Processes started so far.
    """

    def __init__(self, deadline_s: float = DEADLINE_S, start_s: float = START_S) -> None:
        self.starts = 0
        self._deadline_s, self._start_s = deadline_s, start_s
        self._running: _Running | None = None
        self._is_closed = False

    @property
    def pid(self) -> int | None:
        """The process id, None while none runs."""
        return None if self._running is None else self._running.pid

    def draw(self, picture: Picture, bars: Bars) -> bytes:
        """Draw a picture, a PNG.

        Raises
        ------
        NoAdapter
            The machine has nothing to draw with.
        RenderDied
            The process died of this picture twice, or took too long.
        RenderError
            The picture cannot be drawn.
        """
        for attempt in range(1, ATTEMPTS + 1):
            try:
                answer = self._ask(Job(picture, bars))
            except EOFError:
                reason = self._end()
                if attempt == ATTEMPTS or self._is_closed:
                    raise RenderDied(f"the process that draws died ({reason}).") from None
            else:
                return _png(answer)
        raise AssertionError

    def close(self) -> None:
        """End the process, from any thread; a picture being drawn fails."""
        self._is_closed = True
        running = self._running
        if running is not None:
            running.end()

    def _ask(self, job: Job) -> Answer:
        running = self._running or self._start()
        patience_s = self._deadline_s if running.drawn else self._start_s
        try:
            running.send(job)
            answer = running.answer(patience_s)
        except queue.Empty:
            self._end()
            raise RenderDied(f"no picture within {patience_s:g} s; gave up.") from None
        running.drawn = True
        return answer

    def _start(self) -> _Running:
        self.starts += 1
        self._running = running = _Running()
        try:
            answer = running.answer(self._start_s)
        except queue.Empty:
            self._end()
            raise RenderDied(f"nothing draws after {self._start_s:g} s; gave up.") from None
        if not isinstance(answer, Ready):
            self._end()
            _png(answer)
        return running

    def _end(self) -> str:
        """End the process; return how it ended."""
        running, self._running = self._running, None
        return "never started" if running is None else running.end()


def _png(answer: Answer) -> bytes:
    match answer:
        case Drawn(png):
            return png
        case Failed("adapter", _):
            raise NoAdapter
        case Failed(_, reason):
            raise RenderError(f"the picture cannot be drawn: {reason}.")
    raise AssertionError(answer)


class _Running:
    """One process, with threads that read its answers and what it says on standard error."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        self.pid = self._process.pid
        self.drawn = False  # no picture yet
        self._answers: queue.SimpleQueue[Answer | None] = queue.SimpleQueue()
        self._lines: deque[str] = deque(maxlen=KEPT_LINES)
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self._threads = [
            threading.Thread(target=target, args=(pipe,), daemon=True)
            for target, pipe in (
                (self._read_answers, self._process.stdout),
                (self._read_lines, self._process.stderr),
            )
        ]
        for thread in self._threads:
            thread.start()

    def send(self, job: Job) -> None:
        assert self._process.stdin is not None
        try:
            write(self._process.stdin, job)
        except OSError:
            raise EOFError from None

    def answer(self, timeout_s: float) -> Answer:
        """Return the next answer.

        Raises
        ------
        queue.Empty
            There is none in time.
        EOFError
            The process has ended.
        """
        answer = self._answers.get(timeout=timeout_s)
        if answer is None:
            self._answers.put(None)
            raise EOFError
        return answer

    def end(self) -> str:
        self._process.kill()
        code = self._process.wait(STOP_S)
        for thread in self._threads:
            thread.join(STOP_S)
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            if pipe is not None:
                with contextlib.suppress(OSError):  # what was not yet written
                    pipe.close()
        said = f", last line: {self._lines[-1]}" if self._lines and code > 0 else ""
        return describe_exit(code) + said

    def _read_answers(self, pipe: IO[bytes]) -> None:
        with contextlib.suppress(EOFError, OSError):
            while True:
                self._answers.put(read(pipe))
        self._answers.put(None)

    def _read_lines(self, pipe: IO[bytes]) -> None:
        for line in pipe:
            self._lines.append(line.decode(errors="replace").rstrip())
