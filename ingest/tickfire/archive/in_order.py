"""Files in the order of their ids, a few at a time, so that a page needs no more of them. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from tickfire.archive.files import DataFile
from tickfire.archive.names import Id

MAX_FILES: Final = 512
"""Files that are opened for one page, unless a single step needs more."""
FIRST_STEP: Final = 4
MAX_STEP: Final = 64
BEGIN: Final[Id] = (0, 0)
END: Final[Id] = (2**64 - 1, 2**32 - 1)


class Step(NamedTuple):
    """Files that hold all rows of a range of ids.

    Attributes
    ----------
    files : list of DataFile
    low, high : Id
        The range; `high` is exclusive.
    opened : int
        Files of this step and of those before.
    """

    files: list[DataFile]
    low: Id
    high: Id
    opened: int


def oldest_first(files: Sequence[DataFile], begin: Id) -> Iterator[Step]:
    """Yield ever larger steps over the files that have ids from `begin` on."""
    order = sorted((f for f in files if f.about.last >= begin), key=lambda file: file.about.first)
    own: list[DataFile] = []
    low, opened = begin, 0
    for added, later in _steps(order):
        own += added
        opened += len(own)
        high = later.about.first if later is not None else END
        if high > low:
            yield Step(own, low, high, opened)
            low = high
        own = [file for file in own if file.about.last >= low]


def newest_first(files: Sequence[DataFile], before: Id) -> Iterator[Step]:
    """Yield ever larger steps over the files that have ids before one, which is exclusive."""
    kept = (file for file in files if file.about.first < before)
    order = sorted(kept, key=lambda file: file.about.last, reverse=True)
    own: list[DataFile] = []
    high, opened = before, 0
    for added, later in _steps(order):
        own += added
        opened += len(own)
        low = _next(later.about.last) if later is not None else BEGIN
        if low < high:
            yield Step(own, low, high, opened)
            high = low
        own = [file for file in own if file.about.first < high]


def _steps(order: list[DataFile]) -> Iterator[tuple[list[DataFile], DataFile | None]]:
    """Yield files, ever more at a time, with the file after them."""
    at, size = 0, FIRST_STEP
    while at < len(order):
        end = at + size
        yield order[at:end], order[end] if end < len(order) else None
        at, size = end, min(2 * size, MAX_STEP)


def _next(entry_id: Id) -> Id:
    return entry_id[0], entry_id[1] + 1
