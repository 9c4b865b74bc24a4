"""`JWTReader`: grants by JSON Web Tokens, with one key or those that the issuer publishes."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

from tickfire.base.errors import UsageError
from tickfire.base.extras import require_extra
from tickfire.phoenix import JWTSetupError, JWTVerifier, TokenError
from tickfire.phoenix.auth.jwt import key_id_of, keys_of_set
from tickfire.server.access.claims import REGISTERED, ClaimsError, grant_from
from tickfire.server.access.grant import Grant

MAX_KEYS_SIZE: Final = 1 << 20
"""Size of a set of keys, in bytes."""
MIN_SECRET_SIZE: Final = 32
"""Size of a secret of HS256, in bytes, by RFC 7518 (3.2)."""
KEYS_TIMEOUT_S: Final = 5.0
KEYS_AGE_S: Final = 3_600.0
"""Age of the keys at which they are asked for again."""
RETRY_S: Final = 10.0
"""Least time between two requests, however many tokens name an unknown key."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class JWTRules:
    """Rules by which JSON Web Tokens are accepted.

    Attributes
    ----------
    key : str or None
        The secret of HS256, or the public key of RS256 or ES256, as PEM.
    keys_url : str or None
        Address of the issuer's keys, a JSON Web Key Set, instead.
    audience, issuer : str or None
        Values of the claims ``aud`` and ``iss``; without an issuer any is accepted, without an
        audience none.
    claim : str or None
        The claim with all those of the grant; other claims are then ignored, but for ``sub``,
        ``exp`` and ``iat``. None if they are beside each other, and others are refused.
    """

    key: str | None = field(default=None, repr=False)
    keys_url: str | None = field(default=None, repr=False)
    audience: str | None = None
    issuer: str | None = None
    claim: str | None = None


class JWTReader:
    """Reader of JSON Web Tokens.

    Raises
    ------
    UsageError
        The rules cannot be used; the message says why.
    """

    def __init__(self, rules: JWTRules) -> None:
        if (rules.key is None) == (rules.keys_url is None):
            raise UsageError("JSON Web Tokens need --jwt-key or --jwks-url, and not both.")
        require_extra("jwt", "--jwks-url" if rules.key is None else "--jwt-key")
        self._rules = rules
        self._verifiers: dict[str | None, JWTVerifier] = {}
        self._asked_at = -KEYS_AGE_S
        self._asking: asyncio.Task[None] | None = None
        if rules.key is not None:
            is_public = rules.key.lstrip().startswith("-----BEGIN")
            names = ["RS256", "ES256"] if is_public else ["HS256"]
            if not is_public and len(rules.key.encode()) < MIN_SECRET_SIZE:
                raise UsageError(
                    f"--jwt-key is too short; HS256 needs a secret of at least {MIN_SECRET_SIZE} "
                    "bytes."
                )
            try:
                self._verifiers[None] = self._verifier(rules.key, names)
            except JWTSetupError as error:
                raise UsageError(f"--jwt-key: {error}.") from None

    async def grant_of(self, text: str) -> Grant | None:
        """Return the grant of a token, or None if it is not accepted.

        Raises
        ------
        ClaimsError
            A claim is unknown or malformed.
        """
        try:
            verifier = await self._verifier_of(text)
            return None if verifier is None else self._grant(verifier.verify(text))
        except TokenError:
            return None

    def _grant(self, claims: dict[str, Any]) -> Grant:
        name = self._rules.claim
        if name is None:
            return grant_from(claims, ignored=REGISTERED)
        inner = claims.get(name)
        if not isinstance(inner, dict):
            raise ClaimsError(f"the claim {name} must be an object")
        outer = {each: claims[each] for each in ("sub", "exp", "iat") if each in claims}
        return grant_from({**inner, **outer})

    def _verifier(self, key: Any, algorithms: list[str]) -> JWTVerifier:
        audience, issuer = self._rules.audience, self._rules.issuer
        return JWTVerifier(key, algorithms, audience=audience, issuer=issuer)

    async def _verifier_of(self, text: str) -> JWTVerifier | None:
        if self._rules.keys_url is None:
            return self._verifiers[None]
        key_id = key_id_of(text)
        is_known = key_id in self._verifiers
        if time.monotonic() - self._asked_at >= (KEYS_AGE_S if is_known else RETRY_S):
            self._asked_at = time.monotonic()
            asking = self._ask(self._rules.keys_url)
            self._asking = asyncio.get_running_loop().create_task(asking)
        if not is_known and self._asking is not None:
            await asyncio.shield(self._asking)
        return self._verifiers.get(key_id)

    async def _ask(self, url: str) -> None:
        """Ask for the issuer's keys; keep the present ones if that fails."""
        try:
            async with (
                asyncio.timeout(KEYS_TIMEOUT_S),
                httpx.AsyncClient() as client,
                client.stream("GET", url) as response,
            ):
                if not response.is_success:
                    raise ValueError(f"the issuer answers with status {response.status_code}")
                body = bytearray()
                async for part in response.aiter_bytes():
                    body += part
                    if len(body) > MAX_KEYS_SIZE:
                        raise ValueError("the set of keys is too large")
            keys = keys_of_set(bytes(body))
            self._verifiers = {key.id: self._verifier(key.key, [key.algorithm]) for key in keys}
        except (httpx.HTTPError, TimeoutError, ValueError, JWTSetupError) as error:
            logger.warning(
                "the keys of JSON Web Tokens cannot be read: %s", str(error) or "no answer in time"
            )
