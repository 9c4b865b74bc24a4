"""`TokenReader`: the grant of a client by its token or key."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Final

from tickfire.phoenix import ConnectInfo, Token, TokenError
from tickfire.server.access.claims import Lifetime, grant_from
from tickfire.server.access.grant import Grant
from tickfire.server.access.jwt_tokens import JWTReader
from tickfire.server.access.key import PREFIX
from tickfire.server.access.key_book import KeyBook

PHOENIX: Final = "SFMyNTY."
"""Beginning of a token that Phoenix signed, and of no JSON Web Token."""


class TokenReader:
    """Authenticator by tokens of Phoenix, JSON Web Tokens and keys.

    Parameters
    ----------
    token : Token or None
        Verifier of Phoenix's tokens, None if they are not accepted.
    max_age_s : float
        Maximum age of those, in seconds.
    book : KeyBook
    jwt : JWTReader, optional
        Reader of JSON Web Tokens, if they are accepted.
    """

    def __init__(
        self,
        token: Token | None,
        max_age_s: float,
        book: KeyBook,
        jwt: JWTReader | None = None,
    ) -> None:
        self._token = token
        self._max_age_s = max_age_s
        self._book = book
        self._jwt = jwt

    async def __call__(self, params: dict[str, Any], info: ConnectInfo) -> Grant | None:
        """Return the grant of a client, None if it is refused."""
        given = params.get("token")
        if not isinstance(given, str):
            return None
        if given.startswith(PREFIX):
            return await self._book.grant_of(given)
        if self._jwt is not None and not given.startswith(PHOENIX):
            return await self._jwt.grant_of(given)
        return self._grant_of_token(given)

    def _grant_of_token(self, text: str) -> Grant | None:
        if self._token is None:
            return None
        try:
            own = self._token.verify_whole(text)
        except TokenError:
            return None
        if own.signed_at is None:
            return None
        expiry = own.signed_at + self._max_age_s
        expires_at = expiry if own.expires_at is None else min(expiry, own.expires_at)
        if expires_at < time.time():
            return None
        return _grant_of_data(own.data, Lifetime(own.signed_at, expires_at))


def _grant_of_data(data: Any, lifetime: Lifetime) -> Grant:
    """Return the grant in a token's data: claims, or else the user."""
    if isinstance(data, Mapping):
        return grant_from(data, lifetime)
    if data is None or isinstance(data, list | tuple | bytes):
        return grant_from({}, lifetime)
    return grant_from({"sub": data if type(data) is int else str(data)}, lifetime)
