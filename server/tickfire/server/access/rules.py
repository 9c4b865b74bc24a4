"""Access control: open to all (dev mode), by signed token, or by a callable of the user."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from tickfire.base.errors import UsageError
from tickfire.base.plugin import load_callable
from tickfire.phoenix import ConnectInfo, Token
from tickfire.server.access.jwt_tokens import JWTReader, JWTRules
from tickfire.server.access.key_book import KeyBook
from tickfire.server.access.tokens import TokenReader

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
        ``module:callable`` that decides instead of tokens and keys; see `Authenticator`.
    keys : bool
        Accept clients with a key, even if there is no secret.
    jwt : JWTRules or None
        JSON Web Tokens that are accepted too.
    """

    dev: bool = False
    secret: str | None = field(default=None, repr=False)
    salt: str = DEFAULT_SALT
    max_age_s: float = DEFAULT_MAX_AGE_S
    authenticator: str | None = None
    keys: bool = False
    jwt: JWTRules | None = None

    def load(self, book: KeyBook | None = None) -> Authenticator | None:
        """Return the authenticator, or None in dev mode.

        Parameters
        ----------
        book : KeyBook, optional
            The keys that let clients in.

        Raises
        ------
        UsageError
            If no rule is set, the secret is too short, or the authenticator cannot be loaded.
        """
        if self.dev:
            return None
        if self.authenticator is not None:
            authenticator: Authenticator = load_callable(
                self.authenticator, "TICKFIRE_AUTHENTICATOR"
            )
            return authenticator
        if self.secret is not None and len(self.secret) < MIN_SECRET:
            raise UsageError(
                f"SECRET_KEY_BASE is too short; set it to at least {MIN_SECRET} characters."
            )
        if self.secret is not None or self.keys or self.jwt is not None:
            jwt = None if self.jwt is None else JWTReader(self.jwt)
            token = None if self.secret is None else Token(self.secret, self.salt)
            return TokenReader(token, self.max_age_s, book or KeyBook(), jwt)
        raise UsageError(
            "no rule decides who may connect; set SECRET_KEY_BASE to accept signed tokens, or "
            "TICKFIRE_AUTHENTICATOR to module:callable, or add --keys to accept the keys of "
            "`tickfire keys create`, --jwks-url or --jwt-key for JSON Web Tokens, or --dev to "
            "accept every client."
        )
