"""Options of the long-poll transport."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tickfire.phoenix.core.connect_info import ConnectInfo
from tickfire.phoenix.transports.handshake import Refusal

type Leave = Callable[[int | None], None]
"""Function that is called when a session has ended, with its close code; None if its client has
gone."""

type Admit = Callable[[ConnectInfo], Refusal | Leave]
"""Function that admits or refuses a session before it begins."""


@dataclass(frozen=True, slots=True)
class LongPollOptions:
    """Options of the long-poll transport of a socket.

    Attributes
    ----------
    path : str
        Path of the transport, appended to the socket's, with or without a leading slash. Its
        variables, `{room}` or `:room`, are among the connect params.
    window_s : float
        Time that a poll waits for messages, in seconds. A session ends when its client has not
        polled for one and a half windows.
    pubsub_timeout_s : float
        Time to look for a session on other nodes, in seconds.
    token_max_age_s : float
        Time after which a session's token is refused, in seconds.
    high_water : int
        A session with more than this many bytes waiting is congested until its next poll.
    max_body_size : int
        Largest body of a request that is accepted, in bytes.
    max_message_size : int or None
        Largest message that is accepted, in bytes; one beyond it ends the session. None, as in
        Phoenix, leaves `max_body_size` alone.
    admit : callable, optional
        Called with the `ConnectInfo` of a client that `connect` has accepted. It returns a
        `Refusal`, or a function to be called when the session has ended. By default every session
        is admitted.
    """

    path: str = "/longpoll"
    window_s: float = 10.0
    pubsub_timeout_s: float = 2.0
    token_max_age_s: float = 14 * 86_400.0
    high_water: int = 1 << 20
    max_body_size: int = 8_000_000
    max_message_size: int | None = None
    admit: Admit | None = None
