"""Results of a channel's callbacks."""

from __future__ import annotations

from typing import Any

import msgspec


class Reply(msgspec.Struct, frozen=True):
    """Answers the push that is being handled.

    Parameters
    ----------
    response : any JSON value, or bytes
        Bytes go out as a binary reply.
    status
        "ok" or "error" for phoenix.js; any string is sent as it is.
    """

    response: Any = msgspec.field(default_factory=dict)
    status: str = "ok"


class NoReply(msgspec.Struct, frozen=True):
    """Answers nothing, as None does."""


class Stop(msgspec.Struct, frozen=True):
    """Ends the channel.

    Parameters
    ----------
    reason
        "normal", "shutdown" and ("shutdown", anything) end it in order: the client gets phx_close.
        Anything else is a crash: phx_error, on which phoenix.js joins again.
    reply
        Sent before the channel ends.
    """

    reason: Any = "normal"
    reply: Reply | None = None


def is_orderly(reason: Any) -> bool:
    """Return whether a channel that ended for this reason closed rather than crashed."""
    if isinstance(reason, tuple):
        return bool(reason) and reason[0] == "shutdown"
    return reason in ("normal", "shutdown")
