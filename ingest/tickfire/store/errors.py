"""The errors of Redis, and what they say."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
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


@contextmanager
def as_redis_errors() -> Iterator[None]:
    """Turn errors of redis-py that are no `RedisError` into its `ConnectionError`.

    These are `RedisClusterException`, and the `RuntimeError` of a connection that was closed while
    it was about to be used.
    """
    try:
        yield
    except of_redis_py.RedisClusterException as error:
        raise of_redis_py.ConnectionError(str(error)) from error
    except RuntimeError as error:
        if "closed" not in str(error):
            raise
        raise of_redis_py.ConnectionError("the connection was closed") from error
