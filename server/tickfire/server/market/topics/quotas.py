"""Quotas of subscriptions whose cost all clients bear: indicators, and views of ticks.

An indicator, or a view by `symbols` or `max_hz`, is computed with each tick as long as it has a
subscriber. Equal ones are computed once, and count once for each client that holds them.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

from tickfire.phoenix import JoinError, Socket

CLIENT: Final = "client"
"""The key of a user socket's assigns with the name of the client, which its connections share."""
LEAVE_S: Final = 1
"""Seconds after which a client that leaves one of its own topics may ask again."""
BUSY_S: Final = 30
"""Seconds after which a client may ask again if others hold all there is."""


def client_of(socket: Socket) -> object:
    """Return the client that a connection belongs to: its name, or else the connection itself."""
    return socket.user_socket.assigns.get(CLIENT) or socket.user_socket


class Quota:
    """Bounds on things that clients hold, each known by a key.

    Parameters
    ----------
    name : str
        Plural noun for the things, in the reason of a refusal.
    each : int
        The most that one client may hold.
    total : int
        The most that all clients together may hold.
    """

    def __init__(self, name: str, each: int, total: int) -> None:
        self._name, self._each, self._total = name, each, total
        self._held: dict[object, Counter[object]] = {}
        self._holders: Counter[object] = Counter()

    def __len__(self) -> int:
        return len(self._holders)

    def take(self, client: object, key: object) -> None:
        """Count a thing that a client holds.

        Raises
        ------
        JoinError
            It would be one too many; the payload says why, and when to ask again.
        """
        held = self._held.get(client, Counter())
        if key not in held and len(held) >= self._each:
            reason = f"this client has {self._each} {self._name}, which is the most; leave one"
            raise JoinError({"reason": reason, "retry_after": LEAVE_S})
        if key not in self._holders and len(self._holders) >= self._total:
            reason = f"the server has {self._total} {self._name}, which is the most"
            raise JoinError({"reason": reason, "retry_after": BUSY_S})
        self._held[client] = held
        held[key] += 1
        self._holders[key] += 1

    def give_back(self, client: object, key: object) -> None:
        """Undo `take`."""
        held = self._held[client]
        for counter in (held, self._holders):
            counter[key] -= 1
            if not counter[key]:
                del counter[key]
        if not held:
            del self._held[client]
