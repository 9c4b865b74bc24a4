"""`Meter`: the messages of the clients of one worker, counted against their quotas.

Each connection has buckets of its own, and shares others with all connections of its client. A
message beyond a quota is answered with an error that says when to try again. Heartbeats and leaves
are never refused: a client whose heartbeat is not answered connects anew. But a connection that
goes on, with as many refused messages and heartbeats again as it may send, is closed with 1008.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final, NamedTuple

from tickfire.phoenix import Close, Message, Reply, Socket, UserSocket
from tickfire.phoenix.user_socket import ConnectionLike
from tickfire.server.limits.buckets import Bucket, Buckets, Rate
from tickfire.server.limits.causes import BANDWIDTH, FLOOD, JOINS, MESSAGES, REPLAYS, TOPICS, Cause
from tickfire.server.limits.quotas import SHARED, Quotas
from tickfire.server.limits.refusals import Refusals

LEAVE_S: Final = 1
"""Seconds after which a client that leaves one of its topics may join another."""
CHARGE_S: Final = 0.005
"""Least time between two charges of a connection for its bandwidth."""
KIB: Final = 1024
POLICY_VIOLATION: Final = 1008
"""Close code of a flood (RFC 6455, section 7.4.1)."""
JOIN: Final = "phx_join"
HISTORY: Final = "history"
"""The event of a client that asks for what was before that which it has."""
UNREFUSED: Final = ("heartbeat", "phx_leave")
NAMELESS: Final = "a client of this machine"


class MeteredSocket(UserSocket):
    """User socket with the buckets of its connection, which are made when they are needed.

    Attributes
    ----------
    client : str or None
        The client that the connection counts for; None if it is a client of its own.
    quotas : Quotas or None
        The quotas that the client's grant gives it, all its connections together; None for those
        of the server.
    """

    connection: ConnectionLike | None = None
    client: str | None = None
    quotas: Quotas | None = None
    messages: Bucket | None = None
    refused: Bucket | None = None
    joins: Bucket | None = None
    replays: Bucket | None = None
    bandwidth: Bucket | None = None
    charged = 0
    """Bytes that its bandwidth was charged for."""
    charged_at = -math.inf
    waits_until = 0.0
    """Time until which it is to be sent no more, in seconds of the meter's clock."""


class Holder(NamedTuple):
    """The client that buckets belong to.

    Attributes
    ----------
    client : str or None
        Its name: that of its key, user or address; None if it is not counted.
    quotas : Quotas or None
        Those that its grant gives it, all its connections together; None for the server's.
    """

    client: str | None
    quotas: Quotas | None

    @property
    def has_own_quotas(self) -> bool:
        """True if all its connections together have one bucket of a kind."""
        return self.client is not None and self.quotas is not None


class Excess(NamedTuple):
    """A request beyond a quota.

    Attributes
    ----------
    cause : Cause
    wait_s : int
        Seconds after which to ask again.
    """

    cause: Cause
    wait_s: int


class _Rates:
    """The rates of one kind of message, and the buckets that clients share."""

    def __init__(self, name: str, default: Rate) -> None:
        self._name = name
        self._own = default
        self._shared = default.times(SHARED)
        self._buckets = Buckets()

    def take(self, socket: MeteredSocket, now: float) -> float:
        """Take a token for a connection; return 0, or the seconds until there is one."""
        holder = Holder(socket.client, socket.quotas)
        if holder.has_own_quotas:
            return self.take_of(holder, now)
        wait = self._bucket(socket).take(self._rate(holder.quotas), now)
        return wait or self.take_of(holder, now)

    def charge(self, socket: MeteredSocket, tokens: float, now: float) -> float:
        """Take tokens for a connection, there or not; return the seconds until none is owed."""
        holder = Holder(socket.client, socket.quotas)
        if holder.has_own_quotas:
            return self.charge_of(holder, tokens, now)
        wait = self._bucket(socket).charge(self._rate(holder.quotas), tokens, now)
        return max(wait, self.charge_of(holder, tokens, now))

    def take_of(self, holder: Holder, now: float) -> float:
        """Take a token that all connections of a client share, as `take` does."""
        if holder.client is None:
            return 0.0
        return self._buckets.take(holder.client, self._rate_of_all(holder), now)

    def charge_of(self, holder: Holder, tokens: float, now: float) -> float:
        """Take tokens that all connections of a client share, as `charge` does."""
        if holder.client is None:
            return 0.0
        return self._buckets.charge(holder.client, self._rate_of_all(holder), tokens, now)

    def _rate_of_all(self, holder: Holder) -> Rate:
        return self._shared if holder.quotas is None else self._rate(holder.quotas)

    def _rate(self, granted: Quotas | None) -> Rate:
        rate: Rate = self._own if granted is None else getattr(granted, self._name)
        return rate

    def _bucket(self, socket: MeteredSocket) -> Bucket:
        bucket: Bucket | None = getattr(socket, self._name)
        if bucket is None:
            bucket = Bucket()
            setattr(socket, self._name, bucket)
        return bucket


class Meter:
    """Counter of the messages of one worker.

    Parameters
    ----------
    quotas : Quotas
        The quotas of clients whose grant has none.
    refusals : Refusals
        Counts and logs what is refused.
    clock : callable
        Returns seconds.
    """

    def __init__(
        self, quotas: Quotas, refusals: Refusals, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._quotas = quotas
        self._refusals = refusals
        self._clock = clock
        self._messages = _Rates("messages", quotas.messages)
        self._joins = _Rates("joins", quotas.joins)
        self._replays = _Rates("replays", quotas.replays)
        self._bandwidth = _Rates("bandwidth", quotas.bandwidth)
        self._topics: Counter[str] = Counter()
        self._leaves: dict[str, Callable[[], None]] = {}  # by client, one for all of its channels

    def check(self, socket: MeteredSocket, message: Message) -> Reply | Close | None:
        """Let a message pass, refuse it, or close its connection; a `tickfire.phoenix.Guard`."""
        now = self._clock()
        wait = self._messages.take(socket, now)
        if wait:
            return self._beyond(socket, message, wait, now)
        if message.event == JOIN:
            return self._join(socket, message, now)
        return self._history(socket, now) if message.event == HISTORY else None

    def _beyond(
        self, socket: MeteredSocket, message: Message, wait: float, now: float
    ) -> Reply | Close | None:
        if socket.refused is None:
            socket.refused = Bucket()
        if socket.refused.take((socket.quotas or self._quotas).messages, now):
            self._count(FLOOD, socket)
            return Close(POLICY_VIOLATION, MESSAGES.text)
        return None if message.event in UNREFUSED else self._refuse(MESSAGES, socket, wait)

    def _join(self, socket: MeteredSocket, message: Message, now: float) -> Reply | None:
        wait = self._joins.take(socket, now)
        if wait:
            return self._refuse(JOINS, socket, wait)
        refused = self._data(socket)
        if refused is not None:
            return refused
        if socket.client is not None:
            most = (socket.quotas or self._quotas).topics
            if self._topics[socket.client] >= most:
                return self._refuse(TOPICS, socket, LEAVE_S)
        return self._replay(socket, now) if _asks_for_replay(message.payload) else None

    def _history(self, socket: MeteredSocket, now: float) -> Reply | None:
        return self._data(socket) or self._replay(socket, now)

    def _data(self, socket: MeteredSocket) -> Reply | None:
        """Refuse to send a client more, if it has been sent as much as it may."""
        wait = self.bandwidth_wait_s(socket)
        return self._refuse(BANDWIDTH, socket, wait) if wait else None

    def _replay(self, socket: MeteredSocket, now: float) -> Reply | None:
        """Count a request for history, or refuse it."""
        wait = self._replays.take(socket, now)
        return self._refuse(REPLAYS, socket, wait) if wait else None

    def _refuse(self, cause: Cause, socket: MeteredSocket, wait: float) -> Reply:
        self._count(cause, socket)
        return Reply({"reason": cause.text, "retry_after": math.ceil(wait)}, "error")

    def _count(self, cause: Cause, socket: MeteredSocket) -> None:
        self._refusals.add(cause, socket.client or NAMELESS)

    # --- requests that are no messages of a connection
    def request(self, holder: Holder) -> Excess | None:
        """Count a request for history as a join with ``since``, unless it is beyond a quota."""
        now = self._clock()
        wait, cause = self._bandwidth.charge_of(holder, 0, now), BANDWIDTH
        if not wait:
            wait, cause = self._replays.take_of(holder, now), REPLAYS
        if not wait:
            return None
        self._refusals.add(cause, holder.client or NAMELESS)
        return Excess(cause, math.ceil(wait))

    def responded(self, holder: Holder, size: int) -> None:
        """Charge a client for the bytes of a response."""
        self._bandwidth.charge_of(holder, size / KIB, self._clock())

    # --- bandwidth
    def bandwidth_wait_s(self, socket: MeteredSocket) -> float:
        """Return the seconds for which a connection is to be sent no more, 0 if none.

        It is charged for what it has been sent since it was charged last.
        """
        now = self._clock()
        if socket.connection is not None and now >= socket.charged_at + CHARGE_S:
            sent = socket.connection.bytes_sent()
            wait = self._bandwidth.charge(socket, max(0, sent - socket.charged) / KIB, now)
            socket.charged, socket.charged_at, socket.waits_until = sent, now, now + wait
        return max(0.0, socket.waits_until - now)

    # --- topics
    def handle(
        self, event: str, measurements: Mapping[str, float], metadata: Mapping[str, Any]
    ) -> None:
        """Count a topic that a client has joined, until its channel ends.

        A handler of "channel_joined" of `Hub.telemetry`.
        """
        socket: Socket = metadata["socket"]
        user: Any = socket.user_socket
        client = user.client
        if client is not None and metadata["result"] == "ok":
            self._topics[client] += 1
            if client not in self._leaves:
                self._leaves[client] = partial(self._left, client)
            socket.on_end(self._leaves[client])

    def _left(self, client: str) -> None:
        self._topics[client] -= 1
        if not self._topics[client]:
            del self._topics[client], self._leaves[client]


def _asks_for_replay(payload: object) -> bool:
    return isinstance(payload, dict) and payload.get("since") is not None
