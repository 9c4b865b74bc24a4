"""`Guard`: a check of each message of a client before it is handled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from tickfire.phoenix.core.results import Reply
from tickfire.phoenix.wire.message import Message


class Close(msgspec.Struct, frozen=True):
    """Verdict of a guard that closes the connection.

    Parameters
    ----------
    code : int
        The close code (RFC 6455, section 7.4), such as 1008.
    reason : str
        The reason in the close frame, of at most 123 bytes.
    """

    code: int
    reason: str = ""


type Guard = Callable[[Any, Message], Reply | Close | None]
"""Function that is called with a `UserSocket` and a message of its client, as soon as it is read.

It returns None to let the message pass, a `Reply` to answer it in place of its channel, or a
`Close` to close the connection. It sees every message, heartbeats included.
"""
