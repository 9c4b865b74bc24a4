"""Pieces of bars as readers merge them, in plain Python."""

from __future__ import annotations

from tickfire.store.schema import BAR_REWIND, Rows


def bar_volumes(pieces: Rows) -> dict[tuple[int, int, int], int]:
    """Return the volume of each bar, by instrument, interval and start, as readers merge pieces."""
    volumes: dict[tuple[int, int, int], int] = {}
    for piece in pieces:
        key = int(piece["instrument_id"]), int(piece["interval_s"])
        start = int(piece["start"])
        if piece["flags"] & BAR_REWIND:
            void = [k for k in volumes if k[:2] == key and k[2] >= start]
            for each in void:
                del volumes[each]
        volumes[*key, start] = volumes.get((*key, start), 0) + int(piece["volume"])
    return volumes
