"""Tokens in the formats of Phoenix.Token, which either side can make and the other can verify.

`sign` leaves the data readable and proves who wrote it; `encrypt` also hides it. Both record when
the token was made and how long it is valid.

The formats are those of Plug.Crypto 2: `SFMyNTY.<payload>.<mac>` (HMAC-SHA256) and `XCP.<nonce,
tag, ciphertext>` (XChaCha20-Poly1305), base64url without padding; the payload is the Erlang term
`{data, signed_at_ms, max_age_s}`. Keys are derived from the secret and a salt by PBKDF2.
Encryption needs PyNaCl: `pip install "tickfire-phoenix[encrypt]"`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import time
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final, Literal

from tickfire.phoenix.auth.cipher import KEY_SIZE, NONCE_SIZE, TAG_SIZE, open_sealed, seal
from tickfire.phoenix.auth.etf import Atom, TermError, decode_term, encode_term
from tickfire.phoenix.wire.errors import PhoenixError

DEFAULT_MAX_AGE_S = 86_400.0
LONGEST_TOKEN = 1 << 20  # characters

_SIGNED = b"SFMyNTY"  # base64url of HS256
_ENCRYPTED = b"XCP"
_ASSOCIATED = b"A128GCM"  # what Plug.Crypto authenticates beside the message
_CIPHER_AT = NONCE_SIZE + TAG_SIZE
_INFINITY: Final = Atom("infinity")

type MaxAge = float | Literal["token"] | None
"""The greatest accepted age in seconds, None for any age, "token" for the token's own limit."""


class TokenError(PhoenixError):
    """A token was not accepted; the subclass says why."""


class InvalidTokenError(TokenError):
    """A token was made with another secret or salt, was changed, or is malformed."""


class ExpiredTokenError(TokenError):
    """A token is older than is accepted."""


class MissingTokenError(TokenError):
    """No token was given."""


@dataclass(frozen=True, slots=True)
class Verified:
    """The contents of a token that was accepted.

    Attributes
    ----------
    data
        The data that was signed or encrypted.
    signed_at : float or None
        Time at which the token was made, in seconds since the Unix epoch; None if it does not say.
    expires_at : float or None
        Time at which the token expires; None if it does not.
    """

    data: Any
    signed_at: float | None = None
    expires_at: float | None = None


@dataclass(frozen=True, slots=True)
class Token:
    """Makes and verifies tokens with one secret and one salt.

    Parameters
    ----------
    secret : str or bytes
        The `secret_key_base` of the Phoenix endpoint, or another secret that all servers share.
    salt : str
        Separates uses of the secret: a token made with one salt is invalid under another.
    key_iterations, key_length, key_digest
        Parameters of the key derivation, as in Phoenix.Token.
    """

    secret: str | bytes = field(repr=False)
    salt: str
    key_iterations: int = 1_000
    key_length: int = 32  # bytes
    key_digest: str = "sha256"

    def sign(
        self,
        data: Any,
        *,
        max_age_s: float | None = DEFAULT_MAX_AGE_S,
        signed_at: float | None = None,
    ) -> str:
        """Return a signed token.

        Parameters
        ----------
        data
            JSON values, tuples and bytes; anybody who holds the token can read them.
        max_age_s : float or None
            Time for which the token is valid, in seconds; None for ever.
        signed_at : float or None
            Time of signing, in seconds since the Unix epoch; None is now.

        Raises
        ------
        TermError
            if the data has no counterpart in Elixir
        """
        message = _SIGNED + b"." + _base64(_payload(data, max_age_s, signed_at))
        return (message + b"." + _base64(self._mac(message))).decode()

    def verify(self, token: str | None, *, max_age_s: MaxAge = "token") -> Any:
        """Return the data of a signed token.

        Parameters
        ----------
        token
            The token as a client sent it, or None if it sent none.
        max_age_s : float, None or "token"
            Greatest accepted age in seconds; None accepts any age. By default the limit is the one
            that the token was made with.

        Raises
        ------
        InvalidTokenError
            if the token was made with another secret or salt, was changed, or is malformed
        ExpiredTokenError
            if it is older than `max_age_s`
        MissingTokenError
            if it is None
        """
        return self.verify_whole(token, max_age_s=max_age_s).data

    def verify_whole(self, token: str | None, *, max_age_s: MaxAge = "token") -> Verified:
        """Return the data of a signed token with its times.

        Parameters and errors are those of `verify`.
        """
        message, _, mac = _bytes(token).rpartition(b".")
        protected, _, payload = message.partition(b".")
        given, data = _unbase64(mac), _unbase64(payload)
        if protected != _SIGNED or given is None or data is None:
            raise InvalidTokenError("the text is not a signed token")
        if not hmac.compare_digest(given, self._mac(message)):
            raise InvalidTokenError("the signature does not match")
        return _verified(data, max_age_s)

    def encrypt(
        self,
        data: Any,
        *,
        max_age_s: float | None = DEFAULT_MAX_AGE_S,
        signed_at: float | None = None,
    ) -> str:
        """Return an encrypted token.

        Parameters and errors are those of `sign`.

        Raises
        ------
        SetupError
            if PyNaCl is not installed
        """
        nonce = os.urandom(NONCE_SIZE)
        payload = _payload(data, max_age_s, signed_at)
        cipher, tag = seal(payload, self._encryption_key(), nonce, _ASSOCIATED)
        return (_ENCRYPTED + b"." + _base64(nonce + tag + cipher)).decode()

    def decrypt(self, token: str | None, *, max_age_s: MaxAge = "token") -> Any:
        """Return the data of an encrypted token.

        Parameters and errors are those of `verify`.

        Raises
        ------
        SetupError
            if PyNaCl is not installed
        """
        protected, _, encoded = _bytes(token).partition(b".")
        sealed = _unbase64(encoded)
        if protected != _ENCRYPTED or sealed is None or len(sealed) < _CIPHER_AT:
            raise InvalidTokenError("the text is not an encrypted token")
        nonce, tag, cipher = sealed[:NONCE_SIZE], sealed[NONCE_SIZE:_CIPHER_AT], sealed[_CIPHER_AT:]
        data = open_sealed(cipher, tag, self._encryption_key(), nonce, _ASSOCIATED)
        if data is None:
            raise InvalidTokenError("the token was encrypted with another key, or changed")
        return _verified(data, max_age_s).data

    # --- keys
    def _key(self) -> bytes:
        secret = self.secret.encode() if isinstance(self.secret, str) else self.secret
        return _derive_key(
            secret, self.salt.encode(), self.key_iterations, self.key_length, self.key_digest
        )

    def _mac(self, message: bytes) -> bytes:
        return hmac.digest(self._key(), message, "sha256")

    def _encryption_key(self) -> bytes:
        key = self._key()
        if len(key) != KEY_SIZE:
            raise ValueError(f"encryption needs key_length={KEY_SIZE}, not {len(key)}")
        return key


@lru_cache(maxsize=64)
def _derive_key(secret: bytes, salt: bytes, iterations: int, length: int, digest: str) -> bytes:
    return hashlib.pbkdf2_hmac(digest, secret, salt, iterations, length)


# --- payloads
def _payload(data: Any, max_age_s: float | None, signed_at: float | None) -> bytes:
    at_ms = int((time.time() if signed_at is None else signed_at) * 1000)
    age: Any = max_age_s
    if max_age_s is None:
        age = _INFINITY
    elif float(max_age_s).is_integer():
        age = int(max_age_s)
    return encode_term((data, at_ms, age))


def _verified(payload: bytes, max_age_s: MaxAge) -> Verified:
    try:
        term = decode_term(payload)
    except TermError as error:
        raise InvalidTokenError(str(error)) from None
    data, signed_at_ms, age = _parts(term)
    signed_at = signed_at_ms / 1000 if isinstance(signed_at_ms, int) else None
    limit = age if max_age_s == "token" else max_age_s
    if max_age_s is None or limit == _INFINITY:
        return Verified(data, signed_at)
    if not isinstance(limit, int | float) or not isinstance(signed_at_ms, int):
        raise InvalidTokenError("the payload has no valid age")
    expires_at_ms = signed_at_ms + int(limit * 1000)
    if limit <= 0 or expires_at_ms < time.time() * 1000:
        raise ExpiredTokenError("the token is too old")
    return Verified(data, signed_at, expires_at_ms / 1000)


def _parts(term: Any) -> tuple[Any, Any, Any]:
    """Split a payload into data, time and age; older releases of Phoenix wrote other shapes."""
    match term:
        case (data, signed_at_ms, age):
            return data, signed_at_ms, age
        case (data, signed_at_ms):
            return data, signed_at_ms, DEFAULT_MAX_AGE_S
        case {"data": data, "signed": signed_at_ms}:
            return data, signed_at_ms, DEFAULT_MAX_AGE_S
    raise InvalidTokenError("the payload has an unknown shape")


def _bytes(token: object) -> bytes:
    if token is None:
        raise MissingTokenError("no token was given")
    if not isinstance(token, str) or len(token) > LONGEST_TOKEN or not token.isascii():
        raise InvalidTokenError("the text is not a token")
    return token.encode()


def _base64(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def _unbase64(text: bytes) -> bytes | None:
    """Decode base64url without padding; return None for anything else."""
    if b"+" in text or b"/" in text or b"=" in text:
        return None
    try:
        standard = text.translate(bytes.maketrans(b"-_", b"+/"))
        return base64.b64decode(standard + b"=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None
