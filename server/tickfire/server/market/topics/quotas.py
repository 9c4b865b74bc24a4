"""Quotas of subscriptions whose cost all clients bear: indicators, and views of ticks.

An indicator, or a view by `symbols` or `max_hz`, is computed with each tick as long as it has a
subscriber. Equal ones are computed once, and count once for each client that holds them.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable
from typing import Final

from tickfire.phoenix import JoinError, Socket
from tickfire.server.access.grant import grant_of

CLIENT: Final = "client"
"""The key of a user socket's assigns with the name of the client, which its connections share."""
LEAVE_S: Final = 1
"""Seconds after which a client that leaves one of its own topics may ask again."""
BUSY_S: Final = 30
"""Seconds after which a client may ask again if others hold all there is."""


def client_of(socket: Socket) -> object:
    """Return the client that a connection belongs to: its name, or else the connection itself."""
    return socket.user_socket.assigns.get(CLIENT) or socket.user_socket


def granted(socket: Socket, name: str) -> float | None:
    """Return the quota of a name that a client's grant sets, None if it sets none."""
    return grant_of(socket.user_socket.assigns).rates.get(name)


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
    on_refused : callable
        Called with a client that is refused one more.
    """

    def __init__(
        self,
        name: str,
        each: int = sys.maxsize,
        total: int = sys.maxsize,
        on_refused: Callable[[object], None] = lambda client: None,
    ) -> None:
        self._name, self._each, self._total = name, each, total
        self._on_refused = on_refused
        self._held: dict[object, Counter[object]] = {}
        self._holders: Counter[object] = Counter()

    def __len__(self) -> int:
        return len(self._holders)

    def take(self, client: object, key: object, most: float | None = None) -> None:
        """Count a thing that a client holds.

        Parameters
        ----------
        client, key : object
        most : float, optional
            The most that this client may hold, by its grant.

        Raises
        ------
        JoinError
            It would be one too many; the payload says why, and when to ask again.
        """
        held = self._held.get(client, Counter())
        each = self._each if most is None else int(most)
        if key not in held and len(held) >= each:
            reason = f"this client has {each} {self._name}, which is the most; leave one"
            raise self._refusal(client, reason, LEAVE_S)
        if key not in self._holders and len(self._holders) >= self._total:
            reason = f"the server has {self._total} {self._name}, which is the most"
            raise self._refusal(client, reason, BUSY_S)
        self._held[client] = held
        held[key] += 1
        self._holders[key] += 1

    def _refusal(self, client: object, reason: str, retry_s: int) -> JoinError:
        self._on_refused(client)
        return JoinError({"reason": reason, "retry_after": retry_s})

    def give_back(self, client: object, key: object) -> None:
        """Undo `take`."""
        held = self._held[client]
        for counter in (held, self._holders):
            counter[key] -= 1
            if not counter[key]:
                del counter[key]
        if not held:
            del self._held[client]
