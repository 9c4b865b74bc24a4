"""Options of the long-poll transport."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LongPollOptions:
    """Options of the long-poll transport of a socket.

    Attributes
    ----------
    path : str
        Path of the transport, appended to the socket's.
    window_s : float
        Time that a poll waits for messages, in seconds. A session ends when its client has not
        polled for one and a half windows.
    pubsub_timeout_s : float
        Time to look for a session on other nodes, in seconds.
    token_max_age_s : float
        Time after which a session's token is refused, in seconds.
    high_water : int
        A session with more than this many bytes waiting is congested until its next poll.
    """

    path: str = "/longpoll"
    window_s: float = 10.0
    pubsub_timeout_s: float = 2.0
    token_max_age_s: float = 14 * 86_400.0
    high_water: int = 1 << 20
