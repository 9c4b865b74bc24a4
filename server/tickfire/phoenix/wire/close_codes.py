"""Close codes of WebSocket connections (RFC 6455, section 7.4.1)."""

from __future__ import annotations

from enum import IntEnum


class CloseCode(IntEnum):
    """Close codes that the library sends or reports."""

    NORMAL = 1000
    GOING_AWAY = 1001
    PROTOCOL_ERROR = 1002
    ABNORMAL = 1006
    """Never sent; stands for a connection dropped without a close frame."""
    INVALID_DATA = 1007
    MESSAGE_TOO_BIG = 1009
    INTERNAL_ERROR = 1011
    SERVICE_RESTART = 1012
    TRY_AGAIN_LATER = 1013
