"""PNGs of charts, in a third of the time that Pillow takes.

Most rows of a chart are equal to the row above, so each is written as its difference from that;
Pillow tries all filters on each row.
"""

from __future__ import annotations

import struct
import zlib
from typing import Final

import numpy as np
from PIL import Image

LEVEL: Final = 1
"""Level of zlib: higher ones take longer than drawing, and save little."""
_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_RGB_8_BITS: Final = (8, 2, 0, 0, 0)
"""Bits, colour type, compression, filter method, interlacing."""
_UP: Final = 2
"""The filter that subtracts the row above."""


def png_of(image: Image.Image) -> bytes:
    """Return an image as a PNG of red, green and blue."""
    width, height = image.size
    # Pillow drops the alpha channel several times faster than a slice of an array.
    rows = np.frombuffer(image.tobytes("raw", "RGB"), np.uint8).reshape(height, width * 3)
    filtered = np.empty((height, width * 3 + 1), np.uint8)
    filtered[:, 0] = _UP
    filtered[0, 1:] = rows[0]
    np.subtract(rows[1:], rows[:-1], out=filtered[1:, 1:])
    head = struct.pack(">II5B", width, height, *_RGB_8_BITS)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(filtered, LEVEL)), (b"IEND", b""))
    return _SIGNATURE + b"".join(_chunk(kind, data) for kind, data in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    checksum = zlib.crc32(data, zlib.crc32(kind))
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)
