"""Access control: open (dev), by signed tokens, or by a callable of the application."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from tickfire.base.errors import UsageError
from tickfire.phoenix import ConnectInfo, Token, TokenError

type Authenticator = Callable[[dict[str, Any], ConnectInfo], Any]
"""Called with the connect params and what is known of the connection; true lets it in. It may be
a coroutine function."""

DEFAULT_SALT: Final = "user socket"
"""What Phoenix's guides and generators sign the tokens of sockets with."""
DEFAULT_MAX_AGE_S: Final = 14 * 86_400
MIN_SECRET: Final = 20
"""Characters; Phoenix refuses shorter ones, too."""


@dataclass(frozen=True, slots=True)
class Access:
    """Decides who may connect.

    Attributes
    ----------
    dev : bool
        Let everyone in, token or not, whatever else is set.
    secret : str or None
        Let in who brings a token that `Phoenix.Token` signed with this `secret_key_base`, as the
        connect param `token` or as phoenix.js's `authToken`.
    salt : str
        The salt of those tokens.
    max_age_s : float
        How old they may be, in seconds.
    authenticator : str or None
        ``module:callable`` that decides instead; see `Authenticator`.
    """

    dev: bool = False
    secret: str | None = field(default=None, repr=False)
    salt: str = DEFAULT_SALT
    max_age_s: float = DEFAULT_MAX_AGE_S
    authenticator: str | None = None

    def load(self) -> Authenticator | None:
        """Return what decides, None where everyone is let in.

        Raises
        ------
        UsageError
            Nothing decides, or what should cannot be loaded.
        """
        if self.dev:
            return None
        if self.authenticator is not None:
            return _load(self.authenticator)
        if self.secret is not None:
            if len(self.secret) < MIN_SECRET:
                raise UsageError(f"SECRET_KEY_BASE is shorter than {MIN_SECRET} characters.")
            return _holds_token(Token(self.secret, self.salt), self.max_age_s)
        raise UsageError(
            "nothing says who may connect: set SECRET_KEY_BASE to accept signed tokens, or "
            "TICKFIRE_AUTHENTICATOR to module:callable, or add --dev to let everyone in."
        )


def _holds_token(token: Token, max_age_s: float) -> Authenticator:
    def verify(params: dict[str, Any], info: ConnectInfo) -> bool:
        given = info.auth_token or params.get("token")
        try:
            token.verify(given if isinstance(given, str) else None, max_age_s=max_age_s)
        except TokenError:
            return False
        return True

    return verify


def _load(name: str) -> Authenticator:
    """Import what ``module:callable`` names.

    Raises
    ------
    UsageError
        There is no such thing.
    """
    module, _, attribute = name.partition(":")
    try:
        found: Authenticator = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise UsageError(
            f"TICKFIRE_AUTHENTICATOR={name} cannot be loaded ({error}); write module:callable."
        ) from error
    if not callable(found):
        raise UsageError(f"TICKFIRE_AUTHENTICATOR={name} is not callable.")
    return found


async def admits(authenticator: Authenticator, params: dict[str, Any], info: ConnectInfo) -> bool:
    """Return whether an authenticator, coroutine function or not, lets a client in."""
    verdict = authenticator(params, info)
    return bool(await verdict if inspect.isawaitable(verdict) else verdict)
