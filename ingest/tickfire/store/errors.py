"""The errors of Redis, and what they say."""

from __future__ import annotations

from typing import Final

import redis.exceptions as of_redis_py

from tickfire.store.resp import RespError

REDIS_ERRORS: Final = (OSError, of_redis_py.RedisError, RespError)
"""Errors raised when Redis does not answer or answers with an error, by the clients of
`tickfire.store.clients` and by `RedisConnection`."""
OUTAGES: Final = frozenset({"CLUSTERDOWN", "LOADING", "MASTERDOWN"})
"""Codes of error replies by which a server says that it cannot serve yet, or for now."""
MOVES: Final = frozenset({"ASK", "MOVED", "TRYAGAIN"})
"""Codes of error replies by which a Cluster says that another node holds a key, or soon will."""

_OF_OUTAGES: Final = (
    OSError, of_redis_py.ConnectionError, of_redis_py.TimeoutError, of_redis_py.ClusterError,
)  # fmt: skip
_OF_REFUSALS: Final = (of_redis_py.AuthenticationError, of_redis_py.AuthorizationError)


def is_outage(error: BaseException) -> bool:
    """Return whether an error says that Redis is out of reach, and not that it refuses."""
    if isinstance(error, RespError):
        return error.code in OUTAGES
    return isinstance(error, _OF_OUTAGES) and not isinstance(error, _OF_REFUSALS)


def is_move(error: BaseException | None) -> bool:
    """Return whether an error says that another node holds a key, or soon will."""
    return isinstance(error, RespError) and error.code in MOVES


def reason_of(error: BaseException | None) -> str:
    """Return an error in words; None stands for a connection that the server closed."""
    if error is None:
        return "it closed the connection"
    return str(error) or ("no reply" if isinstance(error, TimeoutError) else type(error).__name__)
