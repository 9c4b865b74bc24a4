"""`PollSessions`: the long-poll sessions of a worker, which count as connections."""

from __future__ import annotations

from functools import partial

from tickfire.phoenix import ConnectInfo, Refusal
from tickfire.phoenix.transports.longpoll.options import Leave
from tickfire.server.limits.admission import Admission
from tickfire.server.limits.websocket import FAULTS


class PollSessions:
    """Long-poll sessions within the limits of connections.

    Parameters
    ----------
    admission : Admission

    Attributes
    ----------
    count : int
        The number of sessions.
    """

    def __init__(self, admission: Admission) -> None:
        self._admission = admission
        self.count = 0

    def admit(self, info: ConnectInfo) -> Refusal | Leave:
        """Count a session, or refuse it; see `LongPollOptions.admit`."""
        peer = "" if info.peer is None else info.peer[0]
        client = self._admission.client(peer)
        cause = self._admission.connect(client) or self._admission.admit(client)
        if cause is not None:
            self._admission.refusals.add(cause, client or peer)
            return cause.refusal()
        self.count += 1
        return partial(self._leave, client, peer)

    def _leave(self, client: str | None, peer: str, code: int | None) -> None:
        self.count -= 1
        self._admission.leave(client)
        cause = None if code is None else FAULTS.get(code)
        if cause is not None:
            self._admission.refusals.add(cause, client or peer)
