"""Long-poll: the transport for where WebSockets do not get through."""

from __future__ import annotations

from dataclasses import dataclass

from tickfire.phoenix.transports.longpoll.endpoint import LongPollEndpoint
from tickfire.phoenix.transports.longpoll.server import LongPollServer
from tickfire.phoenix.transports.longpoll.transport import Timing

__all__ = ["LongPollEndpoint", "LongPollOptions", "LongPollServer", "Timing"]


@dataclass(frozen=True, slots=True)
class LongPollOptions:
    """The long-poll transport of a socket.

    Attributes
    ----------
    path : str
        Appended to the socket's path.
    window_s : float
        How long a poll waits. A session ends when nobody has polled for one and a half windows.
    pubsub_timeout_s : float
        How long a session is looked for on other nodes.
    token_max_age_s : float
        After which a session's token is worth nothing.
    high_water : bytes
        A session with more than that to be told is congested until its next poll.
    """

    path: str = "/longpoll"
    window_s: float = 10.0
    pubsub_timeout_s: float = 2.0
    token_max_age_s: float = 14 * 86_400.0
    high_water: int = 1 << 20
