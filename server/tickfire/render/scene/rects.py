"""`RectBatch`: rectangles in whole device pixels, packed as the GPU takes them."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

RECT: Final = np.dtype([("at", np.float32, 4), ("color", np.uint32)])
"""x, y, width and height, and a packed colour."""

type Rects = NDArray[np.void]


class RectBatch:
    """Rectangles in the order of drawing."""

    def __init__(self) -> None:
        self._parts: list[Rects] = []

    def push(self, x: Any, y: Any, width: Any, height: Any, color: int) -> None:
        """Add rectangles of one colour; the numbers are broadcast against each other."""
        at = np.stack(np.broadcast_arrays(*np.atleast_1d(x, y, width, height)), axis=-1)
        part = np.empty(len(at), RECT)
        part["at"] = at
        part["color"] = color
        self._parts.append(part)

    def rects(self) -> Rects:
        """Return all rectangles, RECT[n]."""
        return np.concatenate(self._parts) if self._parts else np.empty(0, RECT)
