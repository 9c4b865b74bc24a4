"""`Gate`: lets clients in, and ends their connections when their grants end."""

from __future__ import annotations

import inspect
import logging
import time
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Final

from tickfire.phoenix import ConnectError, ConnectInfo, Refusal
from tickfire.phoenix.transports.origin import compile_check
from tickfire.server.access.claims import ClaimsError, grant_from
from tickfire.server.access.grant import UNLIMITED, Grant
from tickfire.server.access.key_book import KeyBook, NotLoaded
from tickfire.server.access.rules import Access
from tickfire.server.access.sockets import Sockets
from tickfire.store.store import Store

TOO_MANY: Final = Refusal(
    429,
    b'{"reason":"too many connections of this key or user","retry_after":5}',
    (("content-type", "application/json"), ("retry-after", "5")),
)
"""Response to clients whose grant has as many connections as it may have."""

logger = logging.getLogger(__name__)


class Refused(Exception):
    """Raised for a client whose grant does not hold; the message says why."""


class Gate:
    """Access control of a worker.

    Parameters
    ----------
    access : Access
        The rules.

    Raises
    ------
    UsageError
        If the rules are incomplete or cannot be loaded.
    """

    def __init__(self, access: Access) -> None:
        self.book = KeyBook()
        self.sockets = Sockets(self.book)
        self._authenticator = access.load(self.book)

    @property
    def is_open(self) -> bool:
        """True if every client is let in, as in dev mode."""
        return self._authenticator is None

    def followers(self) -> Mapping[str, Callable[[Store], Coroutine[Any, Any, None]]]:
        """Return by name what follows Redis while the gate is in use."""
        return {} if self.is_open else {"keys": self.book.run}

    async def admit(self, params: dict[str, Any], info: ConnectInfo) -> Grant | None:
        """Return the grant of a client, or None if it is refused.

        A token that the client sent in a header is among the authenticator's params too, as
        `token`.

        Raises
        ------
        ConnectError
            It cannot be decided yet.
        """
        if self._authenticator is None:
            return UNLIMITED
        if info.auth_token is not None:
            params = {**params, "token": info.auth_token}
        try:
            verdict = self._authenticator(params, info)
            if inspect.isawaitable(verdict):
                verdict = await verdict
            grant = _grant_of(verdict)
            if grant is not None:
                self._check(grant, info)
        except (ClaimsError, Refused) as error:
            address = None if info.peer is None else info.peer[0]
            logger.warning("refused a client at %s: %s", address, error)
            return None
        except NotLoaded:
            raise ConnectError({"reason": "the keys have not been read yet"}) from None
        return grant

    def check_connections(self, grant: Grant) -> None:
        """Check that a grant may have one more connection on this worker.

        Raises
        ------
        ConnectError
            It may not, with status 429.
        """
        if self.sockets.is_full(grant):
            raise ConnectError(TOO_MANY)

    def _check(self, grant: Grant, info: ConnectInfo) -> None:
        """Check that a grant holds for a client now."""
        if grant.has_expired(time.time()):
            raise Refused("its grant has expired")
        if not self.book.allows(grant):
            raise Refused("its user was signed out")
        if not _is_from(grant, info):
            raise Refused("its origin is not one that its grant names")


def _grant_of(verdict: object) -> Grant | None:
    """Return the grant that an authenticator's result stands for, None for a refusal."""
    if not verdict:
        return None
    if isinstance(verdict, Grant):
        return verdict
    return grant_from(verdict) if isinstance(verdict, Mapping) else UNLIMITED


def _is_from(grant: Grant, info: ConnectInfo) -> bool:
    """Return whether a request comes from a page of an origin that a grant names.

    A page's own pictures and scripts are asked for without an Origin, but with a Referer.
    """
    if grant.origins is None:
        return True
    page = info.headers.get("origin") or info.headers.get("referer")
    return page is not None and compile_check(grant.origins, "")(page, info.host)
