"""Access control: open to all (dev mode), by signed token, or by a callable of the user."""

from __future__ import annotations

import inspect
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tickfire.base.errors import UsageError
from tickfire.base.plugin import load_callable
from tickfire.phoenix import ConnectInfo, Token, TokenError
from tickfire.server.access.claims import ClaimsError, Lifetime, grant_from
from tickfire.server.access.grant import UNLIMITED, Grant

logger = logging.getLogger(__name__)

type Authenticator = Callable[[dict[str, Any], ConnectInfo], Any]
"""Function or coroutine function of the connect params and a `ConnectInfo`. A `Grant`,
or a mapping of claims, accepts the client for what it grants, and another true result for
everything."""

DEFAULT_SALT: Final = "user socket"
"""The salt of socket tokens in Phoenix's guides and generators."""
DEFAULT_MAX_AGE_S: Final = 14 * 86_400
MIN_SECRET: Final = 20
"""Minimum length of the secret, in characters, as in Phoenix."""


@dataclass(frozen=True, slots=True)
class Access:
    """Rules that decide which clients may connect.

    Attributes
    ----------
    dev : bool
        Accept every client, with or without a token, whatever else is set.
    secret : str or None
        The `secret_key_base` with which `Phoenix.Token` signs tokens. A client sends its token as
        the connect param `token` or as phoenix.js's `authToken`.
    salt : str
        The salt of the tokens.
    max_age_s : float
        Maximum age of a token, in seconds; a token may set a lower one for itself.
    authenticator : str or None
        ``module:callable`` that decides instead of tokens; see `Authenticator`.
    """

    dev: bool = False
    secret: str | None = field(default=None, repr=False)
    salt: str = DEFAULT_SALT
    max_age_s: float = DEFAULT_MAX_AGE_S
    authenticator: str | None = None

    def load(self) -> Authenticator | None:
        """Return the authenticator, or None in dev mode.

        Raises
        ------
        UsageError
            If no rule is set, the secret is too short, or the authenticator cannot be loaded.
        """
        if self.dev:
            return None
        if self.authenticator is not None:
            return load_callable(self.authenticator, "TICKFIRE_AUTHENTICATOR")
        if self.secret is not None:
            if len(self.secret) < MIN_SECRET:
                raise UsageError(
                    f"SECRET_KEY_BASE is too short; set it to at least {MIN_SECRET} characters."
                )
            return _reads_token(Token(self.secret, self.salt), self.max_age_s)
        raise UsageError(
            "no rule decides who may connect; set SECRET_KEY_BASE to accept signed tokens, or "
            "TICKFIRE_AUTHENTICATOR to module:callable, or add --dev to accept every client."
        )


def _reads_token(token: Token, max_age_s: float) -> Authenticator:
    def verify(params: dict[str, Any], info: ConnectInfo) -> Grant | None:
        given = info.auth_token or params.get("token")
        text = given if isinstance(given, str) else None
        try:
            own = token.verify_whole(text)
            expiry = token.verify_whole(text, max_age_s=max_age_s).expires_at
        except TokenError:
            return None
        expires_at = min(at for at in (own.expires_at, expiry) if at is not None)
        return _grant_of_data(own.data, Lifetime(own.signed_at, expires_at))

    return verify


def _grant_of_data(data: Any, lifetime: Lifetime) -> Grant:
    """Return the grant in a token's data: claims, or else the user."""
    if isinstance(data, Mapping):
        return grant_from(data, lifetime)
    if data is None or isinstance(data, list | tuple | bytes):
        return grant_from({}, lifetime)
    return grant_from({"sub": data if type(data) is int else str(data)}, lifetime)


async def admit(
    authenticator: Authenticator, params: dict[str, Any], info: ConnectInfo
) -> Grant | None:
    """Return the grant of a client, or None if it is refused; await the authenticator if need be.

    A token that the client sent in a header is among the params too, as `token`.
    """
    if info.auth_token is not None:
        params = {**params, "token": info.auth_token}
    try:
        verdict = authenticator(params, info)
        if inspect.isawaitable(verdict):
            verdict = await verdict
        if isinstance(verdict, Mapping) and verdict:
            verdict = grant_from(verdict)
    except ClaimsError as error:
        logger.warning("refused a client: %s", error)
        return None
    if not verdict:
        return None
    grant = verdict if isinstance(verdict, Grant) else UNLIMITED
    return None if grant.has_expired(time.time()) else grant
