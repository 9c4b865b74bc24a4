"""XChaCha20-Poly1305, by libsodium through PyNaCl (the extra `encrypt`)."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from tickfire.phoenix.wire.errors import SetupError

if TYPE_CHECKING:
    from nacl.secret import Aead

KEY_SIZE, NONCE_SIZE, TAG_SIZE = 32, 24, 16  # bytes


def seal(plain: bytes, key: bytes, nonce: bytes, associated: bytes = b"") -> tuple[bytes, bytes]:
    """Return the ciphertext of a message and its tag.

    Parameters
    ----------
    plain
        The message to encrypt.
    key : bytes[32]
    nonce : bytes[24]
        Never used twice with the same key; a random one will do.
    associated
        Data that is authenticated together with the message, but not encrypted.

    Raises
    ------
    SetupError
        if PyNaCl is not installed
    """
    sealed = _box(key).encrypt(plain, associated, nonce).ciphertext
    return sealed[:-TAG_SIZE], sealed[-TAG_SIZE:]


def open_sealed(
    cipher: bytes, tag: bytes, key: bytes, nonce: bytes, associated: bytes = b""
) -> bytes | None:
    """Return the message of a ciphertext, or None if it is not authentic; see `seal`."""
    box = _box(key)
    from nacl.exceptions import CryptoError

    try:
        return box.decrypt(cipher + tag, associated, nonce)
    except CryptoError:
        return None


@lru_cache(maxsize=64)
def _box(key: bytes) -> Aead:
    """Import PyNaCl when the first token is encrypted or decrypted, not before."""
    try:
        from nacl.secret import Aead
    except ImportError:
        text = 'encrypted tokens need PyNaCl: pip install "tickfire-phoenix[encrypt]"'
        raise SetupError(text) from None
    return Aead(key)
