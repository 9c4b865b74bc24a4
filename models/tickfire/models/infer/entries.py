"""Entries of ``ticks:{s}`` and ``bars:{s}``, as models get them. Pure."""

from __future__ import annotations

import numpy as np

from tickfire.models.infer.reading import Entry
from tickfire.models.infer.stream_model import Rows
from tickfire.store.entries import BadEntry, unpack_ticks
from tickfire.store.schema import BAR


def number_of(entry_id: bytes) -> tuple[int, int]:
    """Return both parts of an id.

    Raises
    ------
    BadEntry
        It is not an id.
    """
    first, _, second = entry_id.partition(b"-")
    if not (first.isdigit() and second.isdigit()):
        raise BadEntry(f"{entry_id!r} is no id")
    return int(first), int(second)


def is_after(entry_id: bytes, position: bytes) -> bool:
    """Whether an id comes after another."""
    return number_of(entry_id) > number_of(position)


def ticks_of(entry: Entry) -> tuple[int, Rows]:
    """Return the position of the first tick, and TICK[count].

    Raises
    ------
    BadEntry
        Id, header or length are not ours.
    """
    number, fields = entry
    last, _ = number_of(number)
    ticks, _ = unpack_ticks(last, fields)
    return last - len(ticks) + 1, ticks


def bars_of(entry: Entry) -> Rows:
    """Return BAR[count].

    Raises
    ------
    BadEntry
        Its length is not that of bars.
    """
    data = entry[1].get(b"d", b"")
    if not data or len(data) % BAR.itemsize:
        raise BadEntry(f"bars in {len(data)} bytes")
    return np.frombuffer(data, BAR)
