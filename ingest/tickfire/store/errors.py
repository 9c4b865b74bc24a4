"""The errors of Redis, and what they say."""

from __future__ import annotations

import os
import re
import traceback
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

_UNREACHED: Final = re.compile(r"Error (-?\d+) connecting to ")
"""The beginning of an error of redis-py, and its number."""
_OF_OUTAGES: Final = (
    OSError, of_redis_py.ConnectionError, of_redis_py.TimeoutError, of_redis_py.ClusterError,
)  # fmt: skip
_CLOSED: Final = "the connection was closed"
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
    if wants_password(error):
        return "it asks for a password"
    refused = _UNREACHED.match(str(error))
    if refused is not None and int(refused[1]) > 0:
        return os.strerror(int(refused[1])).lower()
    return str(error) or ("no reply" if isinstance(error, TimeoutError) else type(error).__name__)


def wants_password(error: BaseException | None) -> bool:
    """Return whether an error says that Redis asks for a password, and was given none."""
    text = str(error)
    return "HELLO must be called with" in text or "Authentication required" in text


def advice_of(error: BaseException | None) -> str:
    """Return what to do about an error of the first connection."""
    text = str(error)
    if wants_password(error):
        return "write the password into REDIS_URL, as redis://:PASSWORD@HOST:PORT/0"
    if isinstance(error, _OF_REFUSALS) or "WRONGPASS" in text:
        return "correct the user and the password in REDIS_URL"
    if "DB index" in text:
        return "name a database that it has in REDIS_URL, mostly 0 to 15"
    if "Name or service not known" in text:
        return "correct the host in REDIS_URL"
    return "start it, or correct REDIS_URL"


@contextmanager
def as_redis_errors() -> Iterator[None]:
    """Turn errors of redis-py that are no `RedisError` into its `ConnectionError`.

    These are `RedisClusterException`, the `RuntimeError` of a connection that was closed while it
    was about to be used, and the errors of asyncio's ``writelines`` after the server has closed the
    connection, which are an `AttributeError` or a `TypeError` before Python 3.12.8 and 3.13.1.
    """
    try:
        yield
    except of_redis_py.RedisClusterException as error:
        raise of_redis_py.ConnectionError(str(error)) from error
    except RuntimeError as error:
        if "closed" not in str(error):
            raise
        raise of_redis_py.ConnectionError(_CLOSED) from error
    except (AttributeError, TypeError) as error:
        if "writelines" not in {frame.name for frame in traceback.extract_tb(error.__traceback__)}:
            raise
        raise of_redis_py.ConnectionError(_CLOSED) from error
