"""Long-poll transport, for networks that block WebSockets."""

from __future__ import annotations

from dataclasses import dataclass

from tickfire.phoenix.transports.longpoll.endpoint import LongPollEndpoint
from tickfire.phoenix.transports.longpoll.server import LongPollServer
from tickfire.phoenix.transports.longpoll.transport import Timing

__all__ = ["LongPollEndpoint", "LongPollOptions", "LongPollServer", "Timing"]


@dataclass(frozen=True, slots=True)
class LongPollOptions:
    """Options of a socket's long-poll transport.

    Attributes
    ----------
    path : str
        Path of the endpoint, appended to the socket's path.
    window_s : float
        Maximum time that a poll waits for messages, in seconds. A session ends when its client has
        not polled for one and a half windows.
    pubsub_timeout_s : float
        Time to wait for another node to find a session, in seconds.
    token_max_age_s : float
        Time after which a session's token is refused, in seconds.
    high_water : bytes
        A session with more than this waiting for the client is congested until the next poll.
    """

    path: str = "/longpoll"
    window_s: float = 10.0
    pubsub_timeout_s: float = 2.0
    token_max_age_s: float = 14 * 86_400.0
    high_water: int = 1 << 20
