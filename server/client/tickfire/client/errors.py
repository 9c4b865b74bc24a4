"""Exceptions of the client.

::

    PhoenixError                    base class, of the server library as well
    `-- ClientError
        |-- ConnectionFailedError   no connection came about, or the server refused it
        |-- ConnectionLostError     the connection was lost before the reply came
        |-- JoinRefusedError        the server refused a join
        |-- PushRefusedError        the reply to a push is an error
        |-- ReplyTimeoutError       no reply came in time; a TimeoutError, too
        |-- ChannelClosedError      the channel was left, or the server closed it
        `-- DataError               the server sent something that is not what it should be
"""

from __future__ import annotations

from typing import Any, Final

from tickfire.phoenix.wire.errors import PhoenixError

_TEMPORARY = (408, 429)
_TLS_HINTS: Final = {
    "WRONG_VERSION_NUMBER": "without TLS the address begins with ws or http",
    "CERTIFICATE_VERIFY_FAILED": "ssl_context= names other certificates to trust",
}
_STATUS_HINTS: Final = {
    401: "the token is missing or not valid, or this is not the address of a socket",
    403: "the token is missing or not valid, or this is not the address of a socket",
    404: "this is not the address of a socket",
}


class ClientError(PhoenixError):
    """Base class of the client's exceptions."""


class ConnectionFailedError(ClientError):
    """Raised when no connection comes about, or the server refuses it.

    Attributes
    ----------
    status : int, or None
        HTTP status with which the server refused the connection; None if no server answered.
    """

    def __init__(self, text: str, status: int | None = None) -> None:
        super().__init__(text)
        self.status = status

    @property
    def is_refusal(self) -> bool:
        """True if another attempt will fare no better: the server refuses this client."""
        return (
            self.status is not None and 400 <= self.status < 500 and self.status not in (408, 429)
        )


class ConnectionLostError(ClientError):
    """Raised by a push whose connection was lost before the reply; it may have been handled."""


class ReplyError(ClientError):
    """Base class of errors that a server replies with.

    Attributes
    ----------
    response : JSON value, or bytes
        The response of the reply.
    """

    def __init__(self, text: str, response: Any) -> None:
        super().__init__(text)
        self.response = response

    @property
    def reason(self) -> str:
        """The response's `reason`, or the whole response as text."""
        return reason_of(self.response)


class JoinRefusedError(ReplyError):
    """Raised when the server refuses a join."""


class PushRefusedError(ReplyError):
    """Raised when the reply to a push has another status than "ok".

    Attributes
    ----------
    status : str
        Status of the reply, such as "error".
    """

    def __init__(self, text: str, response: Any, status: str = "error") -> None:
        super().__init__(text, response)
        self.status = status


class ReplyTimeoutError(ClientError, TimeoutError):
    """Raised when no reply comes in time."""


class ChannelClosedError(ClientError):
    """Raised when a channel is used that was left, or that the server closed."""


class DataError(ClientError):
    """Raised when the server sends something that is not what it should be."""


def unreachable(url: str, error: Exception) -> ConnectionFailedError:
    """Return the error of a server that cannot be reached, with a hint where TLS is the reason."""
    cause = str(error) or type(error).__name__
    hints = [f"; {hint}" for reason, hint in _TLS_HINTS.items() if reason in cause]
    return ConnectionFailedError(f"{url} cannot be reached: {cause}{''.join(hints)}")


def refused(url: str, status: int, body: str = "") -> ConnectionFailedError:
    """Return the error of a refused connection, with a hint unless the server gives a reason."""
    reason = body or _STATUS_HINTS.get(status, "")
    text = f"{url} refused the connection with status {status}"
    return ConnectionFailedError(f"{text}: {reason}" if reason else text, status)


def reason_of(response: Any) -> str:
    """Return the reason that an error reply gives, as text."""
    if isinstance(response, dict) and "reason" in response:
        return str(response["reason"])
    return str(response)


def retry_after_s(response: Any) -> float | None:
    """Return the seconds that a refusal asks the client to wait for, if it names any."""
    wait = response.get("retry_after") if isinstance(response, dict) else None
    return float(wait) if isinstance(wait, int | float) else None
