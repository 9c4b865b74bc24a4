"""Exceptions that application code raises, or that point out its mistakes."""

from __future__ import annotations

from typing import Any

from tickfire.phoenix.wire.errors import PhoenixError


class JoinError(PhoenixError):
    """Refuses a join.

    Parameters
    ----------
    payload : any JSON value, or bytes
        The `response` of the error reply that the client gets.
    """

    def __init__(self, payload: Any = None) -> None:
        super().__init__(payload)
        self.payload: Any = {} if payload is None else payload


class ConnectError(PhoenixError):
    """Refuses a connection and says why; the error handler turns the reason into a response."""

    def __init__(self, reason: Any) -> None:
        super().__init__(reason)
        self.reason = reason


class ResultError(PhoenixError):
    """A callback of a channel returned something that is not a legal result."""
