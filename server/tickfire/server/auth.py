"""Access control: open to all (dev mode), by signed token, or by a callable of the user."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from tickfire.base.errors import UsageError
from tickfire.base.plugin import load_callable
from tickfire.phoenix import ConnectInfo, Token, TokenError

type Authenticator = Callable[[dict[str, Any], ConnectInfo], Any]
"""Function or coroutine function of the connect params and a `ConnectInfo`. A true result accepts
the client."""

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
            return _holds_token(Token(self.secret, self.salt), self.max_age_s)
        raise UsageError(
            "no rule decides who may connect; set SECRET_KEY_BASE to accept signed tokens, or "
            "TICKFIRE_AUTHENTICATOR to module:callable, or add --dev to accept every client."
        )


def _holds_token(token: Token, max_age_s: float) -> Authenticator:
    def verify(params: dict[str, Any], info: ConnectInfo) -> bool:
        given = info.auth_token or params.get("token")
        text = given if isinstance(given, str) else None
        try:
            token.verify(text)
            token.verify(text, max_age_s=max_age_s)
        except TokenError:
            return False
        return True

    return verify


async def admits(authenticator: Authenticator, params: dict[str, Any], info: ConnectInfo) -> bool:
    """Return whether an authenticator accepts a client, awaiting its result if need be.

    A token that the client sent in a header is among the params too, as `token`.
    """
    if info.auth_token is not None:
        params = {**params, "token": info.auth_token}
    verdict = authenticator(params, info)
    return bool(await verdict if inspect.isawaitable(verdict) else verdict)
