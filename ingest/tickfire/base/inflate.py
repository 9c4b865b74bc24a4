"""Decompression of an HTTP body up to a limit, so that none can fill the memory."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterable
from typing import Final

ACCEPT_ENCODING: Final = "gzip, deflate"
"""Encodings that are read, as a request names them."""

_GZIP_OR_ZLIB: Final = zlib.MAX_WBITS | 32
_WITHOUT_HEADER: Final = -zlib.MAX_WBITS
_ZLIB_METHOD: Final = 8


class EncodingError(Exception):
    """A body is too large, or is not what its ``Content-Encoding`` says."""


class Inflater:
    """The decompressed body of a response.

    Parameters
    ----------
    content_encoding : str
        Value of the ``Content-Encoding`` header: empty, ``identity``, ``gzip`` or ``deflate``.
    max_bytes : int
        Maximum size of the decompressed body.

    Raises
    ------
    EncodingError
        If the encoding is another one.
    """

    def __init__(self, content_encoding: str, max_bytes: int) -> None:
        self._coding = content_encoding.strip().lower().removeprefix("x-")
        if self._coding not in ("", "identity", "gzip", "deflate"):
            raise EncodingError(f"the body has the unsupported encoding {self._coding[:40]!r}")
        self._max_bytes = max_bytes
        self._body = bytearray()
        self._stream: zlib._Decompress | None = None

    def feed(self, data: bytes) -> None:
        """Add bytes of the body.

        Raises
        ------
        EncodingError
            If the body is corrupt or becomes larger than the limit.
        """
        if self._coding in ("", "identity"):
            self._add(data)
            return
        while data:
            if self._stream is None or self._stream.eof:
                self._stream = zlib.decompressobj(self._window_bits(data))
            data = self._inflate(self._stream, data)

    def close(self) -> bytes:
        """Return the whole body.

        Raises
        ------
        EncodingError
            If compressed data is cut off.
        """
        if self._stream is not None and not self._stream.eof:
            raise EncodingError("the compressed body is cut off")
        return bytes(self._body)

    def _inflate(self, stream: zlib._Decompress, data: bytes) -> bytes:
        """Inflate to the end of the data or of the stream; return the data behind the latter."""
        try:
            while data and not stream.eof:
                self._add(stream.decompress(data, self._max_bytes - len(self._body) + 1))
                data = stream.unconsumed_tail
        except zlib.error as error:
            raise EncodingError(f"the compressed body is corrupt ({error})") from None
        return stream.unused_data

    def _window_bits(self, data: bytes) -> int:
        is_bare = self._coding == "deflate" and data[0] & 0x0F != _ZLIB_METHOD
        return _WITHOUT_HEADER if is_bare else _GZIP_OR_ZLIB

    def _add(self, data: bytes) -> None:
        self._body += data
        if len(self._body) > self._max_bytes:
            raise EncodingError(f"the body has more than {self._max_bytes} bytes")


async def inflated(raw: AsyncIterable[bytes], content_encoding: str, max_bytes: int) -> bytes:
    """Return the decompressed body of a response, given its chunks as they were received.

    Raises
    ------
    EncodingError
        If the body is corrupt, has an unknown encoding, or more bytes than the limit.
    """
    inflater = Inflater(content_encoding, max_bytes)
    async for chunk in raw:
        inflater.feed(chunk)
    return inflater.close()
