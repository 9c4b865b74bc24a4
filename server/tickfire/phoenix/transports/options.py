"""Options shared by the WebSocket connections of a socket."""

from __future__ import annotations

from dataclasses import dataclass

from tickfire.phoenix.transports.drain import Drainer
from tickfire.phoenix.transports.idle import IdleWheel


@dataclass(frozen=True, slots=True)
class ConnectionOptions:
    """Options shared by the WebSocket connections of one socket.

    Attributes
    ----------
    wheel : IdleWheel
        Timer that closes idle connections.
    max_frame_size : bytes, or None
        Maximum size of a frame's payload; None for no limit.
    max_message_size : bytes, or None
        Maximum size of a message; None for no limit.
    high_water, low_water : bytes
        A connection becomes congested when more than `high_water` is waiting to be sent, and
        remains so until that falls below `low_water`.
    drainer : Drainer
        Scheduler that closes all connections when the server shuts down.
    """

    wheel: IdleWheel
    max_frame_size: int | None
    max_message_size: int | None
    high_water: int
    low_water: int
    drainer: Drainer
