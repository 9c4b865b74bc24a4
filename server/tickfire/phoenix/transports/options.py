"""Options that the WebSocket connections of a socket share."""

from __future__ import annotations

from dataclasses import dataclass

from tickfire.phoenix.transports.drain import Drainer
from tickfire.phoenix.transports.idle import IdleWheel


@dataclass(frozen=True, slots=True)
class ConnectionOptions:
    """Options common to the WebSocket connections of one socket.

    Attributes
    ----------
    wheel
        Closes the idle ones.
    max_frame_size, max_message_size : bytes, or None for no limit
    high_water, low_water : bytes
        Above the first a connection is congested, until it is below the second.
    drainer
        Closes all of them when the server goes down.
    """

    wheel: IdleWheel
    max_frame_size: int | None
    max_message_size: int | None
    high_water: int
    low_water: int
    drainer: Drainer
