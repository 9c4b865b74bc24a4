"""JSON Web Tokens, for backends that issue those rather than tokens of Phoenix.

::

    tokens = JWTVerifier(SECRET, ["HS256"], audience="market")

    class User(UserSocket):
        async def connect(self, params, info):
            try:
                self.assigns["claims"] = tokens.verify(info.auth_token)
            except TokenError:
                return False

It needs PyJWT: `pip install "tickfire-phoenix[jwt]"`; algorithms with a public key also need
`cryptography`. `verify` raises the same exceptions as `Token.verify`.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tickfire.phoenix.auth.token import (
    LONGEST_TOKEN,
    ExpiredTokenError,
    InvalidTokenError,
    MissingTokenError,
)
from tickfire.phoenix.wire.errors import SetupError

_SECRET_KEY_ALGORITHMS = frozenset({"HS256", "HS384", "HS512"})


class JWTSetupError(SetupError):
    """A verifier cannot be made as asked; the text says why."""


class JWTVerifier:
    """Verifier of tokens that one issuer signed.

    Parameters
    ----------
    key : str, bytes, or the `key` of an `IssuerKey`
        The secret shared with the issuer, or the issuer's public key (PEM).
    algorithms : sequence of str
        Algorithms that the issuer uses, such as "HS256". A token that names another is refused.
    audience : str, iterable of str, or None
        Accepted values of the claim `aud`. With None, a token that has an audience is refused.
    issuer : str, sequence of str, or None
        Accepted values of the claim `iss`; None accepts any.
    required : sequence of str
        Claims that a token must have; by default its time of expiry.
    leeway_s : float
        Tolerated difference between the issuer's clock and this one, in seconds.

    Raises
    ------
    JWTSetupError
        if PyJWT is not installed, `algorithms` is empty, names one that is unknown, or mixes
        secret-key with public-key algorithms, or the key is for none of them
    """

    def __init__(
        self,
        key: Any,
        algorithms: Sequence[str],
        *,
        audience: str | Iterable[str] | None = None,
        issuer: str | Sequence[str] | None = None,
        required: Sequence[str] = ("exp",),
        leeway_s: float = 0.0,
    ) -> None:
        self._jwt = _pyjwt()
        self._check_algorithms(algorithms)
        self._check_key(key, algorithms)
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
            if it was made with another key or algorithm, is for another audience or from another
            issuer, lacks a claim, is not valid yet, or is malformed
        ExpiredTokenError
            if it has expired
        MissingTokenError
            if it is None or empty
        """
        if not token:
            raise MissingTokenError("no token was given")
        if len(token) > LONGEST_TOKEN:
            raise InvalidTokenError("the text is not a token")
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
            raise JWTSetupError("algorithms must be a list of at least one name, such as ['HS256']")
        if any(algorithm.lower() == "none" for algorithm in algorithms):
            raise JWTSetupError("'none' would accept every token; name the issuer's algorithm")
        secret = [algorithm in _SECRET_KEY_ALGORITHMS for algorithm in algorithms]
        if any(secret) and not all(secret):
            # Otherwise anybody could sign a token with the public key, used as a secret.
            raise JWTSetupError(
                "algorithms mixes some with a secret key and some with a public key; name one kind"
            )
        known = self._jwt.algorithms.get_default_algorithms()
        unknown = [algorithm for algorithm in algorithms if algorithm not in known]
        if unknown:
            names = ", ".join(unknown)
            raise JWTSetupError(
                f"PyJWT does not know {names}; a public-key algorithm needs `cryptography`"
            )

    def _check_key(self, key: Any, algorithms: Sequence[str]) -> None:
        for name in algorithms:
            try:
                self._jwt.get_algorithm_by_name(name).prepare_key(key)
            except (self._jwt.PyJWTError, ValueError, TypeError):
                continue
            return
        raise JWTSetupError(f"the key cannot be used with {' or '.join(algorithms)}")


@dataclass(frozen=True, slots=True)
class IssuerKey:
    """A key that an issuer publishes.

    Attributes
    ----------
    id : str or None
        The id (``kid``) by which tokens name it.
    algorithm : str
        The only algorithm that it is for.
    key
        The key itself, for a `JWTVerifier`.
    """

    id: str | None
    algorithm: str
    key: Any = field(repr=False)


def keys_of_set(text: bytes) -> list[IssuerKey]:
    """Return the keys of a JSON Web Key Set (RFC 7517) that can be used here.

    Raises
    ------
    ValueError
        if it is no such set, or none of its keys can be used
    """
    jwt = _pyjwt()
    try:
        keys = jwt.PyJWKSet.from_json(text.decode()).keys
    except (jwt.PyJWTError, AttributeError, TypeError, RecursionError) as error:
        raise ValueError(str(error)) from None
    return [IssuerKey(key.key_id, key.algorithm_name, key.key) for key in keys]


def key_id_of(token: str) -> str | None:
    """Return the id of the key that a token says it was signed with, without verifying it.

    Raises
    ------
    InvalidTokenError
        if the text is not a token
    """
    jwt = _pyjwt()
    if len(token) > LONGEST_TOKEN:
        raise InvalidTokenError("the text is not a token")
    try:
        key_id: str | None = jwt.get_unverified_header(token).get("kid")
    except (jwt.PyJWTError, ValueError, RecursionError) as error:
        raise InvalidTokenError(str(error)) from None
    return key_id


def _pyjwt() -> Any:
    try:
        return importlib.import_module("jwt")
    except ImportError:
        text = 'JSON Web Tokens need PyJWT: pip install "tickfire-phoenix[jwt]"'
        raise JWTSetupError(text) from None
