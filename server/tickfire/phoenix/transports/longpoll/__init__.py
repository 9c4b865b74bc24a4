"""Long-poll: the transport for networks that WebSockets do not get through."""

from __future__ import annotations

from tickfire.phoenix.transports.longpoll.options import LongPollOptions

__all__ = ["LongPollOptions"]
