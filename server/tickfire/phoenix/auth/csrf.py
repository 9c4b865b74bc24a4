"""CSRF tokens of sessions, with the format and the rules of `Plug.CSRFProtection`.

A session keeps one random token. A page gets it masked: its exclusive or with a random mask,
followed by the mask. Each masked token differs from the others, so that a compressed page does not
reveal the token to someone who measures lengths (the BREACH attack).
"""

from __future__ import annotations

import base64
import hmac
import re
import secrets
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from starlette.requests import HTTPConnection

CSRF_TOKEN_KEY: Final = "_csrf_token"
"""Key under which a session keeps its token, unless another one is chosen."""

_RANDOM_BYTES: Final = 18
"""Bytes of a token before they are encoded in base64, which needs no padding for them."""
_TOKEN_SIZE: Final = 24
_MASKED: Final = re.compile(rb"([A-Za-z0-9_-]{32})(.{24})", re.DOTALL)


def csrf_token(request: HTTPConnection, key: str = CSRF_TOKEN_KEY) -> str:
    """Return the CSRF token of a session, masked, for a page to connect its socket with.

    The page sends it as the connect param ``_csrf_token``. The first call for a session makes the
    token, and stores it in the session.

    Parameters
    ----------
    request
        A request with a session, such as that of Starlette's `SessionMiddleware`.
    key
        The socket's `csrf_token_key`.
    """
    token = _stored_token(request.session.get(key))
    if token is None:
        token = _random_token()
        request.session[key] = token.decode()
    mask = _random_token()
    return (base64.urlsafe_b64encode(_xor(token, mask)) + mask).decode()


def is_valid_csrf_token(stored: object, given: object) -> bool:
    """Return whether `given`, from a request, is the masked form of the token in its session.

    Parameters
    ----------
    stored, given : object
        Values as they are found in the session and in the params, or None.
    """
    token = _stored_token(stored)
    masked = _MASKED.fullmatch(given.encode()) if isinstance(given, str) else None
    if token is None or masked is None:
        return False
    return hmac.compare_digest(_xor(base64.urlsafe_b64decode(masked[1]), masked[2]), token)


def _stored_token(stored: object) -> bytes | None:
    token = stored.encode() if isinstance(stored, str) else b""
    return token if len(token) == _TOKEN_SIZE else None


def _random_token() -> bytes:
    return base64.urlsafe_b64encode(secrets.token_bytes(_RANDOM_BYTES))


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))
