"""JSON Web Tokens, for backends that mint those: what `Token` is for Phoenix's own.

::

    tokens = JWTVerifier(SECRET, ["HS256"], audience="market")

    class User(UserSocket):
        async def connect(self, params, info):
            try:
                self.assigns["claims"] = tokens.verify(info.auth_token)
            except TokenError:
                return False

It needs PyJWT: `pip install "tickfire[jwt]"`, and `cryptography` besides for algorithms with a
public key. The failures are those of `Token`.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Sequence
from typing import Any

from tickfire.phoenix.auth.token import (
    LONGEST_TOKEN,
    ExpiredTokenError,
    InvalidTokenError,
    MissingTokenError,
)
from tickfire.phoenix.wire.errors import PhoenixError

_SECRET_KEY_ALGORITHMS = frozenset({"HS256", "HS384", "HS512"})


class JWTSetupError(PhoenixError):
    """A verifier cannot be made as it is asked for; the text says why."""


class JWTVerifier:
    """Verifies tokens that one issuer signed.

    Parameters
    ----------
    key : str or bytes
        The secret that is shared with the issuer, or the issuer's public key (PEM).
    algorithms : sequence of str
        Those that the issuer uses, like "HS256". What a token itself says is believed only if it is
        among them.
    audience : str or several, or None
        Whom the token must be for (claim `aud`). With None a token for somebody is refused.
    issuer : str or several, or None
        Who must have made it (claim `iss`); None for whoever has the key.
    required : sequence of str
        Claims that must be there: an end, unless told otherwise.
    leeway_s : float
        How much the issuer's clock may differ.

    Raises
    ------
    JWTSetupError
        if PyJWT is not installed, or the algorithms are none, unknown or an unsafe mixture
    """

    def __init__(
        self,
        key: str | bytes,
        algorithms: Sequence[str],
        *,
        audience: str | Iterable[str] | None = None,
        issuer: str | Sequence[str] | None = None,
        required: Sequence[str] = ("exp",),
        leeway_s: float = 0.0,
    ) -> None:
        self._jwt = _pyjwt()
        self._check_algorithms(algorithms)
        self._key = key
        self._algorithms = list(algorithms)
        self._audience = audience
        self._issuer = issuer
        self._options = {"require": list(required)}
        self._leeway_s = leeway_s

    def verify(self, token: str | None) -> dict[str, Any]:
        """Return the claims of a token.

        Raises
        ------
        InvalidTokenError
            if it was made with another key or an algorithm that is not ours, is for somebody else,
            lacks a claim, is not valid yet, or is no token
        ExpiredTokenError, MissingTokenError
        """
        if not token:
            raise MissingTokenError("there is no token")
        if len(token) > LONGEST_TOKEN:
            raise InvalidTokenError("not a token")
        try:
            claims: dict[str, Any] = self._jwt.decode(
                token,
                self._key,
                algorithms=self._algorithms,
                audience=self._audience,
                issuer=self._issuer,
                options=self._options,
                leeway=self._leeway_s,
            )
        except self._jwt.ExpiredSignatureError as error:
            raise ExpiredTokenError(str(error)) from None
        except (self._jwt.PyJWTError, ValueError, RecursionError) as error:
            raise InvalidTokenError(str(error)) from None
        return claims

    def _check_algorithms(self, algorithms: Sequence[str]) -> None:
        if isinstance(algorithms, str) or not algorithms:
            raise JWTSetupError("algorithms is a list of at least one, like ['HS256']")
        if any(algorithm.lower() == "none" for algorithm in algorithms):
            raise JWTSetupError("the algorithm 'none' would let everybody in")
        secret = [algorithm in _SECRET_KEY_ALGORITHMS for algorithm in algorithms]
        if any(secret) and not all(secret):
            # Else a token could be signed with the public key, as if it were the secret.
            raise JWTSetupError("algorithms with a secret key and with a public key do not mix")
        known = self._jwt.algorithms.get_default_algorithms()
        unknown = [algorithm for algorithm in algorithms if algorithm not in known]
        if unknown:
            names = ", ".join(unknown)
            raise JWTSetupError(f"PyJWT has no {names} here; it may need `cryptography`")


def _pyjwt() -> Any:
    try:
        return importlib.import_module("jwt")
    except ImportError:
        text = 'JSON Web Tokens need PyJWT: pip install "tickfire[jwt]"'
        raise JWTSetupError(text) from None
