"""The process that draws: it reads jobs from standard input and writes answers to standard output.

It ends when standard input does, even while it draws.
"""

from __future__ import annotations

import os
import queue
import sys
import threading
import traceback
from typing import IO

from tickfire.render.errors import NoAdapter
from tickfire.render.gpu.device import describe
from tickfire.render.gpu.renderer import Renderer
from tickfire.render.picture.draw import draw_picture
from tickfire.render.picture.png import png_of
from tickfire.render.worker.messages import Answer, Drawn, Failed, Job, Ready, read, write


def main() -> None:
    """Answer jobs until standard input ends."""
    # Libraries may write to standard output: they get standard error instead.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    jobs: queue.SimpleQueue[Job] = queue.SimpleQueue()
    threading.Thread(target=_read_jobs, args=(sys.stdin.buffer, jobs), daemon=True).start()
    try:
        renderer = Renderer()
    except NoAdapter as error:
        write(answers, Failed("adapter", str(error)))
        return
    write(answers, Ready(describe(renderer.device)))
    while True:
        write(answers, _answer(jobs.get(), renderer))


def _read_jobs(pipe: IO[bytes], jobs: queue.SimpleQueue[Job]) -> None:
    try:
        while True:
            jobs.put(read(pipe))
    except EOFError:
        os._exit(0)


def _answer(job: Job, renderer: Renderer) -> Answer:
    try:
        return Drawn(png_of(draw_picture(job.picture, job.bars, renderer)))
    except Exception as error:  # a picture that fails must not end the process
        traceback.print_exc()
        return Failed("defect", f"{type(error).__name__}: {error}")


if __name__ == "__main__":
    main()
