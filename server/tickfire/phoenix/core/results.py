"""Results of a channel's callbacks."""

from __future__ import annotations

from typing import Any

import msgspec


class Reply(msgspec.Struct, frozen=True):
    """Result that answers the push being handled.

    Parameters
    ----------
    response : any JSON value, or bytes
        The body of the reply; bytes are sent as a binary reply.
    status
        "ok" or "error" for phoenix.js; any string is sent unchanged.
    """

    response: Any = msgspec.field(default_factory=dict)
    status: str = "ok"


class NoReply(msgspec.Struct, frozen=True):
    """Result that sends no reply, like None."""


class Stop(msgspec.Struct, frozen=True):
    """Result that ends the channel.

    Parameters
    ----------
    reason
        "normal", "shutdown" and ("shutdown", anything) close the channel: the client gets
        phx_close. Anything else counts as a crash: the client gets phx_error, upon which
        phoenix.js joins again.
    reply
        Reply that is sent before the channel ends.
    """

    reason: Any = "normal"
    reply: Reply | None = None
