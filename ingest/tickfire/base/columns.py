"""Columns of text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence


def columns(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield a line for each row, with its cells as wide as the widest of their column.

    Cells beyond the end of the shortest row are not padded.
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=False)]
    for row in rows:
        padded = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        yield "  ".join((*padded, *row[len(padded) :])).rstrip()
