"""`Background`: work in a thread beside a benchmark, until the end of a with block."""

from __future__ import annotations

import threading
from typing import Self


class Background:
    """Thread that runs `work`, which returns soon after `ended` is set; to be subclassed."""

    def __init__(self) -> None:
        self.ended = threading.Event()
        self._thread = threading.Thread(target=self.work, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        self._thread.join()

    def work(self) -> None:
        """Do the work."""
        raise NotImplementedError
