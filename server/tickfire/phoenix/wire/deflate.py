"""The permessage-deflate extension (RFC 7692), without context takeover.

Messages are compressed independently of each other. A broadcast is thus compressed once, and the
same bytes are sent to every subscriber; and a connection needs no compressor, which saves 300 KB.
Compressed and uncompressed frames may be mixed.
"""

from __future__ import annotations

import re
import zlib
from typing import Any

from tickfire.phoenix.wire.frames import frame_compressed, split_frames
from tickfire.phoenix.wire.serializers import Serializer

NAME = "permessage-deflate"
RESPONSE = f"{NAME}; server_no_context_takeover; client_no_context_takeover"

LEVEL = 6
WINDOW_BITS = 15
_TAIL = b"\x00\x00\xff\xff"  # end of a flushed block, omitted on the wire

_WINDOW = re.compile(r"(?:[89]|1[0-5])")
_FLAGS = ("server_no_context_takeover", "client_no_context_takeover")


class InflateError(Exception):
    """Raised when a message cannot be decompressed, or is too large (`too_large`)."""

    def __init__(self, *, too_large: bool) -> None:
        super().__init__(too_large)
        self.too_large = too_large


def negotiate_deflate(header: str | None) -> str | None:
    """Return the Sec-WebSocket-Extensions header of the response, or None for no extension."""
    for offer in (header or "").split(","):
        name, *params = (part.strip() for part in offer.split(";"))
        if name == NAME and _is_acceptable(params):
            return RESPONSE
    return None


def _is_acceptable(params: list[str]) -> bool:
    """Return whether every param of an offer is known, unique and supported."""
    seen = set()
    for param in params:
        key, equals, value = param.partition("=")
        key, value = key.strip(), value.strip().strip('"')
        if key in seen:
            return False
        seen.add(key)
        if key in _FLAGS:
            acceptable = not equals
        elif key == "client_max_window_bits":
            acceptable = not equals or bool(_WINDOW.fullmatch(value))
        else:
            # With a smaller window, the frames could not be shared with other clients.
            acceptable = key == "server_max_window_bits" and value == str(WINDOW_BITS)
        if not acceptable:
            return False
    return True


def deflate(payload: bytes) -> bytes:
    """Compress one message."""
    compressor = zlib.compressobj(LEVEL, zlib.DEFLATED, -WINDOW_BITS)
    data = compressor.compress(payload) + compressor.flush(zlib.Z_SYNC_FLUSH)
    return data.removesuffix(_TAIL)


def inflate(data: bytes, max_size: int | None) -> bytes:
    """Decompress one message.

    Raises
    ------
    InflateError
        If the data is invalid, or the result would be larger than `max_size`.
    """
    decompressor = zlib.decompressobj(-WINDOW_BITS)
    limit = 0 if max_size is None else max_size + 1
    try:
        payload = decompressor.decompress(data + _TAIL, limit)
    except zlib.error:
        raise InflateError(too_large=False) from None
    if max_size is not None and len(payload) > max_size:
        raise InflateError(too_large=True)
    return payload


class DeflatingSerializer:
    """Serializer that compresses the frames of another one; it uses a lane of its own."""

    def __init__(self, inner: Serializer) -> None:
        self.vsn = inner.vsn
        self._lane = f"{inner.lane}+deflate"
        self.decode_text = inner.decode_text
        self.decode_binary = inner.decode_binary
        self._inner = inner

    @property
    def lane(self) -> str:
        """Name of the encoding in the hub."""
        return self._lane

    def encode_reply(
        self, join_ref: Any, ref: Any, topic: Any, status: str, response: Any
    ) -> bytes:
        """Return the compressed frame of a phx_reply."""
        return compress_frames(self._inner.encode_reply(join_ref, ref, topic, status, response))

    def encode_push(self, join_ref: Any, topic: str, event: str, payload: Any) -> bytes:
        """Return the compressed frame of a push."""
        return compress_frames(self._inner.encode_push(join_ref, topic, event, payload))

    def encode_broadcast(self, topic: str, event: str, payload: Any) -> bytes:
        """Return the compressed frame of a broadcast."""
        return compress_frames(self._inner.encode_broadcast(topic, event, payload))

    def encode_end(self, join_ref: Any, topic: str, event: str, payload: Any) -> bytes:
        """Return the compressed frame of a phx_close or phx_error."""
        return compress_frames(self._inner.encode_end(join_ref, topic, event, payload))


def compress_frames(frames: bytes) -> bytes:
    """Return finished frames, compressed each by itself."""
    return b"".join(
        frame_compressed(opcode, deflate(payload)) for opcode, payload in split_frames(frames)
    )
