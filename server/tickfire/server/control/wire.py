"""Messages of the control socket: lines of JSON.

The command sends one request, ``{"do": "reload"}`` or ``{"do": "drain", "delay": 5}``. The server
answers ``{"progress": TEXT}`` as it goes on, and in the end ``{"done": true}`` or
``{"failed": REASON}``.
"""

from __future__ import annotations

import json
from typing import Any, Final

RELOAD: Final = "reload"
DRAIN: Final = "drain"
MAX_LINE: Final = 64 << 10


def pack(**message: Any) -> bytes:
    """Return a message as a line."""
    return json.dumps(message).encode() + b"\n"


def unpack(line: bytes) -> dict[str, Any]:
    """Return the message of a line; an empty one if it is none."""
    try:
        message = json.loads(line)
    except ValueError:
        return {}
    return message if isinstance(message, dict) else {}
